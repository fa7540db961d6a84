-- Scores of conversations, and whether the rules found a contradiction in what was written about the same picture:
-- in the conversation itself, or in a sentence that was cut before it could enter it.
--   out: one row a dataset, axis ("mean": of all) and score
WITH faulty AS (
    SELECT DISTINCT cutout_id FROM quality JOIN conversations USING (conversation_id) WHERE verdict = 'contradicted'
    UNION SELECT cutout_id FROM generated, unnest(sentences) AS s(one) WHERE one.reason = 'contradicted'
    UNION SELECT split_part(row_id, ':', 1) FROM rejections
    WHERE step = 'generated' AND (reason = 'contradicted' OR contains("row", '"reason": "contradicted"'))
), given AS (
    SELECT conversation_id, unnest(map_entries(scores), recursive := true) FROM judged
), scored AS (
    SELECT conversation_id, key AS axis, value AS score FROM given
    UNION ALL
    SELECT conversation_id, 'mean', round(avg(value), 3) FROM given GROUP BY conversation_id
)
SELECT dataset, axis, score,
       count(*) FILTER (faulty.cutout_id IS NULL) AS n_good,
       count(*) FILTER (faulty.cutout_id IS NOT NULL) AS n_faulty
FROM scored JOIN conversations USING (conversation_id) LEFT JOIN faulty USING (cutout_id)
GROUP BY ALL
ORDER BY ALL
