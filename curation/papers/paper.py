"""What is said of one paper: its figures, what is refused with its reason, and what it may cost."""

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    # of the paper, or of a member of its archive (number 0)
    "not-a-paper",
    "macros-without-end",
    "broken-archive",
    "too-large",
    "too-many-members",
    "path-outside",
    "link-in-archive",
    "device-in-archive",
    "no-figures",
    # of a figure
    "no-caption",
    "number-lost",
    "caption-broken",
    "no-picture",
    "drawn-by-tex",
    "picture-missing",
    "picture-broken",
    "picture-unknown",
    "picture-too-large",
    "picture-too-slow",
    "no-ghostscript",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a paper may cost. The defaults are several times what arXiv accepts of a submission."""

    archive_bytes: int = 300_000_000
    members: int = 5_000
    member_bytes: int = 100_000_000  # of one member, unpacked
    unpacked_bytes: int = 600_000_000  # of all members
    source_bytes: int = 10_000_000  # of the LaTeX sources, with what their macros make of them
    figures: int = 500
    pixels: int = 1 << 26  # of one picture as it stands in the paper
    side_px: int = 1024  # the longer side of a picture that is given
    seconds: float = 20.0  # for the pictures of one figure
    memory_bytes: int = 2_000_000_000  # of the process that converts


DEFAULT_LIMITS = Limits()
LOOKED_AT_PX = 512  # the longer side of a picture that is looked at by rule


def looked_at(width_px: int, height_px: int) -> tuple[int, int]:
    """Width and height of a picture's `grey`."""
    shrink = min(1.0, LOOKED_AT_PX / max(width_px, height_px))
    return max(1, round(width_px * shrink)), max(1, round(height_px * shrink))


@dataclass(frozen=True, slots=True)
class Figure:
    """One picture with its caption."""

    number: int  # order in the document, from 1
    panel: str  # "" or "a", "b", where it is a subfigure with a caption of its own
    kind: str  # the environment or macro: "figure", "figure*", "subfigure", "subfloat", "captionof", "pdf-page"
    label: str  # the first \label, "" without
    caption_latex: str  # as in the source, or as read from the PDF page
    caption: str  # clean Unicode; every number of it is found again in the source
    files: tuple[str, ...]  # member paths of the pictures, in order
    png: bytes  # sRGB or grey of 8 bit; several pictures of a caption stand side by side, in order
    grey: bytes  # the same as grey[y, x] of 8 bit, made smaller: `looked_at` of its sides
    width_px: int
    height_px: int
    n_pictures: int
    source_format: str  # "png", "jpeg", "tiff", "pdf", "eps", "ps" ...; of several kinds, joined by "+"
    source_sha256: str  # of the picture file as found; of several, of their digests in order


@dataclass(frozen=True, slots=True)
class Refused:
    """What is not given, and why."""

    number: int  # of the figure; 0 for the paper itself or a member of its archive
    panel: str
    label: str
    reason: Reason
    detail: str  # one clear line


@dataclass(frozen=True, slots=True)
class Paper:
    """What was found: figures and refusals in the order of the document."""

    figures: tuple[Figure, ...]
    refused: tuple[Refused, ...]
