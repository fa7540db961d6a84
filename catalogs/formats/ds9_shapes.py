"""The shapes of DS9 region files as outlines: on the sky (ICRS) or in FITS pixels.

DS9 counts pixels from 1; ours are 0-based. On the sky its angles run from west through north, so that a box's height
and an ellipse's second radius point north at 0; radii are half widths.
"""

import math
import re
from collections.abc import Sequence

import numpy as np
from astropy.coordinates import SkyCoord
from numpy.typing import ArrayLike

from catalogs.formats.outlines import FEWEST_VERTICES, MOST_PX, Polygon, hull, outline_of
from catalogs.formats.plain_json import DECIMAL, RefusedError
from catalogs.sky import box_polygon, ellipse_polygon, positions_deg, unit_vectors

FRAMES = {
    "image": "image", "fk5": "fk5", "j2000": "fk5", "icrs": "icrs", "galactic": "galactic",
}  # fmt: skip
N_NUMBERS = {"circle": (3,), "ellipse": (4, 5), "box": (4, 5)}  # the angle may be left out
N_WITH_ANGLE = 5
SEXAGESIMAL = re.compile(
    r"(?P<sign>[+-]?)(?P<one>\d{1,3})[:hd](?P<two>[0-5]?\d)[:m'](?P<three>[0-5]?\d(?:\.\d*)?)[s\"]?", re.ASCII
)
UNITS_ARCSEC = {'"': 1.0, "'": 60.0, "d": 3600.0, "": 3600.0}
MOST_ARCSEC = 90 * 3600.0
N_CURVE = 24
FEWEST_NUMBERS = 6
CLOSING = 1e-9
CORNERS = ((-1, 1, 1, -1), (-1, -1, 1, 1))
AMID = 0.1  # how long the mean of directions must be at least; shorter, and they lie all around the sky


def outline(shape: str, words: Sequence[str], frame: str) -> Polygon:
    """The outline of a shape by its numbers as they stand in the file: FITS pixels for `image`, else ICRS.

    Raises RefusedError, `bad-region`, for numbers that are none, or too few, or in another unit.
    """
    n = len(words)
    is_right = n >= FEWEST_NUMBERS and n % 2 == 0 if shape == "polygon" else n in N_NUMBERS[shape]
    if not is_right:
        raise RefusedError("bad-region", f"{shape}: found {n} numbers")
    return _in_pixels(shape, words) if FRAMES[frame] == "image" else _on_sky(shape, words, FRAMES[frame])


def joined(parts: Sequence[Polygon], *, is_sky: bool) -> Polygon:
    """The hull of several outlines, on the sky or in pixels. Raises RefusedError where there is none."""
    points = np.concatenate([np.reshape(one, (-1, 2)) for one in parts])
    if not is_sky:
        return hull(points, "bad-region")
    directions = unit_vectors(points[:, 0], points[:, 1])
    middle = directions.mean(axis=0)
    if np.linalg.norm(middle) < AMID or (directions @ middle).min() <= AMID * np.linalg.norm(middle):
        raise RefusedError("bad-region", "the joined shapes lie all around the sky, so no outline goes round them")
    ra, dec = np.radians(positions_deg(middle))
    east = np.array([-np.sin(ra), np.cos(ra), 0])
    north = np.array([-np.sin(dec) * np.cos(ra), -np.sin(dec) * np.sin(ra), np.cos(dec)])
    # In the tangent plane great circles are straight, so a hull there is one on the sky.
    plane = np.column_stack([directions @ east, directions @ north]) / (directions @ middle)[:, None]
    chosen = np.reshape(hull(plane * 1e6, "bad-region"), (-1, 2)) / 1e6
    axis = middle / np.linalg.norm(middle) ** 2
    around = axis + chosen[:, :1] * east + chosen[:, 1:] * north
    return tuple(float(one) for one in np.column_stack(positions_deg(around)).ravel())


