-- Turns that a model wrote, kept or refused.
--   out: one row a dataset
WITH written AS (
    SELECT dataset, model, revision, verdict, NULL AS reason, cutout_id || ':' || attempt AS asked, attempt
    FROM generated
    UNION ALL BY NAME
    SELECT split_part(address, '/', 2) AS dataset, NULL AS model, NULL AS revision,
           NULL AS verdict, reason, split_part(row_id, ':', 1) || ':' || split_part(row_id, ':', 3) AS asked,
           try_cast(split_part(row_id, ':', 3) AS INTEGER) AS attempt
    FROM rejections WHERE step = 'generated' AND contains(row_id, ':')
)
SELECT dataset,
       coalesce(max(model), '') AS model, coalesce(max(revision), '') AS revision,
       count(DISTINCT asked) AS n_requests,
       count(DISTINCT asked) FILTER (attempt > 1) AS n_again,
       count(*) AS n,
       count(*) FILTER (reason IS NULL) AS n_kept,
       count(*) FILTER (verdict = 'supported') AS n_supported,
       count(*) FILTER (verdict = 'unverifiable') AS n_unverifiable,
       count(*) FILTER (reason = 'all-cut') AS n_all_cut,
       count(*) FILTER (reason = 'not-answered') AS n_not_answered,
       count(*) FILTER (reason = 'duplicate-turn') AS n_twice,
       count(*) FILTER (reason NOT IN ('all-cut', 'not-answered', 'duplicate-turn')) AS n_ill_formed
FROM written
GROUP BY ALL
ORDER BY ALL
