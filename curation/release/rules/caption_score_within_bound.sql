-- no model's score stands above what the rules allow of its caption
-- do: Report it as a bug with the id: the bound is applied where the score is written.
SELECT figure_id AS row_key, caption_score || ' of ' || model_score || ', bound ' || score_bound AS found
FROM ratings WHERE caption_score IS DISTINCT FROM least(model_score, score_bound)
