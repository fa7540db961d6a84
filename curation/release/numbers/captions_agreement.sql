-- The model's word beside that of the rules.
--   out: one row a question: both say yes, only the model, only the rule, none
WITH said AS (
    SELECT 'several plots' AS question, has_multiplot AS by_model, rule_multiplot AS by_rule FROM ratings
    UNION ALL
    SELECT 'several plots, by gaps and axes alone', has_multiplot, n_panels > 1 FROM ratings JOIN figures USING (figure_id)
    UNION ALL
    SELECT 'broken text', is_corrupted, rule_corrupted FROM ratings
)
SELECT question, count(*) AS n, count(*) FILTER (by_model AND by_rule) AS n_both,
       count(*) FILTER (by_model AND NOT by_rule) AS n_model, count(*) FILTER (by_rule AND NOT by_model) AS n_rule,
       count(*) FILTER (NOT by_model AND NOT by_rule) AS n_none
FROM said GROUP BY question ORDER BY question DESC
