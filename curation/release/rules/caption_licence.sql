-- every figure may be passed on by its licence; with others a corpus may be used but not released
-- severity: warning
SELECT licence AS row_key, count(*) || ' figures' AS found FROM captions WHERE NOT is_redistributable GROUP BY licence
