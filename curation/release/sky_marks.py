"""Marks over a picture of the sky: a scale bar, the beam, and the ways north and east.

All lengths are percent of the picture's side, origin top left, y downwards. The picture is a square as wide as the
longer side of its cutout (`pictures.render`).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WIDEST_BAR, WIDEST_BEAM = 0.4, 0.5
"""Shares of the side."""
STEPS = (1, 2, 5, 10, 20, 30)
LENGTHS_ARCSEC = tuple(
    (step * unit, f"{step} {name}") for unit, name in ((1, "arcsec"), (60, "arcmin"), (3600, "deg")) for step in STEPS
)


@dataclass(frozen=True)
class Beam:
    """The synthesised beam at half its maximum."""

    major: float
    """Semi-axis."""
    minor: float
    turn_deg: float
    """Of the major axis, clockwise from the right, as SVG turns."""
    told: str


@dataclass(frozen=True)
class Marks:
    """What is known of the sky under a picture; anything else is None."""

    bar: float | None
    """Length of the scale bar."""
    bar_told: str
    north: tuple[float, float] | None
    """Unit vector, x to the right and y downwards; so is east."""
    east: tuple[float, float] | None
    beam: Beam | None


def sky_marks(cutout: Mapping[str, Any]) -> Marks | None:
    """The marks of a row of CUTOUTS; None where its place on the sky is not known."""
    pixel, up, left = (cutout[name] for name in ("pixel_x_arcsec", "up_pa_deg", "left_pa_deg"))
    if not pixel:
        return None
    side_arcsec = max(cutout["width_px"], cutout["height_px"]) * pixel
    bar, told = scale_bar(side_arcsec)
    if up is None or left is None:
        return Marks(bar, told, None, None, None)
    north, east = (_toward(pa_deg, up, left) for pa_deg in (0.0, 90.0))
    return Marks(bar, told, north, east, _beam(cutout, side_arcsec))


def scale_bar(side_arcsec: float) -> tuple[float | None, str]:
    """The longest round length of at most 0.4 of the side, and its name; None where the side is below 2.5 arcsec."""
    fitting = [one for one in LENGTHS_ARCSEC if one[0] <= WIDEST_BAR * side_arcsec]
    return (100 * fitting[-1][0] / side_arcsec, fitting[-1][1]) if fitting else (None, "")


def _toward(pa_deg: float, up_pa_deg: float, left_pa_deg: float) -> tuple[float, float]:
    """The way to a position angle; in a mirrored picture, whose left is west of up, it turns the other way."""
    is_mirrored = (left_pa_deg - up_pa_deg) % 360 > 180  # noqa: PLR2004
    from_up = math.radians((up_pa_deg - pa_deg) if is_mirrored else (pa_deg - up_pa_deg))
    return -math.sin(from_up), -math.cos(from_up)


def _beam(cutout: Mapping[str, Any], side_arcsec: float) -> Beam | None:
    major, minor, pa_deg = (cutout[name] for name in ("beam_major_arcsec", "beam_minor_arcsec", "beam_pa_deg"))
    if not major or not minor or major > WIDEST_BEAM * side_arcsec or (pa_deg is None and major != minor):
        return None
    x, y = _toward(pa_deg or 0.0, cutout["up_pa_deg"], cutout["left_pa_deg"])
    told = f"beam {major:.3g}″ × {minor:.3g}″, from the {cutout['beam_from']}"
    return Beam(50 * major / side_arcsec, 50 * minor / side_arcsec, math.degrees(math.atan2(y, x)), told)
