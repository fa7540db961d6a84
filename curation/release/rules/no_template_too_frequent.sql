-- no template makes more than 2 % of the answers that are longer than a word and whose form no question prescribes
-- severity: warning
-- do: Give the question more wordings, or ask it of fewer pictures: a model learns the sentence and not the sky.
-- Counted from 1,000 answers on: of a few any template is more.
WITH told AS (SELECT template, sum(n) AS n, sum(sum(n)) OVER () AS n_all FROM templates GROUP BY template)
SELECT template[:200] AS row_key, n || ' of ' || n_all || ' answers' AS found
FROM told WHERE n_all >= 1000 AND n > 0.02 * n_all
