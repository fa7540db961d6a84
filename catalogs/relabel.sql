-- Which detection is which catalogued object: at most one of each, those that fit each other best.
--   in:  pairs (left_id, right_id, and the boxes left_x_min … right_y_max of both in one plane, in one unit);
--        variable least_iou
--   out: one row a matched pair, by left_id: left_id, right_id, box_iou, distance of the centres in that unit
--
-- A pair counts where the boxes overlap by least_iou, or where the centre of each lies in the other: a detection of the
-- core alone is no match of a galaxy with lobes, but a faint one with a smaller box is.

WITH measured AS (
    SELECT
        left_id,
        right_id,
        greatest(0, least(left_x_max, right_x_max) - greatest(left_x_min, right_x_min))
            * greatest(0, least(left_y_max, right_y_max) - greatest(left_y_min, right_y_min)) AS shared_area,
        (left_x_max - left_x_min) * (left_y_max - left_y_min) AS left_area,
        (right_x_max - right_x_min) * (right_y_max - right_y_min) AS right_area,
        (left_x_min + left_x_max) / 2 AS left_x,
        (left_y_min + left_y_max) / 2 AS left_y,
        (right_x_min + right_x_max) / 2 AS right_x,
        (right_y_min + right_y_max) / 2 AS right_y,
        left_x BETWEEN right_x_min AND right_x_max AND left_y BETWEEN right_y_min AND right_y_max
            AND right_x BETWEEN left_x_min AND left_x_max AND right_y BETWEEN left_y_min AND left_y_max AS is_centred
    FROM pairs
), scored AS (
    SELECT
        left_id,
        right_id,
        is_centred,
        coalesce(shared_area / nullif(left_area + right_area - shared_area, 0), 0) AS box_iou,
        -- Rounded, so that ties are ties in whichever plane they were measured.
        round(sqrt((left_x - right_x) ** 2 + (left_y - right_y) ** 2), 6) AS distance
    FROM measured
), ranked AS (
    SELECT
        left_id,
        right_id,
        box_iou,
        distance,
        row_number() OVER (PARTITION BY left_id ORDER BY round(box_iou, 9) DESC, distance, right_id) AS of_left,
        row_number() OVER (PARTITION BY right_id ORDER BY round(box_iou, 9) DESC, distance, left_id) AS of_right
    FROM scored
    WHERE box_iou >= getvariable('least_iou') OR is_centred
)
SELECT left_id, right_id, box_iou, distance
FROM ranked
WHERE of_left = 1 AND of_right = 1
ORDER BY left_id
