-- What the rules said of each turn, before any conversation was refused.
--   out: one row a dataset, writer and kind of turn
WITH told AS (
    SELECT dataset, verdict, conversations.turns[turn + 1] AS said
    FROM quality JOIN conversations USING (conversation_id)
), by_writer AS (
    SELECT dataset, coalesce(said.writer, 'template') AS writer, said.kind AS kind, verdict FROM told
), counted AS (
    SELECT dataset, writer, kind,
           count(*) AS n_turns,
           count(*) FILTER (verdict = 'supported') AS n_supported,
           count(*) FILTER (verdict = 'contradicted') AS n_contradicted,
           count(*) FILTER (verdict = 'unverifiable') AS n_unverifiable
    FROM by_writer
    GROUP BY dataset, writer, kind
)
FROM counted ORDER BY dataset, writer <> 'template', writer, kind
