"""DS9 region files: polygons, boxes, circles and ellipses, on the sky or in pixels, each with its tags.

DS9 counts pixels from 1; ours are 0-based. On the sky its angles run from west through north, so that a box's height
and an ellipse's second radius point north at 0; radii are half widths.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord

from catalogs.formats.plain_json import RefusedError
from catalogs.sky import box_polygon, ellipse_polygon
from schemas.errors import CatalogError
from schemas.rejection import Rejection

FRAMES = {
    "image": "image", "fk5": "fk5", "j2000": "fk5", "icrs": "icrs", "galactic": "galactic",
}  # fmt: skip
NOT_OURS = ("physical", "linear", "wcs", "detector", "amplifier", "fk4", "b1950", "ecliptic", "unknown")
N_NUMBERS = {"circle": (3,), "ellipse": (4, 5), "box": (4, 5)}  # the angle may be left out
N_WITH_ANGLE = 5
SHAPE = re.compile(r"(?P<sign>[+-]?)\s*(?P<shape>[A-Za-z]\w*)\s*\(?(?P<numbers>[^)#]*)\)?\s*$")
TAG = re.compile(r"tag\s*=\s*(?:\{([^}]*)\}|\"([^\"]*)\"|'([^']*)')")
TEXT = re.compile(r"text\s*=\s*(?:\{([^}]*)\}|\"([^\"]*)\"|'([^']*)')")
UNITS_ARCSEC = {'"': 1.0, "'": 60.0, "d": 3600.0, "": 3600.0}
SEXAGESIMAL = re.compile(r"(?P<sign>[+-]?)(?P<one>\d+)[:hd](?P<two>\d+)[:m'](?P<three>\d+(?:\.\d*)?)[s\"]?")
N_CURVE = 24
FEWEST_NUMBERS = 6
CLOSING = 1e-9


@dataclass(frozen=True)
class Region:
    """A region with its outline: on the sky (ICRS) or in FITS pixels, never both."""

    line: int
    """1-based."""
    shape: str
    sky_polygon_deg: tuple[float, ...] | None
    image_polygon_px: tuple[float, ...] | None
    tags: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Ds9File:
    """A file's regions, and the shapes that are none of ours."""

    regions: tuple[Region, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Shapes in the file."""
        return len(self.regions) + len(self.rejections)


def read_ds9(path: Path) -> Ds9File:
    """The regions of a file. Raises CatalogError for a file that is not text.

    Refused: `no-frame`, a shape before any coordinate system, or in one that is not fk5, icrs, galactic or image;
    `not-an-outline`, a shape without an area of its own, or one taken out; `bad-region`, numbers that are none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a text file: {error}") from error
    frame, regions, rejections = "", list[Region](), list[Rejection]()
    for number, line in enumerate(lines, 1):
        body, _, comment = line.partition("#")
        for part in body.split(";"):
            words = part.split()
            if not words or words[0].lower() == "global":
                continue
            if len(words) == 1 and words[0].lower() in (*FRAMES, *NOT_OURS):
                frame = words[0].lower()
                continue
            try:
                regions.append(_region(number, part.strip(), frame, comment))
            except RefusedError as refused:
                rejections.append(refused.rejection(path, number, {"line": line.strip()}))
    return Ds9File(tuple(regions), tuple(rejections))


def write_ds9(path: Path, regions: Sequence[Region]) -> Path:
    """The regions as polygons, each in its frame, with tags and text."""
    lines = ["# Region file format: DS9 version 4.1", "global color=green"]
    for one in regions:
        tags = "".join(f" tag={{{tag}}}" for tag in one.tags) + (f" text={{{one.text}}}" if one.text else "")
        if one.sky_polygon_deg is not None:
            frame, body = "icrs", ",".join(f"{value:.8f}" for value in one.sky_polygon_deg)
        else:
            frame, body = "image", ",".join(f"{value + 1:.3f}" for value in one.image_polygon_px or ())
        lines.append(f"{frame}; polygon({body}) #{tags}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _region(line: int, text: str, frame: str, comment: str) -> Region:
    if frame not in FRAMES:
        raise RefusedError("no-frame", f"found {frame or 'no coordinate system'}, expected one of {', '.join(FRAMES)}")
    found = SHAPE.match(text)
    if not found:
        raise RefusedError("bad-region", f"found {text!r:.80}, expected a shape with its numbers")
    shape = found["shape"].lower()
    if found["sign"] == "-" or shape not in (*N_NUMBERS, "polygon"):
        what = "a region taken out" if found["sign"] == "-" else shape
        raise RefusedError("not-an-outline", f"found {what}, expected polygon, box, circle or ellipse")
    words = found["numbers"].replace(",", " ").split()
    _check_numbers(shape, words)
    tags, texts = ([next(filter(None, one), "") for one in rule.findall(comment)] for rule in (TAG, TEXT))
    outline = _in_pixels(shape, words) if FRAMES[frame] == "image" else _on_sky(shape, words, FRAMES[frame])
    sky, image = (None, outline) if FRAMES[frame] == "image" else (outline, None)
    return Region(line, shape, sky, image, tuple(tags), texts[0] if texts else "")


def _check_numbers(shape: str, words: Sequence[str]) -> None:
    n = len(words)
    is_right = n >= FEWEST_NUMBERS and n % 2 == 0 if shape == "polygon" else n in N_NUMBERS[shape]
    if not is_right:
        raise RefusedError("bad-region", f"{shape}: found {len(words)} numbers")


def _in_pixels(shape: str, words: Sequence[str]) -> tuple[float, ...]:
    numbers = [_number(word.rstrip("ip")) for word in words]
    if shape == "polygon":
        return _open([number - 1 for number in numbers])
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


def _on_sky(shape: str, words: Sequence[str], frame: str) -> tuple[float, ...]:
    """The outline in ICRS; a curve is drawn about its centre in the frame's own axes."""
    if shape == "polygon":
        pairs = zip(words[0::2], words[1::2], strict=True)
        own = [value for pair in pairs for value in _position(*pair, frame)]
        return _icrs(_open(own), frame)
    longitude, latitude = _position(words[0], words[1], frame)
    angle = _number(words[4]) if len(words) == N_WITH_ANGLE else 0.0
    sizes = [_arcsec(word) for word in words[2:4]]
    if shape == "box":
        return _icrs(box_polygon(longitude, latitude, sizes[0], sizes[1], angle), frame)
    first, second = (sizes[0], sizes[0]) if shape == "circle" else sizes
    # The first radius lies along the angle, which begins at west; a position angle begins at north.
    return _icrs(ellipse_polygon(longitude, latitude, 2 * first, 2 * second, angle - 90), frame)


CORNERS = ((-1, 1, 1, -1), (-1, -1, 1, 1))


def _icrs(outline: Sequence[float], frame: str) -> tuple[float, ...]:
    if frame == "icrs":
        return tuple(float(one) for one in outline)
    numbers = np.asarray(outline, float).reshape(-1, 2)
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
    return _size(_number(word.removesuffix(unit))) * UNITS_ARCSEC[unit]


def _number(word: str) -> float:
    try:
        found = float(word)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise RefusedError("bad-region", f"found {word!r:.40}, expected a number")
    return found


def _size(number: float) -> float:
    if number <= 0:
        raise RefusedError("bad-region", f"found the size {number}, expected one above 0")
    return number


def _open(outline: Sequence[float]) -> tuple[float, ...]:
    """Without a last vertex that repeats the first."""
    is_closed = len(outline) > FEWEST_NUMBERS and math.dist(outline[:2], outline[-2:]) < CLOSING
    return tuple(outline[:-2] if is_closed else outline)
