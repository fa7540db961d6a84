"""All that would go wrong, before the first step."""
