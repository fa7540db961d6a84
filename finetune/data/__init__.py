"""What comes in: samples of hand-overs and where they are from."""
