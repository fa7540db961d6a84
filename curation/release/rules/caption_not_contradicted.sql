-- no caption of the hand-over says what a survey or a catalogue denies
-- do: Look at the caption beside the evidence named; a wrong catalogue row is mended in its door, a wrong caption is refused by its id.
SELECT sample_id AS row_key, statement.said || ', against ' || statement.evidence AS found
FROM (SELECT sample_id, unnest(statements) AS statement FROM captions) WHERE statement.verdict = 'contradicted'
