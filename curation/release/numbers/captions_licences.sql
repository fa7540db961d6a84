-- Licences of the papers.
--   out: one row a licence: papers, figures, and samples that were taken
SELECT licence, any_value(is_redistributable) AS is_redistributable, count(*) AS n_papers,
       sum((SELECT count(*) FROM figures WHERE figures.paper_id = papers.paper_id))::BIGINT AS n_figures,
       sum((SELECT count(*) FROM captions WHERE captions.paper_id = papers.paper_id))::BIGINT AS n_samples
FROM papers GROUP BY licence ORDER BY n_figures DESC, licence
