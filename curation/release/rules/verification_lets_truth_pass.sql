-- at most 1 % of the true texts given to the checker are refused
-- severity: warning
-- do: Look at the true texts that were refused, under Planted faults: their wording has to be taught to the reader.
WITH told AS (SELECT count(*) AS n, count(*) FILTER (is_refused OR verdict = 'contradicted') AS n_refused FROM injections WHERE is_true)
SELECT 'true texts' AS row_key, n_refused || ' of ' || n || ' were refused' AS found FROM told WHERE n_refused > 0.01 * n
