-- in = kept + rejected, and what is there is what the manifest counted
-- do: Run `check`, then `build --repair`: a table has not the rows that its manifest counted.
SELECT address AS row_key,
       n_in || ' in, ' || n_kept || ' kept (' || n_rows || ' there), '
       || n_rejected || ' rejected (' || n_rejected_rows || ' there)' AS found
FROM steps
WHERE n_in <> n_kept + n_rejected OR n_kept <> n_rows OR n_rejected <> n_rejected_rows
