"""What a person gave: images that can be read, with those that cannot; and a table with the roles of its columns."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy import units as u
from astropy.coordinates import SkyCoord

from catalogs.formats.tables import check_plain
from catalogs.sky import separation_arcsec
from catalogs.units import units_of
from curation.drafting.roles import BY_VALUES, Role, plain_name, roles, unit_of
from curation.looking.columns import column_facts, read_as
from curation.looking.folders import IMAGES, is_image
from curation.looking.images import ANY, image_facts
from curation.looking.pixels import pixel_facts
from curation.looking.tables import Opened, open_tables
from schemas.errors import CatalogError, RecipeError

HOUR_DEG = 15.0
ASKS_GLOB = re.compile(r"[*?\[]")
TRUE_FALSE = {"true", "false", "t", "f", "yes", "no"}
Row = dict[str, Any]


@dataclass
class Given:
    """The images of a survey by their facts, and a line for each file that is left out."""

    images: list[Row] = field(default_factory=list[Row])
    left_out: list[str] = field(default_factory=list[str])


@dataclass
class Sheet:
    """A table with its file, what its columns are, and the truth columns by a name of ours."""

    path: Path
    opened: Opened
    roles: dict[str, Role]
    flags: dict[str, str]

    @property
    def columns(self) -> Sequence[str]:
        """The names of its columns."""
        return list(self.opened.raw.columns)


def given_images(words: Iterable[str]) -> Given:
    """Images of files, folders and glob patterns. Raises CatalogError, a line each, where none can be a mosaic."""
    found = Given()
    for path in dict.fromkeys(path for word in words for path in _paths(word)):
        facts = image_facts(path, ANY, with_pixels=False)
        if "error" not in facts and facts.get("ra_deg") is None:
            facts["error"] = f"{path}: no WCS, so it is no mosaic whose place is known"
        if "error" in facts:
            found.left_out.append(facts["error"])
            continue
        found.images.append(facts if facts["unit"] else {**facts, **pixel_facts(path)})
    if not found.images:
        raise CatalogError("\n".join(found.left_out) or "--mosaics: found no FITS image")
    return found


def given_table(word: str) -> Sheet:
    """A table and its roles. Raises CatalogError for a file of two tables (`FILE:1` is one) and without positions."""
    path, number = Path(word), None
    if not path.exists() and (named := re.fullmatch(r"(.+):(\d+)", word)):
        path, number = Path(named[1]), int(named[2])
    if path.exists():
        check_plain(path)
    tables = [one for one in open_tables(path) if number is None or one.form.hdu == number]
    if len(tables) != 1:
        every = open_tables(path)
        listed = ", ".join(f"{path}:{one.form.hdu} ({one.raw.n_rows:,} rows)" for one in every)
        raise CatalogError(f"{path}: found {len(every)} tables, expected one; give --table one of {listed}")
    opened = tables[0]
    facts = [column_facts(opened, name) for name in opened.raw.columns]
    found = roles(facts, opened.raw.n_rows)
    if not ({"ra", "dec"} <= found.keys() or {"l", "b"} <= found.keys()):
        listed = ", ".join(opened.raw.columns)
        raise CatalogError(
            f"{path}: no positions: found the columns {listed}; expected two such as RA and Dec, or GLON and GLAT"
        )
    truths = [one for one in facts if one["is"] == "bool" or _is_true_false(one)]
    flags = _flags(truths) if "label" not in found or found["label"].why == BY_VALUES else {}
    if flags:
        found.pop("label", None)
    return Sheet(path, opened, found, flags)


def n_inside(sheet: Sheet, images: Sequence[Row], reading: str) -> int | None:
    """How many rows lie within the reach of a mosaic, their RA read in `deg` or `hourangle`; None where unreadable."""
    place = ("ra", "dec") if {"ra", "dec"} <= sheet.roles.keys() else ("l", "b")
    first, second = (_degrees(sheet, sheet.roles[role], role, reading) for role in place)
    if first is None or second is None:
        return None
    usable = np.isfinite(first) & (np.abs(second) <= 90)  # noqa: PLR2004
    ra, dec = first[usable], second[usable]
    if place == ("l", "b"):
        sky: Any = SkyCoord(ra, dec, unit="deg", frame="galactic").icrs
        ra, dec = sky.ra.deg, sky.dec.deg
    inside = np.zeros(len(ra), bool)
    for one in images:
        reach = 1800 * float(np.hypot(*one["size_deg"])) if one.get("size_deg") else 0.0
        inside |= separation_arcsec(one["ra_deg"], one["dec_deg"], ra, dec) <= reach
    return int(inside.sum())


def _paths(word: str) -> list[Path]:
    """The FITS images that a word of the command line means. Raises RecipeError for one that means nothing."""
    path = Path(word)
    if path.is_dir():
        files = sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
        found = [one for one in files if _looks_like_image(one) and is_image(one)]
        if not found:
            raise RecipeError(f"--mosaics {word}: a folder without a FITS image")
        return found
    if path.is_file() or not ASKS_GLOB.search(word):
        if not path.is_file():
            raise RecipeError(f"--mosaics {word}: no such file or folder")
        return [path]
    root = Path(path.anchor)  # "." for a relative one
    found = sorted(one for one in root.glob(str(path.relative_to(path.anchor))) if one.is_file())
    if not found:
        raise RecipeError(f"--mosaics {word}: nothing matches")
    return found


def _looks_like_image(path: Path) -> bool:
    return (path.with_suffix("") if path.suffix == ".gz" else path).suffix.lower() in IMAGES


def _degrees(sheet: Sheet, one: Role, role: str, reading: str) -> np.ndarray | None:
    kind, values = read_as(sheet.opened.raw.columns[one.name])
    if kind == "sexagesimal" or not (pa.types.is_floating(values.type) or pa.types.is_integer(values.type)):
        return None
    unit, _ = unit_of(one.column)
    in_hours = role == "ra" and (units_of(unit)[:1] in ([u.hourangle], [u.hour]) if unit else reading == "hourangle")
    return values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) * (HOUR_DEG if in_hours else 1.0)


def _is_true_false(one: Row) -> bool:
    words = {str(value).lower() for value in one.get("values", {})}
    return one["is"] == "text" and len(words) > 0 and words <= TRUE_FALSE


def _flags(truths: Sequence[Row]) -> dict[str, str]:
    """Their column by a name of ours, `is_fr1` of `FR1`."""
    found: Mapping[str, str] = {
        f"is_{plain_name(one['name']) or at}": str(one["name"]) for at, one in enumerate(truths)
    }
    return dict(found)
