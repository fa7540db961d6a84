"""Exams of what is held to be true: statements not derived from our own grammar, with verdicts given by hand."""
