-- Why rows were refused, with examples.
--   out: one row a table and reason
SELECT step, address, reason, count(*) AS n,
       list({'row_id': row_id, 'detail': detail} ORDER BY md5(row_id), detail)[1:3] AS examples
FROM rejections
GROUP BY ALL
ORDER BY n DESC, step, address, reason
