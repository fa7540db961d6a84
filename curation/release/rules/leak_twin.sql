-- no sky that two surveys show is in two splits
-- do: Do not release. Two surveys show the same sky in different published splits: leave one of the datasets out, or its split.
SELECT left_id || ' ' || right_id AS row_key, one.split || ' and ' || other.split AS found
FROM twins JOIN splits AS one ON one.cutout_id = left_id JOIN splits AS other ON other.cutout_id = right_id
WHERE one.split <> other.split
