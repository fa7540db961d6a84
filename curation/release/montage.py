"""Tiles of the report: a picture as its readers see it, with the boxes of its answers over it."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from schemas.pictures import opened

LARGEST_PX = 288
MOST_BOXES = 60


@dataclass(frozen=True)
class Outline:
    """A box as shares of the picture, origin top left, and the subject of its claim."""

    x: float
    y: float
    width: float
    height: float
    subject: str


@dataclass(frozen=True)
class Tile:
    """A picture of the montage."""

    sample_id: str
    source_name: str
    labels: tuple[str, ...]
    without: str
    """What to write where there is no label."""
    split: str
    benchmark: str | None
    extreme: str
    picture: str
    """A `data:` address of a PNG."""
    outlines: tuple[Outline, ...]


def tile(row: Mapping[str, Any], extreme: str = "") -> Tile:
    """A sample's picture with the boxes that its answers claim, and its labels: the source's, else the objects'."""
    return Tile(
        sample_id=row["sample_id"],
        source_name=row["source_name"],
        labels=tuple(sorted(row["labels"] or _classes(row["turns"]))),
        without="none of its scheme" if row["is_none_of_some"] else "no label known",
        split=row["split"],
        benchmark=row["benchmark"],
        extreme=extreme,
        picture=picture_address(row["png"]),
        outlines=outlines(row["turns"]),
    )


def _classes(turns: Sequence[Mapping[str, Any]]) -> set[str]:
    """The classes that the turns say are present."""
    claims = (claim for turn in turns for claim in turn["claims"] or ())
    return {claim["subject"] for claim in claims if claim["kind"] == "presence" and claim["state"] == "present"}


def outlines(turns: Sequence[Mapping[str, Any]]) -> tuple[Outline, ...]:
    """The boxes that the turns claim as present, each once, largest first so that none is covered."""
    found = {
        (*(round(edge, 4) for edge in claim["box"]), claim["subject"])
        for turn in turns
        for claim in turn["claims"] or ()
        if claim["box"] and claim["state"] == "present"
    }
    boxes = [Outline(x, y, x_max - x, y_max - y, subject) for x, y, x_max, y_max, subject in sorted(found)]
    return tuple(sorted(boxes, key=lambda box: -box.width * box.height)[:MOST_BOXES])


def picture_address(png: bytes) -> str:
    """The PNG as a `data:` address, made smaller where the page shows it smaller; pixels are not made up."""
    image = opened(png, "a picture of the report")
    if max(image.size) > LARGEST_PX:
        image.thumbnail((LARGEST_PX, LARGEST_PX), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
        png = out.getvalue()
    return "data:image/png;base64," + base64.b64encode(png).decode()
