-- no caption of the hand-over says what a survey or a catalogue denies
SELECT sample_id AS row_key, statement.said || ', against ' || statement.evidence AS found
FROM captions, unnest(statements) AS t(statement) WHERE statement.verdict = 'contradicted'
