-- What became of papers and of their figures: each stage with what came in, each reason in the order of the rules, and
-- what was kept. A figure that the splits refused has their reason.
--   out: one row a stage and reason: stage, reason, n, what is left after it, and what came in; the cuts add up
WITH cut AS (
    SELECT rejections.step AS stage, coalesce(placed.reason, rejections.reason) AS reason, count(*) AS n
    FROM rejections
    LEFT JOIN (SELECT row_id, reason FROM rejections WHERE step = 'figure_splits') AS placed
           ON rejections.step = 'captions' AND rejections.reason = 'not-in-splits' AND placed.row_id = rejections.row_id
    WHERE rejections.step IN ('papers', 'figures', 'captions')
    GROUP BY ALL
), ordered AS (
    SELECT stage, reason, n,
           CASE WHEN stage <> 'captions' THEN 0
                WHEN reason LIKE 'sealed-by-%' OR reason LIKE 'shows-%' THEN 4
                ELSE coalesce(list_position(
                    ['too-few-words', 'duplicate-picture', 'duplicate-text', 'sky', 'not-rated', 'multiplot', 'corrupted',
                     'low-score', 'contradicted', 'not-redistributable', 'bad-record', 'duplicate'], reason), 99) END AS place
    FROM cut
), stages AS (
    SELECT step AS stage, list_position(['papers', 'figures', 'captions'], step) AS nth, sum(n_in)::BIGINT AS n_in,
           sum(n_kept)::BIGINT AS n_kept
    FROM steps WHERE step IN ('papers', 'figures', 'captions') GROUP BY ALL
)
SELECT stage, nth, n_in, n_kept, reason, n,
       n_in - sum(n) OVER (PARTITION BY stage ORDER BY place, n DESC, reason ROWS UNBOUNDED PRECEDING)::BIGINT AS n_left
FROM stages LEFT JOIN ordered USING (stage)
ORDER BY nth, place, n DESC, reason
