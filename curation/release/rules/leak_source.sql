-- no source is in two splits
SELECT source_id AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM samples GROUP BY source_id HAVING count(DISTINCT split) > 1
