"""Names within a release folder."""

FOLDER = "handover"
"""Where the hand-over lies in a release."""
