-- The pictures that may be shown: of each dataset and label the first by key, then the dataset's extremes. A picture is
-- that of the sample with most boxes; its labels are those of its source, else the classes that its answers tell.
--   out: one row a picture and reason to show it: label ("" where none is known), how many pictures have it, its place
--   among them by key; or, where place is null, what it is the extreme of
WITH told AS (
    SELECT conversation_id,
           len(flatten(list_transform(turns, lambda turn:
               list_filter(turn.claims, lambda claim: claim.kind = 'box' AND claim.state = 'present')))) AS n_boxes,
           flatten(list_transform(turns, lambda turn: list_transform(
               list_filter(turn.claims, lambda claim: claim.kind = 'presence' AND claim.state = 'present'),
               lambda claim: claim.subject))) AS classes
    FROM conversations
), pictures AS MATERIALIZED (
    SELECT samples.sample_id, samples.dataset, samples.cutout_id, samples.conversation_id, blank_fraction, n_boxes,
           peak_mjy_per_beam / nullif(rms_mjy_per_beam, 0) AS snr,
           list_transform(list_filter(sources.labels, lambda label: label.state = 'present'),
                          lambda label: label.label) AS labels, classes
    FROM samples JOIN cutouts USING (cutout_id) JOIN told USING (conversation_id)
    JOIN sources ON sources.source_id = samples.source_id
    QUALIFY row_number() OVER (PARTITION BY samples.cutout_id ORDER BY n_boxes DESC, n_turns DESC, sample_id) = 1
), labelled AS (
    SELECT dataset, sample_id, cutout_id, conversation_id,
           unnest(CASE WHEN len(labels) > 0 THEN list_distinct(labels)
                       WHEN len(classes) > 0 THEN list_distinct(classes) ELSE [''] END) AS label
    FROM pictures
), placed AS (
    SELECT dataset, label, sample_id, cutout_id, conversation_id,
           count(*) OVER (PARTITION BY dataset, label) AS n,
           row_number() OVER (PARTITION BY dataset, label ORDER BY md5(cutout_id), cutout_id) AS place
    FROM labelled
), ranked AS (
    SELECT *,
           row_number() OVER (PARTITION BY dataset ORDER BY blank_fraction DESC, sample_id) AS blankest,
           row_number() OVER (PARTITION BY dataset ORDER BY snr NULLS LAST, sample_id) AS faintest,
           row_number() OVER (PARTITION BY dataset ORDER BY snr DESC NULLS LAST, sample_id) AS brightest,
           row_number() OVER (PARTITION BY dataset ORDER BY n_boxes DESC, sample_id) AS fullest
    FROM pictures
), extremes AS (
    SELECT dataset, sample_id, cutout_id, conversation_id,
           concat_ws(', ',
               CASE WHEN blankest = 1 AND blank_fraction > 0 THEN 'most blank' END,
               CASE WHEN faintest = 1 THEN 'faintest' END,
               CASE WHEN brightest = 1 THEN 'brightest' END,
               CASE WHEN fullest = 1 AND n_boxes > 1 THEN 'most boxes' END) AS extreme
    FROM ranked
)
SELECT dataset, label, n, place, sample_id, cutout_id, conversation_id, '' AS extreme FROM placed WHERE place <= 24
UNION ALL BY NAME
SELECT dataset, '' AS label, NULL AS n, NULL AS place, sample_id, cutout_id, conversation_id, extreme
FROM extremes WHERE extreme <> ''
ORDER BY dataset, place IS NULL, n DESC, label, place, extreme, sample_id
