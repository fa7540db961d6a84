"""What comes out: models that load anywhere, their cards, merges and other names."""
