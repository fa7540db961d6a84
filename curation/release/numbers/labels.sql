-- Label balance: pictures by the truth of each label, and those that samples are of, by split. A source of the catalogue
-- without a picture counts for nothing here.
--   out: one row a dataset and label
WITH said AS (
    SELECT cutout_id, source_id, sources.dataset, label.label, label.state
    FROM cutouts JOIN sources USING (source_id), unnest(labels) AS listed(label)
), shown AS (
    SELECT said.dataset, said.label,
           count(*) FILTER (samples.split = 'train') AS n_train,
           count(*) FILTER (samples.split = 'validation') AS n_validation,
           count(*) FILTER (samples.split = 'test') AS n_test,
           count(*) AS n_shown
    FROM said JOIN (SELECT DISTINCT cutout_id, split FROM samples) AS samples USING (cutout_id)
    WHERE said.state = 'present'
    GROUP BY ALL
)
SELECT said.dataset, said.label,
       count(*) FILTER (said.state = 'present') AS n_present,
       count(*) FILTER (said.state = 'absent') AS n_absent,
       count(*) FILTER (said.state = 'unknown') AS n_unknown,
       count(*) FILTER (said.state <> 'unknown') AS n_known,
       coalesce(any_value(n_train), 0) AS n_train,
       coalesce(any_value(n_validation), 0) AS n_validation,
       coalesce(any_value(n_test), 0) AS n_test,
       coalesce(any_value(n_shown), 0) AS n_shown
FROM said LEFT JOIN shown USING (dataset, label)
GROUP BY ALL
ORDER BY ALL
