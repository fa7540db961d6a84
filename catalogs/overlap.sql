-- Pairs of boxes, one of `left_boxes` and one of `right_boxes`, that overlap in the same picture.
--   in:  left_boxes, right_boxes (id, unique; picture; x_min, y_min, x_max, y_max: px, far edge outside, finite, with
--        an area, at most 1e6 px from the origin); variable least_iou, above 0
--   out: box_pairs, a view, rows in any order: box_iou (intersection over union), overlap (intersection over the smaller
--        box), distance_px between the centres, and who overlaps most with whom
--
-- Every box has the keys of all cells of 128 px that it touches. Two boxes may share many; the pair is kept only in the
-- cell that holds the lower corner of their intersection, so it comes once.

CREATE OR REPLACE TEMP MACRO cell(px) AS floor(px / 128)::BIGINT;
-- Cells are counted from -2^19, so that boxes may begin left of or below the picture.
CREATE OR REPLACE TEMP MACRO cell_key(i, j) AS (j + 524288) * 1048576 + (i + 524288);
CREATE OR REPLACE TEMP MACRO cell_keys(x_min, y_min, x_max, y_max) AS list_transform(
    range((cell(x_max) - cell(x_min) + 1) * (cell(y_max) - cell(y_min) + 1)),
    lambda n: cell_key(
        cell(x_min) + n % (cell(x_max) - cell(x_min) + 1),
        cell(y_min) + n // (cell(x_max) - cell(x_min) + 1)
    )
);

CREATE OR REPLACE TEMP VIEW box_pairs AS
WITH left_keyed AS (
    SELECT
        *,
        unnest(cell_keys(x_min, y_min, x_max, y_max)) AS key
    FROM left_boxes
), right_keyed AS (
    SELECT
        *,
        unnest(cell_keys(x_min, y_min, x_max, y_max)) AS key
    FROM right_boxes
), intersections AS (
    SELECT
        l.id AS left_id,
        r.id AS right_id,
        picture,
        (least(l.x_max, r.x_max) - greatest(l.x_min, r.x_min))
            * (least(l.y_max, r.y_max) - greatest(l.y_min, r.y_min)) AS shared_area,
        (l.x_max - l.x_min) * (l.y_max - l.y_min) AS left_area,
        (r.x_max - r.x_min) * (r.y_max - r.y_min) AS right_area,
        sqrt(
            (l.x_min + l.x_max - r.x_min - r.x_max) ** 2
            + (l.y_min + l.y_max - r.y_min - r.y_max) ** 2
        ) / 2 AS distance_px
    FROM left_keyed AS l JOIN right_keyed AS r USING (picture, key)
    WHERE l.x_min < r.x_max AND r.x_min < l.x_max
      AND l.y_min < r.y_max AND r.y_min < l.y_max
      AND key = cell_key(cell(greatest(l.x_min, r.x_min)), cell(greatest(l.y_min, r.y_min)))
), measured AS (
    SELECT
        left_id,
        right_id,
        picture,
        shared_area / (left_area + right_area - shared_area) AS box_iou,
        shared_area / least(left_area, right_area) AS overlap,
        distance_px
    FROM intersections
)
SELECT
    *,
    row_number() OVER of_left = 1 AS is_best,
    row_number() OVER of_left = 1 AND row_number() OVER of_right = 1 AS is_mutual_best,
    count(*) OVER (PARTITION BY left_id) AS n_candidates
FROM measured
WHERE box_iou >= getvariable('least_iou')
WINDOW
    of_left AS (PARTITION BY left_id ORDER BY box_iou DESC, right_id),
    of_right AS (PARTITION BY right_id ORDER BY box_iou DESC, left_id);
