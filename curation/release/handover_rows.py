"""The records of a hand-over one by one, with their pictures and where on the sky these are, for other forms."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from pydantic import ValidationError

from curation.release.certificate import FILE_OF, PROVENANCE
from schemas.errors import StoreError
from schemas.llava import LlavaRecord

SIZE_AT = 16  # of a PNG: width and height follow, four bytes each
SKY = ("sample_id", "ra_deg", "dec_deg", "pixel_x_arcsec", "pixel_y_arcsec", "up_pa_deg", "left_pa_deg",
       "x_min_px", "x_max_px", "y_min_px", "y_max_px")  # fmt: skip
Wcs = dict[str, float]


@dataclass(frozen=True)
class Row:
    """A record with its picture."""

    number: int
    """Place in its split, from 0."""
    record: LlavaRecord
    png: bytes

    @property
    def messages(self) -> list[dict[str, str]]:
        """The turns as chat templates want them."""
        return self.record.as_messages()["messages"]

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the picture."""
        return int.from_bytes(self.png[SIZE_AT : SIZE_AT + 4]), int.from_bytes(self.png[SIZE_AT + 4 : SIZE_AT + 8])


@dataclass(frozen=True)
class Sky:
    """Where the picture of a sample is on the sky, and how it lies there: columns of provenance, angles in degrees."""

    ra_deg: float
    dec_deg: float
    pixel_x_arcsec: float
    pixel_y_arcsec: float
    up_pa_deg: float
    left_pa_deg: float
    width_px: int
    height_px: int
    """Of the cutout, before it was drawn to the size of its picture."""

    def wcs(self, size_px: tuple[int, int]) -> Wcs:
        """FITS keywords of a picture of so many pixels (width, height), on the tangent plane of its centre.

        Pixels as FITS counts them, from 1, but with row 1 at the top, as in a PNG.
        """
        width, height = size_px
        across_deg = self.pixel_x_arcsec / 3600 * self.width_px / width
        along_deg = self.pixel_y_arcsec / 3600 * self.height_px / height
        left, up = math.radians(self.left_pa_deg), math.radians(self.up_pa_deg)
        return {
            "CRPIX1": (width + 1) / 2, "CRPIX2": (height + 1) / 2, "CRVAL1": self.ra_deg, "CRVAL2": self.dec_deg,
            "CD1_1": -across_deg * math.sin(left), "CD1_2": -along_deg * math.sin(up),
            "CD2_1": -across_deg * math.cos(left), "CD2_2": -along_deg * math.cos(up),
        }  # fmt: skip


@dataclass(frozen=True)
class Split:
    """A split of a whole hand-over."""

    handover: Path
    name: str

    def places(self) -> Iterator[tuple[int, LlavaRecord]]:
        """Each record in its order, with where its line begins in the file; StoreError for a line that is none."""
        path = self.handover / FILE_OF[self.name]
        with path.open("rb") as lines:
            at = 0
            for line in lines:
                start, at = at, at + len(line)
                if line.strip().rstrip(b",") not in (b"[", b"]", b"[]"):
                    yield start, _record(line, path)

    def rows(self) -> Iterator[Row]:
        """Each record in its order with its picture; StoreError for a picture of another digest."""
        for number, (_, record) in enumerate(self.places()):
            yield Row(number, record, self.png(record))

    def png(self, record: LlavaRecord) -> bytes:
        """The picture of a record; StoreError where its bytes are not those that its name says."""
        path = self.handover / record.image
        png = path.read_bytes()
        if hashlib.sha256(png).hexdigest() != path.stem:
            raise StoreError(f"{path}: damaged: its bytes are not those that its name says")
        return png

    def row_at(self, place: int) -> Row:
        """The record whose line begins there, with its picture and no number."""
        path = self.handover / FILE_OF[self.name]
        with path.open("rb") as lines:
            lines.seek(place)
            record = _record(lines.readline(), path)
        return Row(-1, record, self.png(record))

    def sky(self) -> dict[str, Sky]:
        """Where samples are, by their ids; a figure of a paper, and a picture without a position, is nowhere."""
        table = pq.read_table(self.handover / PROVENANCE, columns=list(SKY), filters=[("split", "=", self.name)])
        return {row["sample_id"]: _sky(row) for row in table.to_pylist() if None not in row.values()}


def _sky(row: dict[str, float]) -> Sky:
    width, height = (int(row[f"{axis}_max_px"] - row[f"{axis}_min_px"]) for axis in "xy")
    angles = {name: row[name] for name in SKY[1:7]}
    return Sky(**angles, width_px=width, height_px=height)


def _record(line: bytes, path: Path) -> LlavaRecord:
    try:
        return LlavaRecord.model_validate_json(line.strip().rstrip(b","))
    except ValidationError as error:
        raise StoreError(f"{path}: a line is no record: {error.errors()[0]['msg']}") from None
