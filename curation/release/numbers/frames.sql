-- On which pixels, of which mosaics and at which beam pictures were made, where a corpus has a `[frame]`.
--   in:  frames, cutouts
--   out: one row a survey, choice, method and origin of the beam; losses are shares of a point source's peak, pixel and
--        beam are medians in arcsec, n_mosaics is the mean number of mosaics that have a share
SELECT
    frames.survey,
    frames.overlap,
    coalesce(frames.method, 'none') AS method,
    frames.beam_from,
    count(*) AS n,
    count(*) FILTER (len(list_filter(frames.mosaics, lambda share: share.weight > 0)) > 1) AS n_of_several,
    round(median(sqrt(cutouts.pixel_x_arcsec * cutouts.pixel_y_arcsec)), 4) AS pixel_arcsec,
    round(median(frames.beam_major_arcsec), 4) AS beam_major_arcsec,
    round(median(frames.n_per_beam), 3) AS n_per_beam,
    median(frames.peak_loss) AS peak_loss,
    max(frames.peak_loss) AS peak_loss_most,
    round(median(cutouts.rms_mjy_per_beam), 6) AS rms_mjy_per_beam
FROM frames
JOIN cutouts USING (cutout_id)
GROUP BY ALL
ORDER BY ALL
