-- Where every sample comes from: words, picture, cutout, source, catalogue row; or words, picture, figure, paper.
--   in:  the tables of a built corpus; variables first_sample and last_sample, the ids between which samples are asked for
--   out: one row a sample, by sample_id; degrees are ICRS, pixels are 0-based FITS pixels of the mosaic
WITH wanted AS (
    FROM samples WHERE sample_id BETWEEN getvariable('first_sample') AND getvariable('last_sample')
), talks AS (
    FROM conversations SEMI JOIN wanted USING (conversation_id)
), places AS (
    FROM splits SEMI JOIN wanted USING (cutout_id)
), pictures AS (
    FROM cutouts SEMI JOIN wanted USING (cutout_id)
)
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
    places.guard_arcsec,
    samples.conversation_id,
    samples.generator,
    samples.n_turns,
    samples.verdicts,
    samples.review,
    talks.turns,
    samples.cutout_id,
    pictures.mosaic,
    pictures.mosaic_sha256,
    windows.x_min_px,
    windows.y_min_px,
    windows.x_max_px,
    windows.y_max_px,
    pictures.pixel_x_arcsec,
    pictures.pixel_y_arcsec,
    pictures.up_pa_deg,
    pictures.left_pa_deg,
    pictures.beam_major_arcsec,
    pictures.beam_minor_arcsec,
    pictures.beam_from,
    pictures.rms_mjy_per_beam,
    pictures.blank_fraction,
    pictures.stretch,
    pictures.channels,
    pictures.source_px,
    pictures.saturated_share,
    pictures.range_kept,
    pictures.stripes,
    pictures.noise_step,
    pictures.level_step,
    pictures.depth,
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
FROM wanted AS samples
LEFT JOIN places USING (cutout_id)
LEFT JOIN talks USING (conversation_id)
LEFT JOIN pictures ON pictures.cutout_id = samples.cutout_id
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
WHERE captions.sample_id BETWEEN getvariable('first_sample') AND getvariable('last_sample')
ORDER BY sample_id
