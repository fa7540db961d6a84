-- Objects completed by detections: how many of the catalogue's were found again, how many were added.
--   out: one row a dataset with detections
WITH counted AS (
    SELECT split_part(address, '/', 2) AS dataset, step, n_kept, n_rejected FROM steps
)
SELECT before.dataset, before.n_kept AS n_objects, found.n_kept AS n_detections, after.n_rejected AS n_matched,
       after.n_kept - before.n_kept AS n_added, after.n_kept AS n_all
FROM counted AS before
JOIN counted AS found ON found.dataset = before.dataset AND found.step = 'detections'
JOIN counted AS after ON after.dataset = before.dataset AND after.step = 'objects'
WHERE before.step = 'objects_as_read'
ORDER BY before.dataset
