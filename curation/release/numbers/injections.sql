-- How the checker did on texts whose truth is known: planted faults caught, true texts refused.
--   out: one row a kind of fault and one a style of true text, and one over all of each, named "all"
WITH judged AS (
    SELECT is_true, if(is_true, style, kind) AS name, (is_refused OR verdict = 'contradicted')::INTEGER AS refused
    FROM injections
), counted AS (
    SELECT is_true, coalesce(name, 'all') AS name, name IS NULL AS is_total, count(*) AS n, sum(refused)::BIGINT AS n_refused
    FROM judged GROUP BY GROUPING SETS ((is_true, name), (is_true))
)
SELECT is_true, name, is_total, n, n_refused, n_refused / n AS share FROM counted ORDER BY is_true, is_total DESC, name
