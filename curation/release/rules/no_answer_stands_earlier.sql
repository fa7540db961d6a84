-- no turn asks for what an earlier one of its conversation has said
-- severity: warning
-- do: Look at the turns below; a question that the description always answers is better left out of the corpus file.
SELECT conversation_id || ' turn ' || turn AS row_key, turns[turn + 1].question_id AS found
FROM quality JOIN conversations USING (conversation_id)
WHERE list_contains(flags, 'answerable-earlier')
