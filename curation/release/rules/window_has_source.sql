-- a window is of a source that SOURCES have
-- do: Run `check`, then `build --repair`: a table of sources is damaged or of another build.
SELECT cutout_id AS row_key, source_id AS found FROM windows ANTI JOIN sources USING (source_id)
