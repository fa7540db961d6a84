-- Where captions stand.
--   out: one row a split: samples, papers, groups
SELECT split, count(*) AS n, count(DISTINCT paper_id) AS n_papers, count(DISTINCT group_id) AS n_groups,
       count(*) FILTER (is_astromap) AS n_maps, median(n_words) AS words
FROM captions GROUP BY split ORDER BY list_position(['train', 'validation', 'test'], split)
