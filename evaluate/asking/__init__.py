"""Putting it to a model: served or in this process, with examples, without looking, and what came back."""
