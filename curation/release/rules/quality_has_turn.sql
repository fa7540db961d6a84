-- a verdict is of a turn that its conversation has
-- do: Build again: verdicts are of conversations that are no longer made.
SELECT quality.conversation_id || ' turn ' || quality.turn AS row_key, verdict AS found
FROM quality LEFT JOIN conversations USING (conversation_id)
WHERE quality.turn >= coalesce(len(conversations.turns), 0)
