-- Provenance of a corpus with a `[noise]`: beside each row whose noise its picture has, and what was subtracted.
--   in:  provenance_framed, as provenance_frames.sql gives it; noise
--   out: the same rows, by sample_id; mJy/beam at the middle of the picture
SELECT
    provenance_framed.*,
    noise.rms AS noise_of,
    noise.state AS noise_state,
    noise.background,
    noise.box_px,
    noise.box_arcsec,
    noise.rms_local_mjy_per_beam,
    noise.background_local_mjy_per_beam,
    noise.background_taken_mjy_per_beam
FROM provenance_framed
LEFT JOIN noise ON noise.cutout_id = provenance_framed.cutout_id
ORDER BY sample_id
