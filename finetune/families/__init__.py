"""Families of models: what is particular about each, a file a family."""
