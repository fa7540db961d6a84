-- Provenance of a corpus with a `[frame]`: beside each row the pixels of its picture, and the mosaics it is made of.
--   in:  provenance, as provenance.sql gives it; frames
--   out: the same rows, by sample_id; `mosaics` are those that have a share
SELECT
    provenance.*,
    frames.width_px,
    frames.height_px,
    frames.overlap,
    frames.method,
    frames.n_per_beam,
    frames.peak_loss,
    list_filter(frames.mosaics, lambda share: share.weight > 0) AS mosaics
FROM provenance
LEFT JOIN frames ON frames.cutout_id = provenance.cutout_id
ORDER BY sample_id
