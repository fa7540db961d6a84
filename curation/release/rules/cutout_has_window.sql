-- a cutout was asked for by a window
-- do: Run `check`, then `build --repair`: a table of windows is damaged or of another build.
SELECT cutout_id AS row_key, mosaic AS found FROM cutouts ANTI JOIN windows USING (cutout_id)
