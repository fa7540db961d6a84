-- a cutout shows a source that SOURCES have
SELECT cutout_id AS row_key, source_id AS found FROM cutouts ANTI JOIN sources USING (source_id)
