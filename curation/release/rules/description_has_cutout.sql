-- a description is of a cutout that CUTOUTS have
SELECT cutout_id AS row_key, left(text, 80) AS found FROM descriptions ANTI JOIN cutouts USING (cutout_id)
