"""MiraBest's own batches: a tar of pickles with 150 x 150 pictures and classes by number, in the published split.

The archive must be the published one, and its pickles are read without being run (`pickled`). Porter & Scaife 2023.
"""

import hashlib
import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from curation.pictures.png import png_bytes
from evaluate.tasks.pickled import plain_pickle
from evaluate.tasks.zipped import Found, KeptOut, Picture, check_pinned, place_in
from schemas.errors import CatalogError
from schemas.fingerprint import content_id

MOST_BYTES = 2**28
NAME = re.compile(r"\d{3}_(?P<ra_deg>\d{3}\.\d{3})(?P<dec_deg>[+-]\d{3}\.\d{3})_.*")


class HeldBack(BaseModel):
    """Training pictures that are put aside, drawn as torch.utils.data.random_split does."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    n_train: int = Field(ge=1)
    """How many of the training pictures stay; the others are validation."""
    seed: int


class Batched(BaseModel):
    """Which archive, and what its numbers mean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    """Relative to the raw folder."""
    md5: str = Field(pattern="[0-9a-f]{32}")
    """As the public readers of the archive have it."""
    side_px: int = Field(ge=1)
    shown_px: int | None = Field(default=None, ge=1)
    """The side that pictures are made larger to, as a processor with a least size would; None: as they are."""
    train: tuple[str, ...]
    test: tuple[str, ...]
    labels: dict[str, str]
    """Our label by their number; pictures of other numbers are no part of the set."""
    held_back: HeldBack | None = None
    n_pictures: dict[str, int]
    apart_arcsec: float = Field(gt=0)
    kept_out: tuple[KeptOut, ...] = ()


def read_batches(raw: Path, name: str, batched: Batched) -> Found:
    """Every picture of the set, by id. CatalogError for another archive, form or number of pictures."""
    return _read(raw, name, batched.model_dump_json())


def check_batches(raw: Path, batched: Batched) -> None:
    """Raise CatalogError for an archive that is absent, or not the published one."""
    check_pinned(raw / batched.file, "md5", batched.md5)


@lru_cache(maxsize=2)
def _read(raw: Path, name: str, described: str) -> Found:
    batched = Batched.model_validate_json(described)
    check_batches(raw, batched)
    path = raw / batched.file
    try:
        with tarfile.open(path) as archive:
            inside = {PurePosixPath(one.name).name: one for one in archive if one.isreg()}
            parts = {one: _batch(archive, inside, one, path) for one in (*batched.train, *batched.test)}
    except (tarfile.TarError, OSError, EOFError, LookupError, ValueError, TypeError, AttributeError) as error:
        raise CatalogError(f"{path}: not MiraBest's batches: {type(error).__name__}: {error}") from error
    learned = [one for part in batched.train for one in _pictures(name, part, parts[part], batched, "train")]
    tested = [one for part in batched.test for one in _pictures(name, part, parts[part], batched, "test")]
    found = [*_put_aside(learned, batched.held_back), *tested]
    counts = {split: sum(one.split == split for one in found) for split in batched.n_pictures}
    if counts != batched.n_pictures or sum(counts.values()) != len(found):
        raise CatalogError(f"{path}: found {counts} pictures, expected {batched.n_pictures}")
    if len({one.picture_id for one in found}) < len(found):
        raise CatalogError(f"{path}: a picture stands in it twice, in one split or in two")
    return Found(tuple(sorted(found, key=lambda one: one.picture_id)), ())


def _batch(archive: tarfile.TarFile, inside: Mapping[str, tarfile.TarInfo], part: str, path: Path) -> dict[str, Any]:
    if part not in inside or inside[part].size > MOST_BYTES:
        raise CatalogError(f"{path}: no batch {part} of at most {MOST_BYTES} bytes; it has {', '.join(inside):.200}")
    stream = archive.extractfile(inside[part])
    body = b"" if stream is None else stream.read(MOST_BYTES + 1)
    found = plain_pickle(body)
    if not isinstance(found, dict) or not {"data", "labels"} <= found.keys():
        raise CatalogError(f"{path}: {part}: expected data and labels")
    return found


def _pictures(name: str, part: str, batch: Mapping[str, Any], batched: Batched, split: str) -> Iterator[Picture]:
    side = batched.side_px
    data: NDArray[np.uint8] = np.asarray(batch["data"], np.uint8).reshape(-1, side, side)
    named = batch.get("filenames") or [f"{part}-{k}" for k in range(len(data))]
    for pixels, number, said in zip(data, batch["labels"], named, strict=True):
        original, word = str(int(number)), str(said)
        if original not in batched.labels:
            continue
        png = png_bytes(_shown(pixels, batched.shown_px))
        yield Picture(
            content_id("cutout", name, hashlib.sha256(png).hexdigest()), content_id("source", name, batched.file, word),
            word, f"{part}/{word}", split, batched.labels[original], original,
            *place_in(NAME.fullmatch(PurePosixPath(word).stem)), png,
        )  # fmt: skip


def _shown(pixels: NDArray[np.uint8], side_px: int | None) -> NDArray[np.uint8]:
    if side_px is None:
        return np.ascontiguousarray(pixels)
    return np.asarray(Image.fromarray(pixels).resize((side_px, side_px), Image.Resampling.BICUBIC))


def _put_aside(learned: list[Picture], held_back: HeldBack | None) -> list[Picture]:
    if held_back is None:
        return learned
    import torch

    order = torch.randperm(len(learned), generator=torch.Generator().manual_seed(held_back.seed)).tolist()
    aside = set(order[held_back.n_train :])
    return [replace(one, split="validation") if k in aside else one for k, one in enumerate(learned)]
