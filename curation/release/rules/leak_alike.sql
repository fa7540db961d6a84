-- no pictures that are nearly the same are in two splits
-- do: Do not release. Two published splits have nearly the same picture: leave one of the datasets out, or its split.
SELECT left_id || ' ' || right_id AS row_key, one.split || ' and ' || other.split AS found
FROM alike JOIN splits AS one ON one.cutout_id = left_id JOIN splits AS other ON other.cutout_id = right_id
WHERE one.split <> other.split
