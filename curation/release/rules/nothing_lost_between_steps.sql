-- what a step kept is what the next one got: windows, cutouts, samples, splits
-- do: Run `check`, then `build --repair`: a step got fewer rows than the one before it kept.
WITH kept AS (SELECT step, sum(n_kept) AS n FROM steps GROUP BY step),
got AS (SELECT step, sum(n_in) AS n FROM steps GROUP BY step),
chain AS (
    FROM (VALUES ('sources', 'windows'), ('windows', 'frames'), ('frames', 'cutouts'), ('conversations', 'samples'),
                 ('cutouts', 'splits'), ('figures', 'figure_splits'), ('figures', 'ratings'), ('figures', 'captions'))
        AS link(giver, taker)
    UNION ALL
    SELECT 'windows', 'cutouts' WHERE NOT EXISTS (FROM got WHERE step = 'frames')
)
SELECT taker AS row_key, kept.n || ' ' || giver || ' kept, ' || got.n || ' came in' AS found
FROM chain JOIN kept ON kept.step = giver JOIN got ON got.step = taker
WHERE kept.n <> got.n
