-- no paper, and no group of papers that share a figure, is in two splits
-- do: Do not release. Report it as a bug with the group: figures of one paper must go the same way.
SELECT group_id AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM figure_splits GROUP BY group_id HAVING count(DISTINCT split) > 1
UNION ALL
SELECT paper_id, string_agg(DISTINCT split, ', ' ORDER BY split)
FROM figure_splits GROUP BY paper_id HAVING count(DISTINCT split) > 1
