-- no picture is in two splits
-- do: Do not release. The same picture stands in two published splits: leave one of the datasets out, or its split.
SELECT png_sha256 AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM (SELECT png_sha256, split FROM samples UNION ALL SELECT png_sha256, split FROM captions)
GROUP BY png_sha256 HAVING count(DISTINCT split) > 1
