-- Sources told by catalogues at their place: how many have one type from them, several, none.
--   out: one row a dataset that asks for it
WITH asked AS (
    SELECT DISTINCT split_part(address, '/', 2) AS dataset FROM steps WHERE step = 'sources_as_read'
), told AS (
    SELECT dataset, len(list_distinct(list_transform(
               list_filter(labels, lambda label: label.tier = 'match' AND label.state = 'present'),
               lambda label: label.label))) AS n_types
    FROM sources SEMI JOIN asked USING (dataset)
)
SELECT dataset, count(*) AS n_sources, count(*) FILTER (n_types = 1) AS n_one, count(*) FILTER (n_types > 1) AS n_several,
       count(*) FILTER (n_types = 0) AS n_none
FROM told
GROUP BY dataset
ORDER BY dataset
