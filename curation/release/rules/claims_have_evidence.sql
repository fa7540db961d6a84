-- every claim of a sample names its evidence, but those of a model's turn that nobody can verify
SELECT samples.sample_id AS row_key, said.question_id || ': ' || claim.kind || ' ' || coalesce(claim.subject, '') AS found
FROM samples
JOIN conversations USING (conversation_id)
JOIN quality USING (conversation_id),
     unnest([conversations.turns[quality.turn + 1]]) AS turns(said),
     unnest(said.claims) AS claims(claim)
WHERE coalesce(len(claim.evidence), 0) = 0
  AND (quality.verdict = 'supported' OR coalesce(said.writer, 'template') = 'template')
