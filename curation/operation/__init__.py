"""Running by itself: what builds took, why a table is to be made, what is there, and what nothing reaches any more."""
