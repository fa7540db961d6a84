-- no sky that two surveys show is in two splits
SELECT left_id || ' ' || right_id AS row_key, one.split || ' and ' || other.split AS found
FROM twins JOIN splits AS one ON one.cutout_id = left_id JOIN splits AS other ON other.cutout_id = right_id
WHERE one.split <> other.split
