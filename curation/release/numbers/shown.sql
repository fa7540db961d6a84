-- The chosen samples with everything their tile or page shows.
--   in:  $sample_ids
--   out: one row a sample
SELECT samples.sample_id, samples.dataset, samples.split, samples.benchmark, samples.png, samples.cutout_id,
       sources.source_name, samples.origin_catalog, samples.origin_row, conversations.turns,
       list_transform(list_filter(sources.labels, lambda label: label.state = 'present'),
                      lambda label: label.label) AS labels,
       list_bool_or(list_transform(sources.labels, lambda label: label.state = 'absent')) AS is_none_of_some,
       cutouts.blank_fraction, cutouts.rms_mjy_per_beam, cutouts.peak_mjy_per_beam
FROM samples
JOIN sources ON sources.source_id = samples.source_id
JOIN conversations ON conversations.conversation_id = samples.conversation_id
JOIN cutouts ON cutouts.cutout_id = samples.cutout_id
WHERE list_contains($sample_ids, samples.sample_id)
ORDER BY samples.sample_id
