-- What rules and judge said of conversations that people decided on; an id may be a sample's or a conversation's.
--   in:  $ids
--   out: one row an id; score: the mean of the axes, null without a judge
WITH wanted AS (
    SELECT unnest($ids::VARCHAR[]) AS id
), named AS (
    SELECT id, conversation_id FROM wanted JOIN samples ON samples.sample_id = id
    UNION SELECT id, conversation_id FROM wanted JOIN conversations ON conversations.conversation_id = id
), ruled AS (
    SELECT conversation_id, count(*) FILTER (verdict <> 'supported') > 0 AS is_doubted FROM quality GROUP BY ALL
)
SELECT id, conversation_id, coalesce(is_doubted, false) AS is_doubted, round(list_avg(map_values(scores)), 3) AS score
FROM named LEFT JOIN ruled USING (conversation_id) LEFT JOIN judged USING (conversation_id)
ORDER BY id
