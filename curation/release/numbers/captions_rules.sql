-- Each rule of the selection by itself, on all figures that it can be put to, with the bounds of Riggi et al. 2025, 3.1.2.
--   out: one row a rule: how many figures it would cut, of how many
SELECT 1 AS place, 'n_words ≤ 5' AS rule, count(*) FILTER (n_words <= 5) AS n, count(*) AS n_of, NULL AS published FROM figures
UNION ALL
SELECT 2, 'has_multiplot, by the model', count(*) FILTER (has_multiplot), count(*), 'about 62 %' FROM ratings
UNION ALL
SELECT 3, 'has_multiplot, by rule', count(*) FILTER (rule_multiplot), count(*), NULL FROM ratings
UNION ALL
SELECT 4, 'is_corrupted, by the model', count(*) FILTER (is_corrupted), count(*), NULL FROM ratings
UNION ALL
SELECT 5, 'is_corrupted, by rule', count(*) FILTER (rule_corrupted), count(*), NULL FROM ratings
UNION ALL
SELECT 6, 'caption_score ≤ 7, by the model', count(*) FILTER (model_score <= 7), count(*), NULL FROM ratings
UNION ALL
SELECT 7, 'caption_score ≤ 7, within the bounds of the rules', count(*) FILTER (caption_score <= 7), count(*), NULL FROM ratings
UNION ALL
SELECT 8, 'orders to its reader', count(*) FILTER (score_bound = 0), count(*), NULL FROM ratings
UNION ALL
SELECT 9, 'not is_astromap (kept, not applied)', count(*) FILTER (NOT is_astromap), count(*), NULL FROM ratings
ORDER BY place
