"""SUMSS pictures of eight extended sources, five of which NVSS and VLSSr show as well."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "SUMSS: pictures of eight extended sources"
SCHEME, SURVEY = "radioimg_multilabel", "sumss"
CITE = "Bock et al. 1999, AJ 117, 1578; Mauch et al. 2003, MNRAS 342, 1117"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("sumss_pictures", SURVEY, SCHEME, "images/sumss_nvss_vlssr/*_sumss.fits.gz")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every picture as a whole, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
