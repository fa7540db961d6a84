-- What a dataset's authors may have counted too: pictures by published split and by survey, objects, objects by class.
--   out: one row a dataset, kind (split, survey, objects, class) and name
WITH read_first AS (
    SELECT split_part(address, '/', 2) AS dataset, n_kept FROM steps WHERE step = 'objects_as_read'
), read_once AS (
    SELECT split_part(address, '/', 2) AS dataset, n_kept FROM steps WHERE step = 'objects'
), schemes AS (
    SELECT dataset, any_value(scheme) AS scheme FROM sources GROUP BY dataset
)
SELECT sources.dataset, 'split' AS kind, sources.split AS name, count(*) AS n
FROM sources JOIN cutouts USING (source_id) WHERE sources.split IS NOT NULL GROUP BY ALL
UNION ALL
SELECT sources.dataset, 'survey', sources.survey, count(*) FROM sources JOIN cutouts USING (source_id) GROUP BY ALL
UNION ALL
-- Before they were completed: that is what a catalogue's authors counted.
SELECT dataset, 'objects', '', coalesce(read_first.n_kept, read_once.n_kept)
FROM read_once LEFT JOIN read_first USING (dataset)
UNION ALL
SELECT dataset, 'class', told.label, count(DISTINCT object_id)
FROM (SELECT dataset, object_id, unnest(labels) AS told FROM objects) JOIN schemes USING (dataset)
WHERE told.state = 'present' AND told.scheme = schemes.scheme
GROUP BY dataset, told.label
ORDER BY ALL
