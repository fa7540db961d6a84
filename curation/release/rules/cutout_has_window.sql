-- a cutout was asked for by a window
SELECT cutout_id AS row_key, mosaic AS found FROM cutouts ANTI JOIN windows USING (cutout_id)
