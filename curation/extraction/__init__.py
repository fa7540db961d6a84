"""Claim extraction: what a text says, read from its words alone."""
