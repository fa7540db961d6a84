-- every claim of a sample names its evidence
SELECT samples.sample_id AS row_key, turn.question_id || ': ' || claim.kind || ' ' || coalesce(claim.subject, '') AS found
FROM samples
JOIN conversations USING (conversation_id),
     unnest(conversations.turns) AS turns(turn),
     unnest(turn.claims) AS claims(claim)
WHERE coalesce(len(claim.evidence), 0) = 0
