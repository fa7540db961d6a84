-- a match is between rows that are there: images, sources, objects or entries of a catalogue
-- do: Build again: a cross-match is of a catalogue that has since changed.
WITH rows AS (
    SELECT mosaic AS id FROM mosaics
    UNION ALL SELECT source_id FROM sources
    UNION ALL SELECT object_id FROM objects
    UNION ALL SELECT entry_id FROM entries
), sides AS (
    SELECT left_id || ' ' || right_id AS row_key, unnest([left_id, right_id]) AS id FROM matches
)
SELECT row_key, id AS found FROM sides ANTI JOIN rows USING (id)
