-- no turn of a sample contradicts what is known of its sky
-- do: Do not release. Lead the id to its rows with `why`: either a label is wrong, or the sentence.
SELECT samples.sample_id || ' turn ' || quality.turn AS row_key, array_to_string(quality.reasons, '; ') AS found
FROM samples JOIN quality USING (conversation_id) JOIN conversations USING (conversation_id)
WHERE quality.verdict = 'contradicted'
   OR (quality.verdict = 'unverifiable'
       AND coalesce(conversations.turns[quality.turn + 1].writer, samples.generator) = 'template')
