-- What the rules said of each turn, before anything was refused.
--   out: one row a dataset
SELECT conversations.dataset,
       count(*) AS n_turns,
       count(*) FILTER (verdict = 'supported') AS n_supported,
       count(*) FILTER (verdict = 'contradicted') AS n_contradicted,
       count(*) FILTER (verdict = 'unverifiable') AS n_unverifiable
FROM quality JOIN conversations USING (conversation_id)
GROUP BY ALL
ORDER BY ALL
