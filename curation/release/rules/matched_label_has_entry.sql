-- a label given by match with a catalogue of the corpus names a row that this catalogue has
-- do: Build again: a label comes from a row of a catalogue that has since changed.
WITH said AS (
    SELECT source_id, label.label, label.catalog, label.row
    FROM (SELECT source_id, unnest(labels) AS label FROM sources)
    WHERE label.tier = 'match' AND label.state = 'present'
)
SELECT source_id AS row_key, label || ': ' || catalog || ' row ' || row AS found
FROM (FROM said SEMI JOIN entries ON entries.origin_catalog = said.catalog) AS ours
ANTI JOIN entries ON entries.origin_catalog = ours.catalog AND entries.origin_row = ours.row
