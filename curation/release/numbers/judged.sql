-- What the judge gave, axis by axis.
--   out: one row a dataset and axis; n_refused: conversations of the dataset without a judgement
WITH given AS (
    SELECT dataset, judged.model, judged.revision, judged.prompt, conversation_id,
           unnest(map_entries(scores), recursive := true)
    FROM judged JOIN conversations USING (conversation_id)
), refused AS (
    SELECT split_part(address, '/', 2) AS dataset, count(*) AS n FROM rejections WHERE step = 'judged' GROUP BY ALL
)
SELECT dataset, model, revision, prompt, key AS axis, count(*) AS n, avg(value) AS mean,
       quantile_disc(value, 0.1) AS low, median(value) AS middle, quantile_disc(value, 0.9) AS high,
       coalesce(any_value(refused.n), 0) AS n_refused
FROM given LEFT JOIN refused USING (dataset)
GROUP BY ALL
ORDER BY ALL
