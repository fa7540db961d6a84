-- Where the cutouts lie, in cells of a degree, or as many as make at most 1,500 of them.
--   out: one row a cell and split; ra_deg, dec_deg are means, ICRS; side_deg of the cells
WITH sides AS (
    SELECT unnest([1, 2, 4, 8, 16]) AS side_deg
), rows_of_sky AS (
    SELECT split, benchmark IS NOT NULL AS is_sealed, ra_deg, dec_deg, side_deg, side_deg AS side_in_deg,
           round(dec_deg / side_in_deg) AS row_of_sky
    FROM splits, sides WHERE ra_deg IS NOT NULL
), cells AS (
    SELECT side_deg, split, is_sealed, avg(ra_deg) AS ra_deg, avg(dec_deg) AS dec_deg, count(*) AS n
    FROM rows_of_sky
    GROUP BY side_deg, split, is_sealed, row_of_sky,
             round(ra_deg * cos(radians(row_of_sky * side_in_deg)) / side_in_deg)
), fitting AS (
    SELECT coalesce(min(side_deg) FILTER (n_cells <= 1500), max(side_deg)) AS side_deg
    FROM (SELECT side_deg, count(*) AS n_cells FROM cells GROUP BY side_deg)
)
SELECT split, is_sealed, ra_deg, dec_deg, n, side_deg FROM cells JOIN fitting USING (side_deg)
ORDER BY ALL
