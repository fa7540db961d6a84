"""Files that a person brings: FITS, PNG, JPEG. Nothing that they say of themselves is trusted, nor how they unpack."""

import io
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from warnings import catch_warnings

import numpy as np
from isal import igzip

from catalogs.survey import Survey
from curation.pictures.fits_header import BROKEN_GZIP, find_image
from curation.pictures.mosaics import read_mosaic
from curation.pictures.png import png_bytes
from schemas.errors import CatalogError
from schemas.pictures import opened, size_px

MOST_BYTES = 20 * 2**20
MOST_UNPACKED = 2**27
"""Bytes of a .gz, unpacked."""
MOST_PIXELS = 2**24
"""4096 x 4096, of an image, a picture, or what of a compressed image is unpacked at once."""
MOST_NAME = 120
GZIP, FITS = b"\x1f\x8b", b"SIMPLE  ="
ANY = Survey(name="none", title="a file of one's own", files=("*",), pictures=True, cite="")
Row = dict[str, Any]


def plain_name(name: str) -> str:
    """A file's name as people are shown it: printable, on one line, not long."""
    kept = "".join(one for one in name if one.isprintable()).strip()
    return kept[:MOST_NAME] or "a file without a name"


def is_fits(body: bytes) -> bool:
    """Whether a file is to be read as FITS, by how it begins, whatever its name."""
    return body.startswith((GZIP, FITS))


@dataclass(frozen=True)
class Brought:
    """A FITS file of a person, checked by its header, in a folder that is gone with it."""

    name: str
    """As people are shown it."""
    folder: TemporaryDirectory[str]
    mosaic: Row
    """A row of MOSAICS."""

    @property
    def raw(self) -> Path:
        """The folder in which the file has the name that its row says."""
        return Path(self.folder.name)


def brought_fits(body: bytes, name: str) -> Brought:
    """A FITS file, kept as long as what this gives.

    Raises CatalogError for what is no image, claims more than it has, or is too large.
    """
    folder = TemporaryDirectory(prefix="radio-corpus-")
    file = Path(folder.name) / "upload.fits"
    file.write_bytes(_unpacked(body) if body.startswith(GZIP) else body)
    with file.open("rb") as stream, catch_warnings(action="ignore"):  # astropy remarks on cards, in their own words
        image = find_image(stream, file.stat().st_size)
    sizes = {"an image": (image.width_px, image.height_px), "compressed tiles": image.tile_px}
    for what, (width, height) in sizes.items():
        if width * height > MOST_PIXELS:
            raise CatalogError(
                f"found {what} of {width} x {height} pixels, expected at most {MOST_PIXELS:,} of them; cut a part out"
            )
    return Brought(name, folder, read_mosaic(file, file.name, ANY))


def drawn_picture(body: bytes, name: str) -> tuple[bytes, tuple[int, int]]:
    """A picture that is drawn already, as PNG of its own pixels alone, and its width and height.

    Raises CatalogError for what is none, or has too many pixels.
    """
    height, width = size_px(body, name)
    if width * height > MOST_PIXELS:
        raise CatalogError(f"{name}: found {width} x {height} pixels, expected at most {MOST_PIXELS:,} of them")
    return png_bytes(np.array(opened(body, name))), (width, height)


def _unpacked(body: bytes) -> bytes:
    try:
        with igzip.IGzipFile(fileobj=io.BytesIO(body)) as packed:
            found = packed.read(MOST_UNPACKED + 1)
    except BROKEN_GZIP as error:
        raise CatalogError(f"the .gz cannot be unpacked: {error}") from error
    if len(found) > MOST_UNPACKED:
        raise CatalogError(f"the .gz unpacks to more than {MOST_UNPACKED:,} bytes; cut a part out of the image")
    return found
