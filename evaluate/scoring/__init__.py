"""Scores of what came back, with their intervals and thresholds, and models held against each other."""
