"""Radio Galaxy Zoo morphology of the FIRST pictures: components and peaks, one of six classes, by the crowd."""

from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalogs import first_mirabest
from catalogs.dataset import CutoutRecipe, Published
from catalogs.first_mirabest import FILE, Picture, label_of, read_pictures
from catalogs.statements import Said, one_label
from schemas.labels import Tier, label_scheme
from schemas.rejection import Rejection, Sieved

TITLE = "Radio Galaxy Zoo: source morphology on FIRST pictures"
SCHEME = "rgz_smorph"
SURVEY = "first"
CITE = "Wu et al. 2019, MNRAS 482, 1211; Banfield et al. 2015, MNRAS 453, 2326"
SHA256 = first_mirabest.SHA256
CATALOGS = (first_mirabest.CATALOG,)
CUTOUT = CutoutRecipe()
PUBLISHED = Published(
    source="Riggi et al. 2025, A.1 (rgz-smorph)", n_images=9_570, n_by_split={"train": 5_735, "test": 3_835}
)
SUBJECT_ARCSEC, MATCH_RADIUS_ARCSEC = 180.0, 30.0
# What the volunteers saw, wherever it lies within the match radius.
SIDE_ARCSEC = SUBJECT_ARCSEC + 2 * MATCH_RADIUS_ARCSEC


def read_sources(raw: Path, mosaics: pa.Table) -> Sieved:
    """A square of 240 arcsec about each picture's centre; the class's confidence is the volunteers' consensus.

    Refused: `no-picture`; `no-position` for a picture without WCS; `no-label` where no RGZ source was found.
    """
    return read_pictures(raw, mosaics, partial(_source, raw=raw))


def _source(picture: Picture, *, raw: Path) -> dict[str, Any] | Rejection:
    scheme, cells = label_scheme(SCHEME), picture.cells
    if not cells["rgz_label"]:
        return picture.refused("no-label", f"no RGZ source within {MATCH_RADIUS_ARCSEC:.0f} arcsec of the centre")
    label = label_of(scheme, cells["rgz_label"], picture.row, raw)
    if picture.ra_deg is None:
        return picture.refused("no-position", f"{picture.path} has no WCS, so its centre is not known")
    said = Said(Tier.CROWD, FILE, picture.row, cells["rgz_consensus"])
    return picture.source(
        "rgz_smorph", scheme=SCHEME, side_arcsec=SIDE_ARCSEC, labels=one_label(scheme, label, cells["rgz_label"], said)
    )
