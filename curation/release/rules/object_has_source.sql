-- an object that names a source names one that SOURCES have
SELECT object_id AS row_key, source_id AS found
FROM objects ANTI JOIN sources USING (source_id)
WHERE source_id IS NOT NULL
