"""Pictures in a zip, whose names say split, class and position. Nothing is unpacked to disk, and nothing is trusted."""

import hashlib
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.pictures import as_png, opened, size_px
from schemas.rejection import Rejection

MOST_BYTES = 10_000_000  # of one picture
MOST_SIDE_PX = 4_096
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class KeptOut(BaseModel):
    """A catalogue whose sources may not be learned from; a column of its names holds their positions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    catalog: str
    column: str
    pattern: str
    """A regular expression of the whole name, with the groups `ra_deg` and `dec_deg`."""
    radius_arcsec: float = Field(gt=0)


class Zipped(BaseModel):
    """Where the pictures are, and what their names say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    """Relative to the raw folder."""
    sha256: str = Field(pattern="[0-9a-f]{64}")
    member: str
    """A regular expression of a picture's whole name, with the groups split, label, name, ra_deg and dec_deg."""
    splits: dict[str, Literal["train", "validation", "test"]]
    labels: dict[str, str]
    n_pictures: dict[str, int]
    """As published, of each split."""
    apart_arcsec: float = Field(gt=0)
    """Centres nearer than this are one patch of sky, of which no two splits may have pictures."""
    kept_out: tuple[KeptOut, ...] = ()


@dataclass(frozen=True)
class Picture:
    """A picture of a set."""

    picture_id: str
    source_id: str
    name: str
    member: str
    split: str
    label: str
    original: str
    ra_deg: float
    dec_deg: float
    """NaN, both, where nobody says its place."""
    png: bytes
    """Its bytes, by which its id is; for a picture of 16 bit or with transparency, a PNG of 8 bit (`as_png`)."""

    @property
    def is_blank(self) -> bool:
        """Whether every pixel is the same."""
        least, most = opened(self.png, self.member).convert("L").getextrema()
        return least == most


@dataclass(frozen=True)
class Found:
    """The pictures of a set, by id, and those that were published and cannot be shown."""

    pictures: tuple[Picture, ...]
    refused: tuple[Rejection, ...]


def read_pictures(raw: Path, name: str, zipped: Zipped) -> tuple[Picture, ...]:
    """Every picture of the set, by id. CatalogError for another file, other counts, or a picture that stands twice."""
    return _read(raw, name, zipped.model_dump_json())


def check_file(zipped: Zipped, raw: Path) -> None:
    """Raise CatalogError for a file that is absent, or not the one that is pinned."""
    check_pinned(raw / zipped.file, "sha256", zipped.sha256)


def check_pinned(path: Path, kind: Literal["sha256", "md5"], expected: str) -> None:
    """Raise CatalogError for a file that is absent, or whose digest of this kind is another."""
    if not path.is_file():
        raise CatalogError(f"{path}: no such file; the picture set needs it below --raw")
    found = _digest(path, kind, path.stat().st_mtime_ns)
    if found != expected:
        told = {"sha256": "SHA-256", "md5": "MD5"}[kind]
        raise CatalogError(f"{path}: {told} {found}, expected {expected}; fetch it again, or pin the new one")


@lru_cache(maxsize=2)
def _read(raw: Path, name: str, described: str) -> tuple[Picture, ...]:
    zipped = Zipped.model_validate_json(described)
    check_file(zipped, raw)
    try:
        found = tuple(sorted(_pictures(raw / zipped.file, name, zipped), key=lambda one: one.picture_id))
    except zipfile.BadZipFile as error:
        raise CatalogError(f"{raw / zipped.file}: not a zip archive: {error}") from error
    counts = dict(Counter(one.split for one in found))
    if counts != zipped.n_pictures:
        raise CatalogError(f"{raw / zipped.file}: found {counts} pictures, expected {zipped.n_pictures}")
    if len({one.picture_id for one in found}) < len(found):
        raise CatalogError(f"{raw / zipped.file}: a picture stands in it twice, in one split or in two")
    return found


def _pictures(path: Path, name: str, zipped: Zipped) -> Iterator[Picture]:
    pattern = re.compile(zipped.member)
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            said = pattern.fullmatch(info.filename)
            if said is None:
                continue
            if said["split"] not in zipped.splits or said["label"] not in zipped.labels:
                raise CatalogError(f"{path}: {info.filename}: split or label is not among those of its door")
            png = _png(archive, info, path)
            yield Picture(
                content_id("cutout", name, hashlib.sha256(png).hexdigest()),
                content_id("source", name, zipped.file, said["name"]),
                said["name"], info.filename, zipped.splits[said["split"]], zipped.labels[said["label"]], said["label"],
                *place_in(said), as_png(png, f"{path}: {info.filename}"),
            )  # fmt: skip


def _png(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> bytes:
    """A member's bytes, when they are a PNG of bearable size."""
    if info.file_size > MOST_BYTES:
        raise CatalogError(f"{path}: {info.filename} is larger than {MOST_BYTES} bytes, expected a picture")
    return checked_png(archive.read(info), f"{path}: {info.filename}")


def checked_png(body: bytes, where: str) -> bytes:
    """The bytes, when they are a PNG of bearable size; else CatalogError."""
    if len(body) > MOST_BYTES:
        raise CatalogError(f"{where} is larger than {MOST_BYTES} bytes, expected a picture")
    if not body.startswith(PNG_SIGNATURE):
        raise CatalogError(f"{where}: not a PNG")
    height, width = size_px(body, where)
    if max(height, width) > MOST_SIDE_PX:
        raise CatalogError(f"{where} is {width} x {height} px, at most {MOST_SIDE_PX} were expected")
    return body


def place_in(said: re.Match[str] | None) -> tuple[float, float]:
    """RA and Dec in degrees as a name says them, by the groups `ra_deg` and `dec_deg`; NaN, both, where it does not."""
    return (float(said["ra_deg"]), float(said["dec_deg"])) if said else (float("nan"), float("nan"))


@lru_cache(maxsize=8)
def _digest(path: Path, kind: str, _modified: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, kind).hexdigest()
