-- no picture is in two splits
SELECT png_sha256 AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM (SELECT png_sha256, split FROM samples UNION ALL SELECT png_sha256, split FROM captions)
GROUP BY png_sha256 HAVING count(DISTINCT split) > 1
