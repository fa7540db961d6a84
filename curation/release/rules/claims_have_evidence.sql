-- every claim of a sample names its evidence, but those of a model's turn that nobody can verify
-- do: Lead the id to its rows with `why`; a kind of claim without evidence has to be added where claims are verified.
WITH turns AS (  -- lists are opened before they are joined: a list beside a join costs the square of the rows
    SELECT conversation_id, unnest(turns) AS said, generate_subscripts(turns, 1) - 1 AS turn FROM conversations
), claims AS (
    SELECT conversation_id, turn, said.question_id, said.writer, unnest(said.claims) AS claim FROM turns
), bare AS (
    SELECT * FROM claims WHERE coalesce(len(claim.evidence), 0) = 0
)
SELECT samples.sample_id AS row_key, bare.question_id || ': ' || bare.claim.kind || ' ' || coalesce(bare.claim.subject, '') AS found
FROM bare
JOIN samples USING (conversation_id)
JOIN quality USING (conversation_id, turn)
WHERE quality.verdict = 'supported' OR coalesce(bare.writer, 'template') = 'template'
