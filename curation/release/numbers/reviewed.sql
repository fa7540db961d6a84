-- What became of the decisions of reviewers that speak: they count, or why they do not.
--   out: one row a dataset and fate; is_open: somebody should look again
WITH fates AS (
    SELECT dataset, 'counts' AS fate FROM decisions
    UNION ALL
    SELECT split_part(address, '/', 2) AS dataset, reason AS fate FROM rejections WHERE step = 'decisions'
)
SELECT dataset, fate, count(*) AS n, fate IN ('picture-changed', 'labels-changed', 'no-such-label', 'draw') AS is_open
FROM fates GROUP BY dataset, fate ORDER BY dataset, fate
