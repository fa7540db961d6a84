-- a judgement is of a conversation that is there, and of its picture
-- do: Build again: judgements are of conversations that are no longer made.
SELECT judged.conversation_id AS row_key, judged.cutout_id AS found
FROM judged LEFT JOIN conversations USING (conversation_id)
WHERE conversations.cutout_id IS DISTINCT FROM judged.cutout_id
