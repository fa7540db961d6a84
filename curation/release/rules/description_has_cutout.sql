-- a description is of a cutout that CUTOUTS have
-- do: Run `check`, then `build --repair`: a table of cutouts is damaged or of another build.
SELECT cutout_id AS row_key, left(text, 80) AS found FROM descriptions ANTI JOIN cutouts USING (cutout_id)
