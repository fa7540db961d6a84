"""A contact sheet: images drawn by every stretch and in colour, side by side, so that a person can choose."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from curation.pictures.plane import open_plane
from curation.pictures.render import Picture, draw
from curation.pictures.seen import seen
from curation.pictures.stretches import WAYS
from curation.pictures.zscale import clipped_rms, extent
from schemas.errors import CorpusError

TILE_PX, GAP_PX, LINE_PX = 200, 6, 15
MOST_IMAGES = 60
Row = dict[str, Any]


@dataclass(frozen=True)
class Tile:
    """An image drawn in one way, and what that shows of its source; see `Seen`."""

    drawn: str
    saturated_share: float | None
    range_kept: float | None
    picture: np.ndarray

    @property
    def caption(self) -> str:
        """One line for below it."""
        white = "no source" if self.saturated_share is None else f"{100 * self.saturated_share:.0f} % white"
        kept = "" if self.range_kept is None else f", {100 * self.range_kept:.0f} % kept"
        return white + kept

    @property
    def told(self) -> Row:
        """Its numbers."""
        return {name: value for name, value in asdict(self).items() if name != "picture"}


def tiles(path: Path, side_px: int) -> list[Tile]:
    """The middle of an image, at most `side_px` wide and high, in every way. Raises ImageError."""
    plane = open_plane(path)
    left, bottom = (max(0, (size - side_px) // 2) for size in (plane.width_px, plane.height_px))
    box = left, bottom, min(plane.width_px, left + side_px), min(plane.height_px, bottom + side_px)
    image = np.ascontiguousarray(plane.read(box), np.float32)
    rms = clipped_rms(image) if extent(image)[0] else None
    return [_tile(image, way, rms) for way in WAYS]


def _tile(image: np.ndarray, way: str | tuple[str, str, str], rms: float | None) -> Tile:
    picture = Picture(TILE_PX, way)
    drawn = draw(image, picture)
    found = seen(image, picture.stretches, drawn.scales, rms)
    return Tile(" + ".join(picture.stretches), found.saturated_share, found.range_kept, drawn.picture)


def sheet(paths: Sequence[Path], side_px: int, file: Path) -> list[Row]:
    """Write the sheet, a row for each image, as PNG; gives what each shows, or `error` with the line that says why not.

    CorpusError where there is nothing to draw, or more than MOST_IMAGES.
    """
    if len(paths) > MOST_IMAGES:
        raise CorpusError(f"found {len(paths)} images, a sheet holds {MOST_IMAGES}; name fewer of them")
    rows, facts = list[tuple[str, list[Tile]]](), list[Row]()
    for path in paths:
        try:
            made = tiles(path, side_px)
        except (CorpusError, OSError) as error:
            told = str(error)
            facts.append({"file": str(path), "error": told if str(path) in told else f"{path}: {told}"})
            continue
        rows.append((path.name, made))
        facts.append({"file": str(path), "pictures": [one.told for one in made]})
    if rows:
        _put_together(rows).save(file, "PNG", optimize=True)
    return facts


def lines(one: Row) -> list[str]:
    """What was found of an image, for people."""
    if "error" in one:
        return [f"error: {one['error']}"]
    return [one["file"], *(f"  {_line(picture)}" for picture in one["pictures"])]


def _line(told: Row) -> str:
    if told["saturated_share"] is None:
        return f"{told['drawn']:22} no pixel above 5 rms"
    kept = "no range" if told["range_kept"] is None else f"{100 * told['range_kept']:5.1f} % of the range kept"
    return f"{told['drawn']:22} {100 * told['saturated_share']:5.1f} % of the source white, {kept}"


def _put_together(rows: Sequence[tuple[str, list[Tile]]]) -> Image.Image:
    high = TILE_PX + 2 * LINE_PX + GAP_PX
    made = Image.new("RGB", (GAP_PX + len(WAYS) * (TILE_PX + GAP_PX), LINE_PX + len(rows) * high), "white")
    pen, font = ImageDraw.Draw(made), ImageFont.load_default()
    for row, (name, drawn) in enumerate(rows):
        y = LINE_PX + row * high
        pen.text((GAP_PX, y), name, "black", font)
        for column, one in enumerate(drawn):
            x = GAP_PX + column * (TILE_PX + GAP_PX)
            if not row:
                pen.text((x, 1), one.drawn, "black", font)
            made.paste(Image.fromarray(one.picture), (x, y + LINE_PX))
            pen.text((x, y + LINE_PX + TILE_PX), one.caption, "black", font)
    return made
