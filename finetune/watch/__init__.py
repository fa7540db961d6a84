"""What a run says of itself while it goes: its log, and what it still knows."""
