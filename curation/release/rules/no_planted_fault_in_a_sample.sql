-- no fault that was planted for the checker stands in a sample
-- do: Do not release. Report it as a bug with the id: planted faults are for the checker alone.
WITH told AS (SELECT conversation_id, unnest(turns) AS turn FROM conversations)
SELECT samples.sample_id AS row_key, injections.injection_id AS found
FROM told
JOIN samples USING (conversation_id)
JOIN injections ON injections.cutout_id = samples.cutout_id
    AND injections.question = told.turn.question AND injections.answer = told.turn.answer
WHERE NOT injections.is_true
