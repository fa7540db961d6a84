-- a published split is never changed
-- do: Do not release numbers to be compared with others': two published splits contradict each other, or a benchmark seals the sky.
SELECT splits.cutout_id AS row_key, sources.split || ' became ' || splits.split AS found
FROM splits JOIN sources USING (source_id)
WHERE sources.split <> splits.split AND sources.benchmark IS NULL
