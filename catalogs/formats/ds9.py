"""DS9 region files: polygons, boxes, circles and ellipses, on the sky or in pixels, each with its tags.

Shapes joined by `||` (a composite region) are one region, whose outline goes round them all (see `outlines.py`); a `#
composite(…)` line before them only says that they come. What a line takes out, by `-`, `include=0` or `background`, is
no object. How numbers become outlines stands in `ds9_shapes.py`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalogs.formats.ds9_shapes import FRAMES, N_NUMBERS, joined, outline
from catalogs.formats.outlines import Polygon
from catalogs.formats.plain_json import RefusedError
from catalogs.formats.tables import check_plain
from schemas.errors import CatalogError
from schemas.rejection import Rejection

SHAPE = re.compile(r"(?P<sign>[+-]?)\s*(?P<shape>[A-Za-z]\w*)\s*\(?(?P<numbers>[^()#]*)\)?\s*$")
FRAME = re.compile(r"[A-Za-z][\w-]*|tile\s+\d+")
IN_COMMENT = re.compile(r"\s*(?P<shape>vector|text|ruler|compass|projection|segment)\s*\(", re.IGNORECASE)
TAG = re.compile(r"tag\s*=\s*(?:\{([^}]*)\}|\"([^\"]*)\"|'([^']*)')")
TEXT = re.compile(r"text\s*=\s*(?:\{([^}]*)\}|\"([^\"]*)\"|'([^']*)')")
QUOTED = re.compile(r"\{[^}]*\}|\"[^\"]*\"|'[^']*'")
TAKEN_OUT = re.compile(r"\binclude\s*=\s*[0-]|\bsource\s*=\s*0|(?<![=\w])background\b(?!\s*=\s*0)", re.IGNORECASE)
PUT_IN = re.compile(r"\binclude\s*=\s*[1+]|\bsource\s*=\s*1|(?<![=\w])source\b(?!\s*=)", re.IGNORECASE)
JOINED = "||"


@dataclass(frozen=True)
class Region:
    """A region with its outline: on the sky (ICRS) or in FITS pixels, never both."""

    line: int
    """1-based; of joined shapes that of the first."""
    shape: str
    """`composite` for joined shapes."""
    sky_polygon_deg: Polygon | None
    image_polygon_px: Polygon | None
    tags: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Ds9File:
    """A file's regions, and the shapes that are none of ours."""

    regions: tuple[Region, ...]
    rejections: tuple[Rejection, ...]

    @property
    def n_in(self) -> int:
        """Shapes in the file, joined ones counted as one."""
        return len(self.regions) + len(self.rejections)


@dataclass(frozen=True)
class _Written:
    """A shape as it stands in the file, and what holds for it."""

    line: int
    text: str
    frame: str
    comment: str
    is_taken_out: bool
    goes_on: bool
    """Whether the next shape is joined to it."""


def read_ds9(path: Path) -> Ds9File:
    """The regions of a file. Raises CatalogError for a file that is not text.

    Refused: `no-frame`, a shape before any coordinate system, or in one that is not fk5, icrs, galactic or image;
    `not-an-outline`, a shape without an area of its own, or one taken out; `bad-region`, numbers that are none. Joined
    shapes are refused together, where one of them is.
    """
    try:
        check_plain(path)
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: not a text file: {error}") from error
    regions, rejections, held = list[Region](), list[Rejection](), list[_Written]()
    for one in (*_written(lines), None):  # None: the end
        held += [one] if one else []
        if not held or (one is not None and one.goes_on):
            continue
        try:
            regions.append(_region(held))
        except RefusedError as refused:
            first = held[0].line
            rejections.append(refused.rejection(path, first, {"line": lines[first - 1].strip()[:1000]}))
        held = []
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


def _written(lines: Sequence[str]) -> Iterator[_Written]:
    """The shapes of a file in their order; those that stand in comments too, for DS9 draws them."""
    frame, is_out = "", False
    for number, line in enumerate(lines, 1):
        body, _, comment = line.partition("#")
        told, n_shapes = QUOTED.sub("", comment), 0
        for part in body.split(";"):
            words = part.split()
            if words and words[0].lower() == "global":
                is_out = _is_taken_out(QUOTED.sub("", line), before=False)
            elif FRAME.fullmatch(part.strip()) and part.strip().lower() not in (*N_NUMBERS, "polygon"):
                frame = part.strip().lower()  # one that is not ours refuses what follows
            elif words:
                n_shapes += 1
                *before, last = part.split(JOINED)
                out = _is_taken_out(told, before=is_out)
                yield from (_Written(number, one.strip(), frame, comment, out, goes_on=True) for one in before)
                if last.strip() or not before:
                    yield _Written(number, last.strip(), frame, comment, out, goes_on=False)
        drawn = IN_COMMENT.match(comment)
        if drawn and not n_shapes:
            text = comment.partition(")")[0] + ")"
            yield _Written(number, text.strip(), frame, comment, is_out, goes_on=JOINED in told)


def _is_taken_out(properties: str, *, before: bool) -> bool:
    return bool(TAKEN_OUT.search(properties)) or (before and not PUT_IN.search(properties))


def _region(held: Sequence[_Written]) -> Region:
    if held[-1].goes_on:
        raise RefusedError("bad-region", f"found {JOINED} with nothing after it, expected the shape that is joined")
    # A label among joined shapes has no extent.
    drawn = [one for one in held if not one.text.lower().startswith("text")] if len(held) > 1 else held
    parts = [_shape(one) for one in drawn or held]
    is_sky = {FRAMES[one.frame] != "image" for one in held}
    if len(is_sky) > 1:
        raise RefusedError("bad-region", "found shapes in pixels joined with shapes on the sky")
    polygon = parts[0][1] if len(parts) == 1 else joined([one for _, one in parts], is_sky=is_sky == {True})
    tags, texts = (
        list(dict.fromkeys(next(filter(None, one), "") for each in held for one in rule.findall(each.comment)))
        for rule in (TAG, TEXT)
    )
    sky, image = (polygon, None) if is_sky == {True} else (None, polygon)
    shape = "composite" if len(parts) > 1 else parts[0][0]
    return Region(held[0].line, shape, sky, image, tuple(tags), texts[0] if texts else "")


def _shape(one: _Written) -> tuple[str, Polygon]:
    """The name and the outline of a shape. Raises RefusedError."""
    if one.frame not in FRAMES:
        what = one.frame or "no coordinate system"
        raise RefusedError("no-frame", f"line {one.line}: found {what}, expected one of {', '.join(FRAMES)}")
    found = SHAPE.match(one.text)
    if not found:
        raise RefusedError("bad-region", f"line {one.line}: found {one.text!r:.80}, expected a shape with its numbers")
    shape = found["shape"].lower()
    is_out = found["sign"] == "-" or (one.is_taken_out and found["sign"] != "+")
    if is_out or shape not in (*N_NUMBERS, "polygon"):
        what = "a region taken out" if is_out else shape
        raise RefusedError("not-an-outline", f"line {one.line}: found {what}, expected polygon, box, circle or ellipse")
    return shape, outline(shape, found["numbers"].replace(",", " ").split(), one.frame)
