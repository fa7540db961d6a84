-- Turns whose form is suspect, with one of them by key.
--   out: one row a dataset and flag; n_turns: of the dataset
WITH told AS (
    SELECT dataset, conversation_id, turn, quality.flags,
           conversations.turns[turn + 1].question AS question, conversations.turns[turn + 1].answer AS answer
    FROM quality JOIN conversations USING (conversation_id)
), totals AS (
    SELECT dataset, count(*) AS n_turns FROM told GROUP BY dataset
)
SELECT dataset, flag, count(*) AS n, count(DISTINCT conversation_id) AS n_conversations, any_value(n_turns) AS n_turns,
       arg_min({'question': question[:300], 'answer': answer[:300]}, md5(conversation_id || ' ' || turn)) AS example
FROM (SELECT *, unnest(flags) AS flag FROM told) JOIN totals USING (dataset)
GROUP BY dataset, flag
ORDER BY dataset, flag
