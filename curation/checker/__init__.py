"""What a text claims, read from its words alone, and whether it is true."""
