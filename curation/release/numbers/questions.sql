-- What was asked, and how the answers are balanced.
--   out: one row a dataset and question
WITH asked AS (
    SELECT samples.dataset, turn.question_id, turn.kind, lower(trim(turn.answer)) AS answer,
           len(string_split_regex(trim(turn.answer), '\s+')) AS n_words
    FROM samples JOIN conversations USING (conversation_id), unnest(turns) AS told(turn)
)
SELECT dataset, question_id, kind,
       count(*) AS n,
       count(*) FILTER (regexp_matches(answer, '^yes\b')) AS n_yes,
       count(*) FILTER (regexp_matches(answer, '^no\b')) AS n_no,
       count(DISTINCT answer) AS n_different,
       median(n_words) AS words
FROM asked
GROUP BY ALL
ORDER BY ALL
