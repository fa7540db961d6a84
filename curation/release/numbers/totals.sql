-- The corpus in eight numbers.
--   out: one row
SELECT
    (SELECT count(*) FROM samples) AS n_samples,
    (SELECT count(DISTINCT png_sha256) FROM samples) AS n_pictures,
    (SELECT coalesce(sum(n_turns), 0)::BIGINT FROM samples) AS n_turns,
    (SELECT count(DISTINCT dataset) FROM samples) AS n_datasets,
    (SELECT count(*) FROM captions) AS n_captions,
    (SELECT count(*) FROM samples WHERE benchmark IS NOT NULL) AS n_sealed,
    (SELECT count(*) FROM rejections WHERE reason = 'off-mosaic') AS n_off_mosaic,
    (SELECT count(*) FROM rejections WHERE reason <> 'off-mosaic') AS n_refused
