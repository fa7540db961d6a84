-- How far the rows of each dataset came.
--   out: one row a dataset
SELECT dataset, n_sources, coalesce(n_cutouts, 0) AS n_cutouts, coalesce(n_samples, 0) AS n_samples,
       coalesce(n_objects, 0) AS n_objects
FROM (SELECT dataset, count(*) AS n_sources FROM sources GROUP BY dataset)
LEFT JOIN (SELECT dataset, count(*) AS n_cutouts FROM cutouts GROUP BY dataset) USING (dataset)
LEFT JOIN (SELECT dataset, count(*) AS n_samples FROM samples GROUP BY dataset) USING (dataset)
LEFT JOIN (SELECT dataset, count(*) AS n_objects FROM objects GROUP BY dataset) USING (dataset)
ORDER BY dataset
