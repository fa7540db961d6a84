"""Annotations as they come: one module a format, `read_` its verb."""
