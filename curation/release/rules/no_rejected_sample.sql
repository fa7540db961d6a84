-- no sample of the hand-over was rejected by most of its reviewers
-- do: Build again: a decision of people came after these samples were made.
SELECT sample_id AS row_key, decisions.reviewer AS found
FROM samples JOIN decisions USING (sample_id)
WHERE decisions.verdict = 'reject'
