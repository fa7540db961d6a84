-- The sky of each benchmark, and what of the corpus lies in it.
--   out: one row a benchmark
WITH sky AS (
    SELECT benchmark, any_value(dataset) AS dataset, count(*) AS n_places FROM sealed GROUP BY benchmark
), here AS (
    SELECT benchmark, any_value(dataset) AS dataset, count(*) AS n_cutouts
    FROM splits WHERE benchmark IS NOT NULL GROUP BY benchmark
), refused AS (
    SELECT reason[len('sealed-by-') + 1:] AS benchmark, count(*) AS n_refused
    FROM rejections WHERE step = 'splits' AND starts_with(reason, 'sealed-by-') GROUP BY benchmark
)
SELECT benchmark, coalesce(sky.dataset, here.dataset) AS dataset, coalesce(n_places, 0) AS n_places,
       coalesce(n_cutouts, 0) AS n_cutouts, coalesce(n_refused, 0) AS n_refused
FROM sky FULL JOIN here USING (benchmark) LEFT JOIN refused USING (benchmark)
ORDER BY benchmark
