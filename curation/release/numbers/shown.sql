-- The chosen samples with what their tile shows, but for picture and turns: those are read from their parts alone.
--   in:  $sample_ids
--   out: one row a sample
WITH wanted AS (SELECT unnest($sample_ids) AS sample_id)
SELECT samples.sample_id, samples.dataset, samples.survey, samples.split, samples.benchmark, samples.cutout_id,
       samples.conversation_id, sources.source_name, samples.origin_catalog, samples.origin_row,
       list_transform(list_filter(sources.labels, lambda label: label.state = 'present'),
                      lambda label: label.label) AS labels,
       list_bool_or(list_transform(sources.labels, lambda label: label.state = 'absent')) AS is_none_of_some,
       cutouts.blank_fraction, cutouts.rms_mjy_per_beam, cutouts.peak_mjy_per_beam, cutouts.width_px, cutouts.height_px,
       cutouts.pixel_x_arcsec, cutouts.up_pa_deg, cutouts.left_pa_deg, cutouts.beam_major_arcsec,
       cutouts.beam_minor_arcsec, cutouts.beam_pa_deg, cutouts.beam_from
FROM wanted JOIN samples USING (sample_id)
JOIN sources ON sources.source_id = samples.source_id
JOIN cutouts ON cutouts.cutout_id = samples.cutout_id
ORDER BY samples.sample_id
