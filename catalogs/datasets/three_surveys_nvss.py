"""One FR-II in three surveys: the NVSS picture, 75 arcmin wide."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "One radio galaxy in three surveys: NVSS"
SCHEME, SURVEY = "radioimg_multilabel", "nvss"
CITE = "Condon et al. 1998, AJ 115, 1693"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("three_surveys_nvss", SURVEY, SCHEME, "images/one_source_three_surveys/NVSS_*.fits.gz")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every picture as a whole, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
