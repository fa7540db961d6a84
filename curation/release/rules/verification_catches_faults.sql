-- at least 98 % of the faults planted in true conversations are caught
-- severity: warning
-- do: Look at the faults that were let pass, under Planted faults: the reader does not understand the wording, or no rule asks.
WITH planted AS (SELECT count(*) AS n, count(*) FILTER (is_refused OR verdict = 'contradicted') AS n_caught FROM injections WHERE NOT is_true)
SELECT 'planted faults' AS row_key, n_caught || ' of ' || n || ' were caught' AS found FROM planted WHERE n_caught < 0.98 * n
