-- the sky of a benchmark is test as a whole
SELECT cutout_id AS row_key, split AS found
FROM splits SEMI JOIN (FROM splits WHERE benchmark IS NOT NULL) AS sealed USING (patch_id)
WHERE split <> 'test'
