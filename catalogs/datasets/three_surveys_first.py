"""One FR-II in three surveys: the FIRST picture."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "One radio galaxy in three surveys: FIRST"
SCHEME, SURVEY = "radioimg_multilabel", "first"
CITE = "Becker, White & Helfand 1995, ApJ 450, 559"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("three_surveys_first", SURVEY, SCHEME, "images/one_source_three_surveys/FIRST_*.fits.gz")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every picture as a whole, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
