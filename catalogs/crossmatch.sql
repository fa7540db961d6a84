-- Pairs of directions, one of `left_xyz` and one of `right_xyz`, that are at most the radius apart.
--   in:  left_xyz, right_xyz (id, unique; x, y, z: finite directions of length one); variable radius_arcsec, 0 to 90 deg
--   out: pairs (left_id, right_id, separation_arcsec), every pair once; matches, the same with who is nearest to whom
-- Both are views: nothing is computed before somebody reads them, and rows come in any order.
--
-- Space, not the sphere, is cut into cubes, so RA 0/360 and the poles are nowhere special. A left direction has the key
-- of its own cube. A right one has the keys of all cubes that a box of +- reach about it touches: a cube is four times as
-- long as the reach, so these are at most two per axis. Partners therefore share exactly one key.

SET VARIABLE chord = 2 * sin(radians(getvariable('radius_arcsec') / 3600) / 2);
-- The radius is inclusive: without slack, rounding drops almost half of the pairs that are exactly the radius apart.
SET VARIABLE reach = getvariable('chord') * (1 + 1e-9) + 1e-15;
-- 60 arcsec: on an even sky 120 is a tenth faster, but where sources crowd, cubes of 120 hold four times the candidates.
SET VARIABLE edge = greatest(4 * getvariable('reach'), radians(60 / 3600));

CREATE OR REPLACE TEMP MACRO cube(v) AS floor((v + 1) / getvariable('edge'))::BIGINT;
CREATE OR REPLACE TEMP MACRO cube_key(i, j, k) AS (i * 2097152 + j) * 2097152 + k;

CREATE OR REPLACE TEMP VIEW pairs AS
WITH left_keyed AS (
    SELECT
        id,
        x,
        y,
        z,
        cube_key(cube(x), cube(y), cube(z)) AS key
    FROM left_xyz
), right_boxed AS (
    SELECT
        *,
        cube(x - getvariable('reach')) AS i_min,
        cube(x + getvariable('reach')) AS i_max,
        cube(y - getvariable('reach')) AS j_min,
        cube(y + getvariable('reach')) AS j_max,
        cube(z - getvariable('reach')) AS k_min,
        cube(z + getvariable('reach')) AS k_max,
        (i_max - i_min) + 2 * (j_max - j_min) + 4 * (k_max - k_min) AS axes
    FROM right_xyz
), corners AS (
    -- Axes along which a box lies in two cubes, as bits of a number; and the cubes at its corners that differ then.
    SELECT
        axes,
        corner
    FROM (SELECT unnest(range(8)) AS axes), (SELECT unnest(range(8)) AS corner)
    WHERE corner & axes = corner
), right_keyed AS (
    SELECT
        id,
        x,
        y,
        z,
        cube_key(
            if(corner & 1 = 0, i_min, i_max),
            if(corner & 2 = 0, j_min, j_max),
            if(corner & 4 = 0, k_min, k_max)
        ) AS key
    FROM right_boxed JOIN corners USING (axes)
), candidates AS (
    SELECT
        l.id AS left_id,
        r.id AS right_id,
        (l.x - r.x) * (l.x - r.x) + (l.y - r.y) * (l.y - r.y) + (l.z - r.z) * (l.z - r.z) AS chord_squared
    FROM left_keyed AS l JOIN right_keyed AS r USING (key)
)
SELECT
    left_id,
    right_id,
    -- By the chord: an arc cosine loses small angles. To a microarcsecond, so that ties are ties whatever the rounding.
    round(degrees(2 * asin(least(1, sqrt(chord_squared) / 2))) * 3600, 6) AS separation_arcsec
FROM candidates
WHERE chord_squared <= getvariable('reach') * getvariable('reach');

CREATE OR REPLACE TEMP VIEW matches AS
SELECT
    left_id,
    right_id,
    separation_arcsec,
    NULL::DOUBLE AS box_iou,
    row_number() OVER of_left = 1 AS is_best,
    row_number() OVER of_left = 1 AND row_number() OVER of_right = 1 AS is_mutual_best,
    count(*) OVER (PARTITION BY left_id) AS n_candidates
FROM pairs
WINDOW
    of_left AS (PARTITION BY left_id ORDER BY separation_arcsec, right_id),
    of_right AS (PARTITION BY right_id ORDER BY separation_arcsec, left_id);
