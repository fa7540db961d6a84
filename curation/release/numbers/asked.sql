-- Which share of the pictures that can answer a question is asked, whatever is true and by what is true.
--   out: one row a dataset and question; answers: the most frequent eight, each with n and n_asked
WITH by_answer AS (
    SELECT dataset, question_id, kind, answer, sum(n)::BIGINT AS n, sum(n_asked)::BIGINT AS n_asked
    FROM quotas GROUP BY ALL
)
SELECT dataset, question_id, kind, sum(n)::BIGINT AS n, sum(n_asked)::BIGINT AS n_asked,
       list({'answer': answer, 'n': n, 'n_asked': n_asked} ORDER BY n DESC, answer)[1:8] AS answers,
       greatest(count(*) - 8, 0)::BIGINT AS n_more
FROM by_answer
GROUP BY dataset, question_id, kind
ORDER BY dataset, question_id
