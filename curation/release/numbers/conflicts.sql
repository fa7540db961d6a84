-- Twins whose labels deny each other.
--   out: one row a pair, fifty of them by key
SELECT first.source_name AS first_name, left_dataset AS first_dataset, second.source_name AS second_name,
       right_dataset AS second_dataset, separation_arcsec, array_to_string(conflicts, '; ') AS conflicts
FROM twins
JOIN cutouts AS one ON one.cutout_id = left_id JOIN sources AS first ON first.source_id = one.source_id
JOIN cutouts AS other ON other.cutout_id = right_id JOIN sources AS second ON second.source_id = other.source_id
WHERE len(conflicts) > 0
ORDER BY md5(left_id || right_id), left_id, right_id
LIMIT 50
