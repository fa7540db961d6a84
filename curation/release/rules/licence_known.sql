-- the licence of every picture is known; without it a corpus may be used but not released
-- severity: warning
SELECT DISTINCT survey AS row_key, licence AS found FROM samples WHERE licence = 'unknown'
