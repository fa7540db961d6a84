-- How pictures were drawn, and what they still show of their sources.
--   out: one row for each survey and way of drawing; medians over cutouts with pixels above 5 rms
SELECT
    survey,
    split_part(stretch, '; up as', 1) AS drawn,
    count(*) AS n,
    count(saturated_share) AS n_with_source,
    median(source_px) FILTER (saturated_share IS NOT NULL) AS source_px,
    median(saturated_share) AS saturated,
    quantile_disc(saturated_share, 0.9) AS saturated_90,
    count(*) FILTER (saturated_share > 0.05) AS n_burnt,
    median(range_kept) AS range_kept,
    median(peak_mjy_per_beam / nullif(rms_mjy_per_beam, 0)) AS dynamic_range
FROM cutouts
GROUP BY ALL
ORDER BY survey, drawn
