"""NVSS pictures of five extended sources, which SUMSS and VLSSr show as well."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "NVSS: pictures of five extended sources"
SCHEME, SURVEY = "radioimg_multilabel", "nvss"
CITE = "Condon et al. 1998, AJ 115, 1693"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("nvss_pictures", SURVEY, SCHEME, "images/sumss_nvss_vlssr/*_nvss.fits.gz")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every picture as a whole, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
