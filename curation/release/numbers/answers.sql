-- Answers of four words or more that are given of several pictures; of each dataset the five most frequent.
--   out: one row a dataset and answer; n_pictures: of those with a conversation, n_all
WITH told AS (
    SELECT dataset, cutout_id, turn.question_id, lower(trim(turn.answer)) AS said, turn.answer
    FROM conversations, unnest(turns) AS listed(turn)
), totals AS (
    SELECT dataset, count(DISTINCT cutout_id) AS n_all FROM conversations GROUP BY dataset
), counted AS (
    SELECT dataset, min(answer) AS answer, count(DISTINCT cutout_id) AS n_pictures, count(DISTINCT question_id) AS n_questions
    FROM told WHERE len(string_split_regex(said, '\s+')) >= 4
    GROUP BY dataset, said HAVING count(DISTINCT cutout_id) > 1
)
SELECT dataset, answer[:200] AS answer, n_pictures, n_questions, n_all
FROM counted JOIN totals USING (dataset)
QUALIFY row_number() OVER (PARTITION BY dataset ORDER BY n_pictures DESC, answer) <= 5
ORDER BY dataset, n_pictures DESC, answer
