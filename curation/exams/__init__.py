"""Exams of what is held to be true: statements that nobody derived from our own grammar, with verdicts given by hand."""
