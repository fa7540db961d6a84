"""Names within a release folder."""

from pathlib import Path

FOLDER = "handover"
"""Where the hand-over lies in a release."""


def handover_in(folder: Path) -> Path:
    """The hand-over of a release folder; any other folder as it is."""
    return folder / FOLDER if (folder / FOLDER).is_dir() else folder
