-- What a model wrote, by the verdict of the rules, kept or refused.
--   out: one row a dataset and task
WITH written AS (
    SELECT dataset, if(kind = 'pair', 'pairs', kind) AS task, model, revision, verdict, NULL AS reason,
           cutout_id || ':' || attempt AS asked, attempt
    FROM generated
    UNION ALL BY NAME
    SELECT split_part(address, '/', 2) AS dataset, split_part(row_id, ':', 2) AS task, NULL AS model, NULL AS revision,
           NULL AS verdict, reason, split_part(row_id, ':', 1) || ':' || split_part(row_id, ':', 3) AS asked,
           try_cast(split_part(row_id, ':', 3) AS INTEGER) AS attempt
    FROM rejections WHERE step = 'generated' AND contains(row_id, ':')
)
SELECT dataset, task,
       coalesce(max(model), '') AS model, coalesce(max(revision), '') AS revision,
       count(DISTINCT asked) AS n_requests,
       count(DISTINCT asked) FILTER (attempt > 1) AS n_again,
       count(*) AS n,
       count(*) FILTER (reason IS NULL) AS n_kept,
       count(*) FILTER (verdict = 'supported') AS n_supported,
       count(*) FILTER (verdict = 'unverifiable') AS n_unverifiable,
       count(*) FILTER (verdict = 'contradicted' OR reason = 'contradicted') AS n_contradicted,
       count(*) FILTER (reason IN ('unverifiable', 'unverifiable-number')) AS n_loose,
       count(*) FILTER (reason NOT IN ('contradicted', 'unverifiable', 'unverifiable-number')) AS n_ill_formed
FROM written
GROUP BY ALL
ORDER BY ALL
