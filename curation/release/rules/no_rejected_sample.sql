-- no sample of the hand-over was rejected by most of its reviewers
SELECT sample_id AS row_key, decisions.reviewer AS found
FROM samples JOIN decisions USING (sample_id)
WHERE decisions.verdict = 'reject'
