"""Eight small FIRST pictures of radio sources, without labels."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "FIRST: eight pictures of radio sources"
SCHEME, SURVEY = "radioimg_multilabel", "first"
CITE = "Becker, White & Helfand 1995, ApJ 450, 559"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("first_small", SURVEY, SCHEME, "images/first_small/*.fits")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every picture as a whole, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
