"""Pictures of an archive that nobody has labelled: the sky they show is known, and nothing else.

What the datasets of such pictures share. A picture's centre comes from its header; many a name holds a target,
`J` and its right ascension and declination, which need not be where the picture is.
"""

import re
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from catalogs.sky import separation_arcsec
from catalogs.statements import Said, no_label
from schemas.fingerprint import content_id
from schemas.labels import Tier, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SOURCES

TARGET = re.compile(r"J(\d\d)(\d\d)(\d\d(?:\.\d+)?)([+-])(\d\d)(\d\d)(\d\d(?:\.\d+)?)")
SUFFIX = re.compile(r"\.fits?(\.gz|\.fz)?$", re.IGNORECASE)
DEG_PER_HOUR = 15


@dataclass(frozen=True)
class Archive:
    """Which pictures of a survey a dataset has, and how much of them it shows."""

    dataset: str
    survey: str
    scheme: str
    files: str
    """Glob pattern of the pictures, relative to the raw folder."""
    side_arcsec: float | None = None
    """None: whole pictures, at their centre. Else a square about the target in the picture's name, so that a picture
    which misses its target is refused as off-mosaic when windows are made."""


def read_archive(mosaics: pa.Table, archive: Archive) -> Sieved:
    """SOURCES, one a picture, every label unknown; *in* are the archive's pictures among `mosaics`.

    Refused: `no-target`, where a square is wanted and the name holds no position.
    """
    rows, refused = list[dict[str, Any]](), list[Rejection]()
    pictures = [one for one in mosaics.select(["mosaic", "ra_deg", "dec_deg"]).to_pylist()
                if fnmatch(one["mosaic"], archive.files)]  # fmt: skip
    for picture in sorted(pictures, key=lambda one: one["mosaic"]):
        target = target_deg(picture["mosaic"])
        if archive.side_arcsec is not None and target is None:
            detail = f"{picture['mosaic']}: found no JHHMMSS+DDMMSS in the name, expected the target to cut around"
            refused.append(Rejection(picture["mosaic"], "no-target", detail, picture))
        else:
            rows.append(_source(picture, target, archive))
    return sieved(SOURCES.of(rows), refused, len(pictures))


def target_deg(name: str) -> tuple[float, float] | None:
    """RA and Dec in degrees of the target in a file's name; None where there is none.

    >>> target_deg("images/FIRST_J001357-091951.fits.gz")
    (3.4875, -9.330833333333333)
    """
    found = TARGET.search(PurePosixPath(name).name)
    if found is None:
        return None
    hours, minutes, seconds, sign, degrees, arcmin, arcsec = found.groups()
    ra = DEG_PER_HOUR * (int(hours) + int(minutes) / 60 + float(seconds) / 3600)
    dec = int(degrees) + int(arcmin) / 60 + float(arcsec) / 3600
    return ra, -dec if sign == "-" else dec


def _source(picture: dict[str, Any], target: tuple[float, float] | None, archive: Archive) -> dict[str, Any]:
    path, scheme = picture["mosaic"], label_scheme(archive.scheme)
    centre, offset = (picture["ra_deg"], picture["dec_deg"]), None
    if target is not None and centre[0] is not None:
        offset = float(separation_arcsec(*target, *centre)[0])
    ra, dec = centre if archive.side_arcsec is None or target is None else target
    return {
        "source_id": content_id("source", archive.dataset, path),
        "source_name": SUFFIX.sub("", PurePosixPath(path).name),
        "dataset": archive.dataset,
        "survey": archive.survey,
        "scheme": archive.scheme,
        "ra_deg": ra,
        "dec_deg": dec,
        "image_path": path,
        "side_arcsec": archive.side_arcsec,
        "name_offset_arcsec": offset,
        "labels": no_label(scheme, Said(Tier.RULE, path)),
        "origin_catalog": path,
        "origin_row": -1,
    }
