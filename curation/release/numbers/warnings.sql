-- What the reader of mosaics had to assume or repair.
--   out: one row a warning
SELECT survey, regexp_replace(warning, '[-+]?[0-9]+([.][0-9]+)?', '#', 'g') AS kind, count(*) AS n,
       min(warning) AS example
FROM mosaics, unnest(warnings) AS told(warning)
GROUP BY ALL
ORDER BY n DESC, survey, kind
