-- sealed sky is test: nothing else comes nearer to it than its radius, the cutout's and the guard
-- do: Do not release. Raise `guard_beams` of `[splits]` in the corpus file, or leave out the dataset whose cutouts come so near.
WITH widest AS (
    SELECT coalesce(max(radius_arcsec), 0) AS radius_arcsec FROM sealed
), trained AS (
    SELECT splits.*, (splits.radius_arcsec + guard_arcsec + widest.radius_arcsec) / 3600 AS reach_deg
    FROM splits, widest
    WHERE split <> 'test' AND splits.radius_arcsec IS NOT NULL
), near AS (
    SELECT cutout_id, split, sealed.benchmark, source_name,
           trained.radius_arcsec + sealed.radius_arcsec + guard_arcsec AS required_arcsec,
           2 * degrees(asin(least(1, sqrt(
               sin(radians(trained.dec_deg - sealed.dec_deg) / 2) ** 2
               + cos(radians(trained.dec_deg)) * cos(radians(sealed.dec_deg))
               * sin(radians(trained.ra_deg - sealed.ra_deg) / 2) ** 2
           )))) * 3600 AS separation_arcsec
    FROM trained JOIN sealed
      ON sealed.dec_deg >= trained.dec_deg - reach_deg AND sealed.dec_deg <= trained.dec_deg + reach_deg
)
SELECT cutout_id AS row_key, split || ', in the sky of ' || benchmark || ': ' || source_name AS found
FROM near
WHERE separation_arcsec < required_arcsec - 0.001
