-- Pairs that overlap enough, and who overlaps most with whom.
--   in:  pairs (columns of MATCHES; box_iou null without boxes); variable least_iou
--   out: the columns of MATCHES, sorted by left_id, box_iou falling, separation_arcsec, right_id
SELECT
    left_id,
    right_id,
    separation_arcsec,
    box_iou,
    row_number() OVER of_left = 1 AS is_best,
    row_number() OVER of_left = 1 AND row_number() OVER of_right = 1 AS is_mutual_best,
    count(*) OVER (PARTITION BY left_id) AS n_candidates
FROM pairs
WHERE box_iou >= getvariable('least_iou')
WINDOW
    of_left AS (PARTITION BY left_id ORDER BY box_iou DESC, separation_arcsec, right_id),
    of_right AS (PARTITION BY right_id ORDER BY box_iou DESC, separation_arcsec, left_id)
ORDER BY left_id, box_iou DESC, separation_arcsec, right_id;
