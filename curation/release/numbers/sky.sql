-- Where the cutouts lie, in cells of about a degree.
--   out: one row a cell and split; ra_deg, dec_deg are means, ICRS
SELECT split, benchmark IS NOT NULL AS is_sealed, avg(ra_deg) AS ra_deg, avg(dec_deg) AS dec_deg, count(*) AS n
FROM splits
WHERE ra_deg IS NOT NULL
GROUP BY split, is_sealed, round(ra_deg * cos(radians(dec_deg))), round(dec_deg)
ORDER BY ALL
