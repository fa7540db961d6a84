-- Where the cutouts lie, in cells of about an arcminute: for a corpus of a small piece of sky.
--   out: one row a cell and split; ra_deg, dec_deg are means, ICRS
SELECT split, benchmark IS NOT NULL AS is_sealed, avg(ra_deg) AS ra_deg, avg(dec_deg) AS dec_deg, count(*) AS n
FROM splits
WHERE ra_deg IS NOT NULL
GROUP BY split, is_sealed, round(ra_deg * cos(radians(dec_deg)) * 60), round(dec_deg * 60)
ORDER BY ALL
LIMIT 5000
