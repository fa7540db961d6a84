"""Pictures without a place on the sky, as they are read: FITS images with or without a WCS, and drawn pictures."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from curation.pictures.cards import ImageError
from curation.pictures.fits_header import read_image_header
from curation.pictures.plane import open_plane
from curation.registration.texture import Floats
from schemas.errors import CatalogError, RecipeError
from schemas.fingerprint import sha256_of
from schemas.pictures import opened

FITS = (".fits", ".fit", ".fts", ".fits.gz", ".fit.gz", ".fz")
DRAWN = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".gif", ".bmp")
MOST_SIDE_PX = 4096
LEAST_SIDE_PX = 16


@dataclass(frozen=True)
class Legacy:
    """A picture, or why it cannot be used."""

    name: str
    """Relative to its folder."""
    sha256: str
    image: Floats
    """image[y, x], row 0 at the bottom (a drawn picture's last row), NaN where it is blank; empty where unusable."""
    is_drawn: bool = False
    """Greys, not brightness."""
    fault: tuple[str, str] | None = None
    """Reason and detail."""


def legacy_files(folder: Path) -> list[Path]:
    """The FITS and picture files in a folder and below, by name. Raises RecipeError where there is none."""
    if not folder.is_dir():
        raise RecipeError(f"{folder}: no such folder; expected one with the pictures to be registered")
    found = sorted(one for one in folder.rglob("*") if one.is_file() and one.name.lower().endswith((*FITS, *DRAWN)))
    if not found:
        raise RecipeError(f"{folder}: found no picture; expected files {', '.join((*FITS, *DRAWN))}")
    return found


def read_all(folder: Path) -> Iterator[Legacy]:
    """Every picture of a folder, one at a time."""
    for path in legacy_files(folder):
        yield read_legacy(path, path.relative_to(folder).as_posix())


def read_legacy(path: Path, name: str) -> Legacy:
    """A picture as it is to be registered; one that cannot be read has its fault. Raises OSError for the machine's."""
    empty = np.empty((0, 0), np.float32)
    try:
        if path.name.lower().endswith(DRAWN):
            body = path.read_bytes()
            grey = np.asarray(opened(body, path.name).convert("L"), np.float32)[::-1]
            return Legacy(name, hashlib.sha256(body).hexdigest(), grey, True, fault_of(grey))
        found = read_image_header(path)
        if max(found.width_px, found.height_px) > MOST_SIDE_PX:
            size = f"{found.width_px} x {found.height_px} pixels"
            return Legacy(name, sha256_of(path), empty, fault=("too-large", f"{size}, at most {MOST_SIDE_PX} a side"))
        image = open_plane(path).read((0, 0, found.width_px, found.height_px)).astype(np.float32)
        return Legacy(name, sha256_of(path), image, False, fault_of(image))
    except CatalogError as error:
        reason = error.reason if isinstance(error, ImageError) else "unreadable"
        return Legacy(name, sha256_of(path), empty, fault=(reason, str(error)))


def fault_of(image: Floats) -> tuple[str, str] | None:
    """Why a picture could be anywhere; None where it is worth looking for."""
    height, width = image.shape
    finite = image[np.isfinite(image)]
    if finite.size == 0:
        return "all-blank", "every pixel is blank"
    if finite.min() == finite.max():
        return "constant", f"every pixel that is not blank is {finite.min():g}"
    if max(height, width) > MOST_SIDE_PX:
        return "too-large", f"{width} x {height} pixels, at most {MOST_SIDE_PX} a side"
    if min(height, width) < LEAST_SIDE_PX:
        return "too-small", f"{width} x {height} pixels, at least {LEAST_SIDE_PX} a side"
    return None
