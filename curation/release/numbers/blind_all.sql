-- The same over all questions, and apart for those whose words are fixed.
--   out: one row a group and split
WITH grouped AS (
    SELECT 'fixed questions' AS of, * FROM blind WHERE kind <> 'generated'
    UNION ALL SELECT 'yes-or-no turns of a model' AS of, * FROM blind WHERE kind = 'generated'
    UNION ALL SELECT 'all' AS of, * FROM blind
)
SELECT of, split, sum(n)::BIGINT AS n, sum(n_most_frequent)::BIGINT AS n_most_frequent, sum(n_words)::BIGINT AS n_words,
       sum(n_name)::BIGINT AS n_name
FROM grouped
GROUP BY of, split
ORDER BY of = 'all', of, split
