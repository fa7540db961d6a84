-- What a model without the picture would score, by question.
--   out: one row a scheme and question; of validation and test together: n, and the turns that each guess gets right
SELECT scheme, question_id, any_value(kind) AS kind, any_value(answer) AS answer, max(n_train) AS n_train,
       sum(n)::BIGINT AS n,
       coalesce(sum(n) FILTER (split = 'test'), 0)::BIGINT AS n_test,
       coalesce(sum(n_most_frequent) FILTER (split = 'test'), 0)::BIGINT AS test_most_frequent,
       coalesce(sum(n_words) FILTER (split = 'test'), 0)::BIGINT AS test_words,
       coalesce(sum(n_name) FILTER (split = 'test'), 0)::BIGINT AS test_name,
       coalesce(sum(n) FILTER (split = 'validation'), 0)::BIGINT AS n_validation,
       coalesce(sum(n_most_frequent) FILTER (split = 'validation'), 0)::BIGINT AS validation_most_frequent,
       coalesce(sum(n_words) FILTER (split = 'validation'), 0)::BIGINT AS validation_words,
       coalesce(sum(n_name) FILTER (split = 'validation'), 0)::BIGINT AS validation_name
FROM blind
GROUP BY ALL
ORDER BY scheme, question_id
