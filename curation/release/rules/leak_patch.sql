-- no patch of sky is in two splits
-- do: Do not release. Two published splits contradict each other in this patch: leave one of the datasets out, or its split.
SELECT patch_id AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM splits GROUP BY patch_id HAVING count(DISTINCT split) > 1
