-- Where every sample comes from: words, picture, cutout, source, catalogue row; or words, picture, figure, paper.
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
    samples.review,
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
    cutouts.channels,
    cutouts.source_px,
    cutouts.saturated_share,
    cutouts.range_kept,
    cutouts.stripes,
    cutouts.noise_step,
    cutouts.level_step,
    cutouts.depth,
    samples.source_id,
    sources.source_name,
    sources.labels,
    samples.origin_catalog,
    samples.origin_row,
    NULL::VARCHAR AS figure_id,
    NULL::VARCHAR AS paper_id,
    NULL::BIGINT AS figure_number,
    NULL::VARCHAR AS attribution,
    NULL::VARCHAR AS caption_latex,
    NULL::BIGINT AS caption_score
FROM samples
LEFT JOIN splits USING (cutout_id)
LEFT JOIN conversations USING (conversation_id)
LEFT JOIN cutouts ON cutouts.cutout_id = samples.cutout_id
LEFT JOIN windows ON windows.cutout_id = samples.cutout_id
LEFT JOIN sources ON sources.source_id = samples.source_id
UNION ALL BY NAME
SELECT
    captions.sample_id,
    'captions' AS dataset,
    'papers' AS survey,
    captions.licence,
    captions.split,
    captions.image,
    captions.png_sha256,
    captions.group_id AS patch_id,
    'author' AS generator,
    len(captions.turns)::BIGINT AS n_turns,
    [captions.verdict] AS verdicts,
    captions.turns,
    captions.statements,
    papers.source AS origin_catalog,
    -1 AS origin_row,
    captions.figure_id,
    captions.paper_id,
    figures.number AS figure_number,
    captions.attribution,
    captions.caption_latex,
    captions.caption_score
FROM captions
LEFT JOIN figures USING (figure_id)
LEFT JOIN papers ON papers.paper_id = captions.paper_id
ORDER BY sample_id
