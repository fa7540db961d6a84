-- an object that names a source names one that SOURCES have
-- do: Look at the catalogue's column that names the source; objects of sources that are not there have to be refused.
SELECT object_id AS row_key, source_id AS found
FROM objects ANTI JOIN sources USING (source_id)
WHERE source_id IS NOT NULL
