-- at least 90 % of the faults planted in true conversations are caught
-- do: Do not release. Look at the faults that were let pass, under Planted faults: the checker is broken.
WITH planted AS (SELECT count(*) AS n, count(*) FILTER (is_refused OR verdict = 'contradicted') AS n_caught FROM injections WHERE NOT is_true)
SELECT 'planted faults' AS row_key, n_caught || ' of ' || n || ' were caught' AS found FROM planted WHERE n >= 50 AND n_caught < 0.9 * n
