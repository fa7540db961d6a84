-- no patch of sky is in two splits
SELECT patch_id AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM splits GROUP BY patch_id HAVING count(DISTINCT split) > 1
