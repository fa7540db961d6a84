-- a caption's record says what its one turn says, with <image> once, first
-- do: Report it as a bug with the id: a record and its one turn are written from the same words.
SELECT sample_id AS row_key, conversations[1].value AS found
FROM captions
WHERE len(conversations) IS DISTINCT FROM 2 OR len(turns) IS DISTINCT FROM 1
   OR conversations[1]."from" IS DISTINCT FROM 'human' OR conversations[2]."from" IS DISTINCT FROM 'gpt'
   OR conversations[1].value IS DISTINCT FROM '<image>' || chr(10) || turns[1].question
   OR conversations[2].value IS DISTINCT FROM turns[1].answer
