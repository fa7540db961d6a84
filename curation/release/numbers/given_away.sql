-- Turns whose answer stands in an earlier turn of their conversation.
--   out: one row
SELECT count(*) AS n_turns, count(*) FILTER (list_contains(flags, 'answerable-earlier')) AS n_given_away FROM quality
