"""What the picture alone gives: encoders with a head, and what a tuned model knows at which layer."""
