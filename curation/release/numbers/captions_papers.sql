-- What was found in each paper; of more than 200 papers those with most figures.
--   out: one row a paper; n_all: how many papers there are
WITH refused AS (
    SELECT string_split(row_id, ':')[1] AS paper_id, count(*) AS n,
           list({'row_id': row_id, 'reason': reason} ORDER BY row_id, reason) AS reasons
    FROM rejections WHERE step = 'figures' GROUP BY ALL
), found AS (
    SELECT paper_id, count(*) AS n, count(*) FILTER (panel = '') AS n_whole,
           list({'number': number, 'panel': panel, 'label': label, 'kind': kind, 'caption': left(caption, 90),
                 'n_pictures': n_pictures} ORDER BY number, panel) AS figures
    FROM figures GROUP BY ALL
)
SELECT papers.paper_id, title, licence, source, coalesce(found.n, 0) AS n_figures, coalesce(found.n_whole, 0) AS n_whole,
       coalesce(refused.n, 0) AS n_refused, refused.reasons, found.figures,
       (SELECT count(*) FROM captions WHERE captions.paper_id = papers.paper_id) AS n_samples,
       count(*) OVER () AS n_all
FROM papers LEFT JOIN found USING (paper_id) LEFT JOIN refused USING (paper_id)
ORDER BY n_figures DESC, paper_id LIMIT 200
