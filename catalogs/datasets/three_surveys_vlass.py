"""One FR-II in three surveys: the VLASS picture."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "One radio galaxy in three surveys: VLASS"
SCHEME, SURVEY = "radioimg_multilabel", "vlass"
CITE = "Lacy et al. 2020, PASP 132, 035001"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("three_surveys_vlass", SURVEY, SCHEME, "images/one_source_three_surveys/VLASS__*.fits.gz")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every picture as a whole, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
