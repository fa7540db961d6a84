-- How often the same wording answers, without names, numbers and boxes; the five most frequent of the corpus.
--   out: one row a template; n_all: answers of the corpus longer than a word whose form no question prescribes
WITH told AS (
    SELECT template, sum(n)::BIGINT AS n, min(example) AS example, string_agg(DISTINCT kind, ', ' ORDER BY kind) AS kinds
    FROM templates GROUP BY template
)
SELECT kinds, template[:200] AS template, example[:200] AS example, n, (sum(n) OVER ())::BIGINT AS n_all,
       count(*) OVER () AS n_templates
FROM told QUALIFY row_number() OVER (ORDER BY n DESC, template) <= 5
ORDER BY n DESC, template
