-- Where the cutouts lie, in cells of an arcminute, or as many as make at most 1,500 of them: for a corpus of a small piece of sky; none of a large one.
--   out: one row a cell and split; ra_deg, dec_deg are means, ICRS; side_arcmin of the cells
WITH sides AS (
    SELECT unnest([1, 2, 4, 8, 16, 32, 64]) AS side_arcmin
), rows_of_sky AS (
    SELECT split, benchmark IS NOT NULL AS is_sealed, ra_deg, dec_deg, side_arcmin, side_arcmin / 60 AS side_in_deg,
           round(dec_deg / side_in_deg) AS row_of_sky
    FROM splits, sides WHERE ra_deg IS NOT NULL
), cells AS (
    SELECT side_arcmin, split, is_sealed, avg(ra_deg) AS ra_deg, avg(dec_deg) AS dec_deg, count(*) AS n
    FROM rows_of_sky
    GROUP BY side_arcmin, split, is_sealed, row_of_sky,
             round(ra_deg * cos(radians(row_of_sky * side_in_deg)) / side_in_deg)
), fitting AS (
    SELECT min(side_arcmin) FILTER (n_cells <= 1500) AS side_arcmin
    FROM (SELECT side_arcmin, count(*) AS n_cells FROM cells GROUP BY side_arcmin)
)
SELECT split, is_sealed, ra_deg, dec_deg, n, side_arcmin FROM cells JOIN fitting USING (side_arcmin)
ORDER BY ALL
