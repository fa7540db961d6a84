-- Label balance by survey: pictures by the truth of each label.
--   out: one row a survey and label that some picture has or is known not to have
SELECT cutouts.survey, label.label, count(*) FILTER (label.state = 'present') AS n_present,
       count(*) FILTER (label.state = 'absent') AS n_absent, count(*) FILTER (label.state = 'unknown') AS n_unknown
FROM cutouts JOIN sources USING (source_id), unnest(labels) AS listed(label)
GROUP BY ALL HAVING n_present + n_absent > 0
ORDER BY ALL
