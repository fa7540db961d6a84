-- train, validation and test each have samples
-- severity: warning
SELECT split AS row_key, 'no samples' AS found
FROM (VALUES ('train'), ('validation'), ('test')) AS wanted(split) 
ANTI JOIN (SELECT split FROM samples UNION ALL SELECT split FROM captions) AS had USING (split)
