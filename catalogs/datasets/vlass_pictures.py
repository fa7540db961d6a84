"""VLASS quick-look pictures of four targets; two are edge strips that miss theirs."""

from pathlib import Path

import pyarrow as pa

from catalogs.dataset import CutoutRecipe, Published
from catalogs.pictures import Archive, read_archive
from schemas.rejection import Sieved

TITLE = "VLASS: quick-look pictures of four targets"
SCHEME, SURVEY = "radioimg_multilabel", "vlass"
CITE = "Lacy et al. 2020, PASP 132, 035001"
SHA256: dict[str, str] = {}  # the pictures are all there is: MOSAICS pin them
CUTOUT = CutoutRecipe()
PUBLISHED = Published()  # nobody published a count of them
ARCHIVE = Archive("vlass_pictures", SURVEY, SCHEME, "images/vlass_4d/*.fits.gz", side_arcsec=180.0)


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """Three arcmin about each target, all labels unknown; see `read_archive`."""
    del raw
    return read_archive(mosaics, ARCHIVE)
