-- Where the checker was wrong about a text whose truth is known: some of each kind and style, by id.
--   out: one row a text
WITH wrong AS (
    SELECT *, row_number() OVER (PARTITION BY is_true, kind, style ORDER BY injection_id) AS place
    FROM injections WHERE is_true = (is_refused OR verdict = 'contradicted')
)
SELECT is_true, kind, style, dataset, question, answer, verdict, reasons
FROM wrong WHERE place <= 2 ORDER BY is_true, kind, style, injection_id LIMIT 40
