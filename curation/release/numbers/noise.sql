-- Whose noise pictures have, and what was subtracted from them, where a corpus or a survey has a `[noise]`.
--   in:  noise, cutouts
--   out: one row a survey and choice; medians in mJy/beam at the middle of pictures, boxes in pixels; `n_nearest` pictures
--        beside which boxes are blank, `n_window` that have no box with enough that is not
SELECT
    noise.survey,
    noise.rms,
    noise.background,
    count(*) AS n,
    count(*) FILTER (noise.state = 'nearest') AS n_nearest,
    count(*) FILTER (noise.state = 'window') AS n_window,
    median(noise.box_px)::BIGINT AS box_px,
    round(median(noise.rms_local_mjy_per_beam), 6) AS rms_local,
    round(median(noise.background_local_mjy_per_beam), 6) AS background_local,
    round(median(cutouts.rms_mjy_per_beam), 6) AS rms_mjy_per_beam
FROM noise
JOIN cutouts USING (cutout_id)
GROUP BY ALL
ORDER BY ALL
