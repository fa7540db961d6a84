-- Where every sample comes from: words, picture, cutout, source, catalogue row.
--   in:  the tables of a built corpus
--   out: one row a sample, by sample_id; degrees are ICRS, pixels are 0-based FITS pixels of the mosaic
SELECT
    samples.sample_id,
    samples.dataset,
    samples.survey,
    samples.licence,
    samples.split,
    samples.benchmark,
    samples.image,
    samples.png_sha256,
    samples.patch_id,
    samples.ra_deg,
    samples.dec_deg,
    samples.radius_arcsec,
    splits.guard_arcsec,
    samples.conversation_id,
    samples.generator,
    samples.n_turns,
    samples.verdicts,
    conversations.turns,
    samples.cutout_id,
    cutouts.mosaic,
    cutouts.mosaic_sha256,
    windows.x_min_px,
    windows.y_min_px,
    windows.x_max_px,
    windows.y_max_px,
    cutouts.pixel_x_arcsec,
    cutouts.pixel_y_arcsec,
    cutouts.up_pa_deg,
    cutouts.left_pa_deg,
    cutouts.beam_major_arcsec,
    cutouts.beam_minor_arcsec,
    cutouts.beam_from,
    cutouts.rms_mjy_per_beam,
    cutouts.blank_fraction,
    cutouts.stretch,
    samples.source_id,
    sources.source_name,
    sources.labels,
    samples.origin_catalog,
    samples.origin_row
FROM samples
LEFT JOIN splits USING (cutout_id)
LEFT JOIN conversations USING (conversation_id)
LEFT JOIN cutouts ON cutouts.cutout_id = samples.cutout_id
LEFT JOIN windows ON windows.cutout_id = samples.cutout_id
LEFT JOIN sources ON sources.source_id = samples.source_id
ORDER BY samples.sample_id
