-- a sample says what its conversation says, with <image> once, first
-- do: Report it as a bug with the id: a record and its conversation are written from the same words.
WITH said AS (
    SELECT sample_id, samples.conversations AS messages, conversations.turns,
           list_transform(samples.conversations, lambda message: message."from") AS sides,
           list_transform(samples.conversations, lambda message: message.value) AS found,
           flatten(list_transform(turns, lambda turn: [turn.question, turn.answer])) AS told
    FROM samples LEFT JOIN conversations USING (conversation_id)
)
SELECT sample_id AS row_key, found[1] AS found
FROM said
WHERE array_to_string(found, chr(30)) IS DISTINCT FROM '<image>' || chr(10) || array_to_string(told, chr(30))
   OR sides IS DISTINCT FROM flatten(list_transform(turns, lambda turn: ['human', 'gpt']))
