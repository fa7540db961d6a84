-- every figure may be passed on by its licence; with others a corpus may be used but not released
-- severity: warning
-- do: Fine for training at home. To release, leave `redistributable_only` of `[captions.selection]` as true, or release ids and recipe alone.
SELECT licence AS row_key, count(*) || ' figures' AS found FROM captions WHERE NOT is_redistributable GROUP BY licence
