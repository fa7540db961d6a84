-- no picture is in two splits
SELECT png_sha256 AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM samples GROUP BY png_sha256 HAVING count(DISTINCT split) > 1
