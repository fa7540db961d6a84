-- train, validation and test each have samples
-- severity: warning
-- do: Take more datasets or other shares into the corpus file: without validation nothing can be chosen, without test nothing said.
SELECT split AS row_key, 'no samples' AS found
FROM (VALUES ('train'), ('validation'), ('test')) AS wanted(split) 
ANTI JOIN (SELECT split FROM samples UNION ALL SELECT split FROM captions) AS had USING (split)
