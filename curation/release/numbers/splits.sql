-- The splits: cutouts, patches of sky, samples, and how many of them a benchmark seals.
--   out: one row a dataset and split
SELECT splits.dataset, splits.split,
       count(*) AS n_cutouts,
       count(DISTINCT splits.patch_id) AS n_patches,
       coalesce(sum(n_of_cutout), 0)::BIGINT AS n_samples,
       count(*) FILTER (splits.benchmark IS NOT NULL) AS n_sealed
FROM splits LEFT JOIN (SELECT cutout_id, count(*) AS n_of_cutout FROM samples GROUP BY cutout_id) USING (cutout_id)
GROUP BY splits.dataset, splits.split
ORDER BY splits.dataset, array_position(['train', 'validation', 'test'], splits.split)
