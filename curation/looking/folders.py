"""A folder at a glance: what kinds of files it holds, what its images have in common, and what cannot be read."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from catalogs.survey import Survey
from curation.looking.images import image_facts
from curation.looking.tables import open_tables
from curation.pictures.cards import ImageError
from curation.pictures.fits_header import read_image_header
from schemas.errors import CorpusError

IMAGES = (".fits", ".fit", ".fts", ".fz")
TABLES = (
    ".csv",
    ".tsv",
    ".txt",
    ".dat",
    ".cat",
    ".vot",
    ".votable",
    ".xml",
    ".tbl",
    ".ipac",
    ".parquet",
    ".tgz",
    ".tar",
)
MANY_FILES = 20
TURN_DEG = 360.0
Row = dict[str, Any]


def is_image(path: Path) -> bool:
    """Whether a FITS file holds an image, or means to: one without any table counts, so that its fault is told."""
    try:
        read_image_header(path)
    except ImageError as error:
        return error.reason not in ("no-image", "not-fits", "empty")
    except OSError:
        return False
    return True


def images_in(folder: Path) -> list[Path]:
    """The FITS images in a folder and below, in the order of their names."""
    return [one for one in _files(folder) if _ending(one) in IMAGES and is_image(one)]


def folder_facts(folder: Path, survey: Survey) -> Row:
    """Counts by kind, the ranges of what its images say, its tables, and the files that cannot be read with why."""
    paths = _files(folder)
    images, tables, bad, others = list[Row](), list[Row](), list[Row](), Counter[str]()
    quiet = len(paths) < MANY_FILES or not sys.stderr.isatty()
    for path in tqdm(paths, desc=folder.name, file=sys.stderr, disable=quiet, leave=False):
        ending = _ending(path)
        if ending in IMAGES and is_image(path):
            facts = image_facts(path, survey, with_pixels=False)
            images.append(facts)
            bad += [facts] if "error" in facts else []
        elif ending in (*IMAGES, *TABLES):
            try:
                tables += [{"file": str(path), "form": one.form.told, "n_rows": one.raw.n_rows,
                            "columns": list(one.raw.columns)} for one in open_tables(path)]  # fmt: skip
            except (CorpusError, OSError) as error:
                bad.append({"file": str(path), "error": str(error)})
        else:
            others[ending or "no ending"] += 1
    return {
        "file": str(folder), "kind": "folder", "n_files": len(paths), "n_images": len(images), "n_tables": len(tables),
        "others": dict(sorted(others.items())), "images": _in_common(images), "tables": tables,
        "unreadable": [{"file": one["file"], "error": one["error"]} for one in bad],
    }  # fmt: skip


def _files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file() and not one.name.startswith("."))


def _ending(path: Path) -> str:
    """The file's ending, that before .gz where there is one."""
    name = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    return name.suffix.lower()


def _in_common(images: Sequence[Row]) -> Row:
    """Ranges and counts over the images: places, frames, sizes, scales, beams, frequencies, units."""
    if not images:
        return {}
    placed = [one for one in images if one.get("ra_deg") is not None]
    sides = [one["pixel_arcsec"] for one in images if one.get("pixel_arcsec")]
    frames = (f"{one['projection']} {one['frame']}" if one.get("frame") else "no WCS" for one in images)
    beams = (
        f"{one['beam_major_arcsec']:.4g} x {one['beam_minor_arcsec']:.4g} arcsec from {one['beam_from']}"
        if one.get("beam_major_arcsec")
        else "unknown"
        for one in images
    )
    frequencies = (f"{one['frequency_mhz']:.6g} MHz" if one.get("frequency_mhz") else "not told" for one in images)
    return {
        "ra_range_deg": _turn_range([one["ra_deg"] for one in placed]),
        "dec_range_deg": _range(one["dec_deg"] for one in placed),
        "width_range_px": _range(one.get("width_px") for one in images),
        "height_range_px": _range(one.get("height_px") for one in images),
        "pixel_range_arcsec": _range(side for both in sides for side in both),
        "frames": _counts(frames), "beams": _counts(beams), "frequencies": _counts(frequencies),
        "units": _counts(one.get("unit") or "none" for one in images),
        "notes": _counts(note.partition(":")[0] for one in images for note in one.get("warnings", ())),
    }  # fmt: skip


def _range(values: Iterable[float | None]) -> list[float] | None:
    known = [one for one in values if one is not None]
    return [min(known), max(known)] if known else None


def _turn_range(angles_deg: Sequence[float]) -> list[float] | None:
    """The shortest arc, from west to east, that holds all; its start is the greater number where it crosses zero."""
    if not angles_deg:
        return None
    sorted_deg = np.unique(angles_deg)
    gaps = np.diff(sorted_deg, append=sorted_deg[0] + TURN_DEG)
    at = int(np.argmax(gaps))
    return [float(sorted_deg[(at + 1) % sorted_deg.size]), float(sorted_deg[at])]


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def folder_lines(facts: Row) -> list[str]:
    """The facts as lines for people; an error line for each file that cannot be read."""
    other = ", ".join(f"{n:,} {ending}" for ending, n in facts["others"].items())
    head = f"{facts['file']}: {facts['n_files']:,} files: {facts['n_images']:,} images, {facts['n_tables']:,} tables"
    lines = [f"{head}, {len(facts['unreadable']):,} that cannot be read" + (f"; others: {other}" if other else "")]
    common = facts["images"]
    if common:
        lines += [f"  {name}: {told}" for name, told in _told(common)]
    lines += [f"  table {one['file']}: {one['n_rows']:,} rows, {len(one['columns'])} columns ({one['form']})"
              for one in facts["tables"]]  # fmt: skip
    return lines + [f"error: {one['error']}" for one in facts["unreadable"]]


def _told(common: Row) -> list[tuple[str, str]]:
    names = {"ra_range_deg": "centres, ra deg", "dec_range_deg": "centres, dec deg", "width_range_px": "width px",
             "height_range_px": "height px", "pixel_range_arcsec": "pixel arcsec"}  # fmt: skip
    ranges = [(told, "{:.6g} to {:.6g}".format(*common[name])) for name, told in names.items() if common[name]]
    counts = ("frames", "beams", "frequencies", "units", "notes")
    return ranges + [
        (name, "; ".join(f"{one} ({n:,})" for one, n in common[name].items())) for name in counts if common[name]
    ]
