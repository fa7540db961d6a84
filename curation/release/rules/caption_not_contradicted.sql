-- no caption of the hand-over says what a survey or a catalogue denies
SELECT sample_id AS row_key, statement.said || ', against ' || statement.evidence AS found
FROM (SELECT sample_id, unnest(statements) AS statement FROM captions) WHERE statement.verdict = 'contradicted'
