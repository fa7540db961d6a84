"""Conversations as rows of tokens: labels, isolated turns, packing, order."""
