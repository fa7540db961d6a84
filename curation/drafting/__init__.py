"""Door files drafted from a person's own images and tables: every guess is marked, every doubt told."""
