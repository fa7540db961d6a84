-- no fault that was planted for the checker stands in a sample
SELECT samples.sample_id AS row_key, injections.injection_id AS found
FROM samples JOIN conversations USING (conversation_id), unnest(conversations.turns) AS t(turn), injections
WHERE NOT injections.is_true AND injections.cutout_id = samples.cutout_id
  AND injections.question = turn.question AND injections.answer = turn.answer
