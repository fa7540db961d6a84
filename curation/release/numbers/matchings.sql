-- Cross-matches, and how far each can be trusted.
--   out: one row a cross-match; tables by name, without the hash of their address
SELECT matching, regexp_replace(left_table, '/[^/]*$', '') AS left_table,
       regexp_replace(right_table, '/[^/]*$', '') AS right_table, mode, radius_arcsec, n_left, n_right, n_pairs,
       n_left_matched, n_ambiguous, chance_share, offset_east_arcsec, offset_north_arcsec, is_offset_removed
FROM matchings
ORDER BY matching
