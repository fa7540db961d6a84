"""What an annotation file says of one object, in the pixels of its picture."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outline:
    """An object of an annotation file, in FITS pixels: 0-based, centres at integers, row 0 at the bottom."""

    picture: str
    """The picture's name or id, in the file's words."""
    label: str
    """In the file's words."""
    row: int
    """0-based place in the file."""
    image_polygon_px: tuple[float, ...] | None
    """x, y, x, y, … of the outer outline, closing by itself; None for a mask, whose outline is in its pixels."""
    box_fits_px: tuple[float, float, float, float]
    """x_min, y_min, x_max, y_max, far edge outside: what the file says, else what the outline spans."""
    is_prediction: bool
    """True: a model found it, so it is no truth."""
    score: float | None = None
    n_mask_px: int | None = None
    """Pixels of its mask; None without one."""


def box_of(polygon: tuple[float, ...]) -> tuple[float, float, float, float]:
    """The box an outline spans, in pixel edges: the centre x covers x - 0.5 to x + 0.5, and edge 0 is at -0.5."""
    x, y = polygon[0::2], polygon[1::2]
    return min(x) + 0.5, min(y) + 0.5, max(x) + 0.5, max(y) + 0.5
