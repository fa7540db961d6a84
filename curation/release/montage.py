"""Tiles of the report: a picture as its readers see it, with the boxes of its answers and what is known of its sky."""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

from curation.release.sky_marks import Marks, sky_marks
from schemas.pictures import opened

LARGEST_PX, QUALITY = 256, 80
"""A picture of the page is to be looked at and not measured; noise, which compresses worst, takes 30 kB of WebP."""
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
    survey: str
    labels: tuple[str, ...]
    without: str
    """What to write where there is no label."""
    split: str
    benchmark: str | None
    extreme: str
    picture: str
    """A `data:` address."""
    outlines: tuple[Outline, ...]
    marks: Marks | None

    @property
    def alternative(self) -> str:
        """The picture in words, for who does not see it."""
        n = len(self.outlines)
        boxes = f", {n} box{'es' if n != 1 else ''}" if n else ""
        return f"{self.source_name} in {self.survey}: {', '.join(self.labels) or self.without}{boxes}"


def tile(row: Mapping[str, Any], extreme: str = "") -> Tile:
    """A sample's picture with the boxes that its answers claim, and its labels: the source's, else the objects'."""
    return Tile(
        sample_id=row["sample_id"],
        source_name=row["source_name"],
        survey=row["survey"],
        labels=tuple(sorted(row["labels"] or _classes(row["turns"]))),
        without="none of its scheme" if row["is_none_of_some"] else "no label known",
        split=row["split"],
        benchmark=row["benchmark"],
        extreme=extreme,
        picture=picture_address(row["png"]),
        outlines=outlines(row["turns"]),
        marks=sky_marks(row),
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
    """The picture as a `data:` address of a WebP, made smaller where the page shows it smaller; no pixel is made up."""
    image = opened(png, "a picture of the report")
    if max(image.size) > LARGEST_PX:
        image.thumbnail((LARGEST_PX, LARGEST_PX), Image.Resampling.LANCZOS)
    image = image if image.mode in ("L", "RGB") else image.convert("RGB")
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=4)
    return "data:image/webp;base64," + base64.b64encode(out.getvalue()).decode()
