-- no source is in two splits
-- do: Do not release. The source is listed twice under one name in different splits: mend the catalogue, or leave one out.
SELECT source_id AS row_key, string_agg(DISTINCT split, ', ' ORDER BY split) AS found
FROM samples GROUP BY source_id HAVING count(DISTINCT split) > 1
