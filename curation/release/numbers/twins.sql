-- The same sky in two surveys or datasets, and how often their labels disagree.
--   out: one row a pair of surveys and datasets
WITH sides AS (
    SELECT *, left_survey || ' ' || left_dataset <= right_survey || ' ' || right_dataset AS in_order FROM twins
)
SELECT if(in_order, left_survey, right_survey) AS first_survey, if(in_order, left_dataset, right_dataset) AS first_dataset,
       if(in_order, right_survey, left_survey) AS second_survey,
       if(in_order, right_dataset, left_dataset) AS second_dataset,
       count(*) AS n,
       median(overlap) AS overlap,
       median(separation_arcsec) AS separation_arcsec,
       count(*) FILTER (len(conflicts) > 0) AS n_conflicts
FROM sides
GROUP BY ALL
ORDER BY ALL
