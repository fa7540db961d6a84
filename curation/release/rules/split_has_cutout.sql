-- a split is of a cutout that CUTOUTS have, at the cutout's place
-- do: Run `check`, then `build --repair`: a table of cutouts is damaged or of another build.
SELECT splits.cutout_id AS row_key, splits.ra_deg || ' ' || splits.dec_deg AS found
FROM splits LEFT JOIN cutouts USING (cutout_id)
WHERE cutouts.cutout_id IS NULL
   OR cutouts.ra_deg IS DISTINCT FROM splits.ra_deg OR cutouts.dec_deg IS DISTINCT FROM splits.dec_deg
