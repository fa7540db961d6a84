"""Realisation: claims and facts in words, in many styles."""
