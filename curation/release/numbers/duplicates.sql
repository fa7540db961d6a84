-- What came twice and was kept once: rows, pictures, texts.
--   out: one row a step and reason
SELECT step, reason, count(*) AS n FROM rejections WHERE contains(reason, 'duplicate') GROUP BY ALL ORDER BY n DESC, step, reason
