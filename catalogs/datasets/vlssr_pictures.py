"""VLSSr pictures of five extended sources, which SUMSS and NVSS show as well."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "VLSSr: pictures of five extended sources"
SCHEME, SURVEY = "radioimg_multilabel", "vlssr"
CITE = "Lane et al. 2014, MNRAS 440, 327"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("vlssr_pictures", SURVEY, SCHEME, "images/sumss_nvss_vlssr/*_vlssr.fits.gz")


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Every picture as a whole, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