def _in_pixels(shape: str, words: Sequence[str]) -> Polygon:
    numbers = [_number(word.removesuffix("i")) for word in words]  # a "p" would be physical, in other pixels
    if max(map(abs, numbers)) > MOST_PX:
        raise RefusedError("bad-region", f"found a number beyond {MOST_PX:g} pixels")
    if shape == "polygon":
        return outline_of([np.reshape(numbers, (-1, 2)) - 1], "bad-region")
    x, y, radii = numbers[0] - 1, numbers[1] - 1, [_size(one) for one in numbers[2:4]]
    turn = math.radians(numbers[4]) if len(numbers) == N_WITH_ANGLE else 0.0
    if shape == "box":
        along, across = (np.array(signs) * side / 2 for signs, side in zip(CORNERS, radii, strict=True))
    else:
        step = np.arange(N_CURVE) * (2 * np.pi / N_CURVE)
        along, across = radii[0] * np.cos(step), radii[-1 if shape == "ellipse" else 0] * np.sin(step)
    vertices = np.column_stack(
        [
            x + along * math.cos(turn) - across * math.sin(turn),
            y + along * math.sin(turn) + across * math.cos(turn),
        ]
    )
    return tuple(float(one) for one in vertices.ravel())


def _on_sky(shape: str, words: Sequence[str], frame: str) -> Polygon:
    """The outline in ICRS; a curve is drawn about its centre in the frame's own axes."""
    if shape == "polygon":
        pairs = zip(words[0::2], words[1::2], strict=True)
        own = np.array(_open([value for pair in pairs for value in _position(*pair, frame)])).reshape(-1, 2)
        if len(own) < FEWEST_VERTICES or np.linalg.matrix_rank(own - own[0], tol=CLOSING) < 2:  # noqa: PLR2004
            raise RefusedError("bad-region", "polygon: its points enclose no area")
        return _icrs(own, frame)
    longitude, latitude = _position(words[0], words[1], frame)
    angle = _number(words[4]) if len(words) == N_WITH_ANGLE else 0.0
    sizes = [_arcsec(word) for word in words[2:4]]
    if shape == "box":
        return _icrs(box_polygon(longitude, latitude, sizes[0], sizes[1], angle), frame)
    first, second = (sizes[0], sizes[0]) if shape == "circle" else sizes
    # The first radius lies along the angle, which begins at west; a position angle begins at north.
    return _icrs(ellipse_polygon(longitude, latitude, 2 * first, 2 * second, angle - 90), frame)


def _icrs(outline: ArrayLike, frame: str) -> Polygon:
    numbers = np.asarray(outline, float).reshape(-1, 2)
    if frame == "icrs":
        return tuple(float(one) for one in numbers.ravel())
    sky = SkyCoord(numbers[:, 0], numbers[:, 1], unit="deg", frame=frame).icrs
    return tuple(float(one) for one in np.column_stack([sky.ra.deg % 360, sky.dec.deg]).ravel())


def _position(first: str, second: str, frame: str) -> tuple[float, float]:
    longitude = _degrees(first, is_hours=frame != "galactic" and (":" in first or "h" in first)) % 360
    latitude = _degrees(second, is_hours=False)
    if abs(latitude) > 90:  # noqa: PLR2004 -- the pole
        raise RefusedError("bad-region", f"found the position {first} {second}")
    return longitude, latitude


def _degrees(word: str, *, is_hours: bool) -> float:
    parts = SEXAGESIMAL.fullmatch(word)
    if not parts:
        return _number(word.removesuffix("d"))
    size = int(parts["one"]) + int(parts["two"]) / 60 + float(parts["three"]) / 3600
    return (-size if parts["sign"] == "-" else size) * (15 if is_hours else 1)


def _arcsec(word: str) -> float:
    unit = word[-1] if word[-1:] in UNITS_ARCSEC else ""
    if word[-1:] in ("p", "i", "r"):
        raise RefusedError("bad-region", f"found the size {word!r}, expected one on the sky")
    size = _size(_number(word.removesuffix(unit))) * UNITS_ARCSEC[unit]
    if size > MOST_ARCSEC:
        raise RefusedError("bad-region", f"found the size {word!r:.40}, expected at most a quarter of the sky's round")
    return size


def _number(word: str) -> float:
    found = float(word) if DECIMAL.fullmatch(word) else math.nan
    if not math.isfinite(found):
        raise RefusedError("bad-region", f"found {word!r:.40}, expected a number")
    return found


def _size(number: float) -> float:
    if number <= 0:
        raise RefusedError("bad-region", f"found the size {number}, expected one above 0")
    return number


def _open(outline: Sequence[float]) -> Polygon:
    """Without a last vertex that repeats the first."""
    is_closed = len(outline) > FEWEST_NUMBERS and math.dist(outline[:2], outline[-2:]) < CLOSING
    return tuple(outline[:-2] if is_closed else outline)
