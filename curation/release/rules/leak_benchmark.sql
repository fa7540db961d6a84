-- the sky of a benchmark is test as a whole
-- do: Do not release. Look at the patch with `why`; a published split that cuts through a benchmark's sky has to give way to it.
SELECT cutout_id AS row_key, split AS found
FROM splits SEMI JOIN (FROM splits WHERE benchmark IS NOT NULL) AS sealed USING (patch_id)
WHERE split <> 'test'
