-- a twin is of two cutouts that CUTOUTS have, of other dataset or survey
-- do: Build again: twins are of cutouts that are no longer made.
WITH sides AS (
    SELECT left_id || ' ' || right_id AS row_key, unnest([left_id, right_id]) AS cutout_id FROM twins
)
SELECT row_key, cutout_id AS found FROM sides ANTI JOIN cutouts USING (cutout_id)
UNION ALL
SELECT left_id || ' ' || right_id, left_dataset || ' ' || left_survey FROM twins
WHERE left_dataset = right_dataset AND left_survey = right_survey
