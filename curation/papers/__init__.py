"""What a paper holds: its figures with their captions, from sources that nobody trusts. Pure functions, no steps."""
