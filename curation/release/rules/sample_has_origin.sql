-- a sample's conversation, cutout and source are there, belong together, and lead to its catalogue row
-- do: Run `check`, then `build --repair`: a table on the way to the catalogue row is damaged or of another build.
SELECT sample_id AS row_key, samples.origin_catalog || ' row ' || samples.origin_row AS found
FROM samples
LEFT JOIN conversations USING (conversation_id)
LEFT JOIN cutouts ON cutouts.cutout_id = samples.cutout_id
LEFT JOIN sources ON sources.source_id = samples.source_id
WHERE conversations.cutout_id IS DISTINCT FROM samples.cutout_id
   OR cutouts.source_id IS DISTINCT FROM samples.source_id
   OR sources.origin_catalog IS DISTINCT FROM samples.origin_catalog
   OR sources.origin_row IS DISTINCT FROM samples.origin_row
