-- the licence of every picture is known; without it a corpus may be used but not released
-- severity: warning
-- do: Find out under which licence the survey's images may be passed on, and write it as `licence` into its door; then build again.
SELECT DISTINCT survey AS row_key, licence AS found FROM samples WHERE licence = 'unknown'
