-- no fault that was planted for the checker stands in a sample
SELECT samples.sample_id AS row_key, trials.trial_id AS found
FROM samples JOIN conversations USING (conversation_id), unnest(conversations.turns) AS t(turn), trials
WHERE NOT trials.is_true AND trials.cutout_id = samples.cutout_id
  AND trials.question = turn.question AND trials.answer = turn.answer
