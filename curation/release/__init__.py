"""What goes out: samples, gates, the hand-over, the report."""
