"""Where pictures lie that came without a WCS, as `register` found them: REGISTRATIONS below the raw folder.

Tables of a survey's pictures stand in `registrations/<survey>/`, one for each survey in whose mosaics they were looked
for. What counts is the content of a picture, not its name.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from catalogs.sky import separation_arcsec
from catalogs.wcs_sky import read_wcs
from schemas.errors import CatalogError, TableError
from schemas.fingerprint import sha256_of
from schemas.tables import REGISTRATIONS
from schemas.trouble import pass_on

FOLDER = "registrations"
Row = dict[str, Any]


@dataclass(frozen=True)
class SkyFile:
    """A table of registrations as it counts for an address."""

    name: str
    """Relative to the raw folder."""
    sha256: str


def sky_files(raw: Path, survey: str) -> tuple[SkyFile, ...]:
    """The tables of a survey's pictures, by name; none where nobody looked for them."""
    return tuple(
        SkyFile(path.relative_to(raw).as_posix(), sha256_of(path))
        for path in sorted((raw / FOLDER / survey).glob("*.parquet"))
    )


def found_sky(raw: Path, files: Sequence[SkyFile]) -> dict[str, Row]:
    """Rows of found pictures by SHA-256 of the picture, and of those that two tables put elsewhere a row of why not.

    Raises CatalogError for a table that is not the one of its digest any more, or none at all.
    """
    found: dict[str, Row] = {}
    for file in files:
        path = raw / file.name
        body = path.read_bytes()
        if hashlib.sha256(body).hexdigest() != file.sha256:
            raise CatalogError(f"{path}: changed since the build began; run `build` again, it will notice")
        for row in _read(body, path):
            if row["state"] == "found":
                other = found.setdefault(row["sha256"], row)
                if not _is_same(other, row):
                    where = f"{other['mosaic']} and {row['mosaic']}"
                    found[row["sha256"]] = {**other, "header": None, "detail": f"found elsewhere in {where}"}
    return found


def _read(body: bytes, path: Path) -> list[Row]:
    try:
        rows = REGISTRATIONS.check(pq.read_table(pa.BufferReader(body))).to_pylist()
    except (pa.ArrowException, TableError) as error:
        told = f"found {str(error).splitlines()[0]:.200}"
        raise CatalogError(f"{path}: {told}; expected a table that `register` wrote; make it again") from error
    for row in rows:
        if row["state"] == "found" and not _has_sky(row):
            told = f"found {row['picture']} without a place, or with a WCS that is none"
            raise CatalogError(f"{path}: {told}; expected a table that `register` wrote; make it again")
    return rows


def _has_sky(row: Row) -> bool:
    """Whether a found row has its place, and a WCS that puts it there."""
    if any(row[name] is None for name in ("ra_deg", "dec_deg", "pixel_arcsec", "mosaic", "method", "header")):
        return False
    try:
        return bool(read_wcs(row["header"]).has_celestial)
    except Exception as error:  # noqa: BLE001 -- whatever astropy makes of text that is no header
        pass_on(error)
        return False


def _is_same(one: Row, other: Row) -> bool:
    """Whether two places of a picture are the same sky, to a pixel."""
    apart = separation_arcsec(one["ra_deg"], one["dec_deg"], other["ra_deg"], other["dec_deg"])[0]
    return one is other or float(apart) <= one["pixel_arcsec"]
