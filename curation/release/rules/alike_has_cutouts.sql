-- pictures that are nearly the same are of two cutouts that CUTOUTS have
-- do: Build again: ALIKE are of cutouts that are no longer made.
WITH sides AS (
    SELECT left_id || ' ' || right_id AS row_key, unnest([left_id, right_id]) AS cutout_id FROM alike
)
SELECT row_key, cutout_id AS found FROM sides ANTI JOIN cutouts USING (cutout_id)
