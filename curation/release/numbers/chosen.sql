-- The pictures to show: twelve of each dataset by key, then its extremes; each in the sample with most boxes.
--   out: one row a picture: sample_id, cutout_id, and why
WITH pictures AS (
    SELECT samples.sample_id, samples.dataset, cutout_id, blank_fraction,
           peak_mjy_per_beam / nullif(rms_mjy_per_beam, 0) AS snr,
           len(flatten(list_transform(turns, lambda turn:
               list_filter(turn.claims, lambda claim: claim.kind = 'box' AND claim.state = 'present')))) AS n_boxes
    FROM samples JOIN cutouts USING (cutout_id) JOIN conversations USING (conversation_id)
    QUALIFY row_number() OVER (PARTITION BY cutout_id ORDER BY n_boxes DESC, n_turns DESC, sample_id) = 1
), ranked AS (
    SELECT *,
           row_number() OVER (PARTITION BY dataset ORDER BY md5(cutout_id), cutout_id) AS by_key,
           row_number() OVER (PARTITION BY dataset ORDER BY blank_fraction DESC, sample_id) AS blankest,
           row_number() OVER (PARTITION BY dataset ORDER BY snr NULLS LAST, sample_id) AS faintest,
           row_number() OVER (PARTITION BY dataset ORDER BY snr DESC NULLS LAST, sample_id) AS brightest,
           row_number() OVER (PARTITION BY dataset ORDER BY n_boxes DESC, sample_id) AS fullest
    FROM pictures
)
SELECT dataset, sample_id, cutout_id,
       concat_ws(', ',
           CASE WHEN blankest = 1 AND blank_fraction > 0 THEN 'most blank' END,
           CASE WHEN faintest = 1 THEN 'faintest' END,
           CASE WHEN brightest = 1 THEN 'brightest' END,
           CASE WHEN fullest = 1 AND n_boxes > 1 THEN 'most boxes' END) AS extreme
FROM ranked
WHERE by_key <= 12 OR faintest = 1 OR brightest = 1 OR (blankest = 1 AND blank_fraction > 0)
   OR (fullest = 1 AND n_boxes > 1)
ORDER BY dataset, extreme <> '', by_key
