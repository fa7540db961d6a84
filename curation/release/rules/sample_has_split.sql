-- a sample stands in the split, patch and benchmark that SPLITS give to its cutout
-- do: Build again: samples and splits are of different builds.
SELECT sample_id AS row_key, samples.split AS found
FROM samples LEFT JOIN splits USING (cutout_id)
WHERE splits.split IS DISTINCT FROM samples.split
   OR splits.patch_id IS DISTINCT FROM samples.patch_id
   OR splits.benchmark IS DISTINCT FROM samples.benchmark
