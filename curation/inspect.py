"""What a FITS image or a catalogue is, for a person who wonders whether a build will take it."""

from collections import Counter
from pathlib import Path
from typing import Any

from catalogs.catalog import catalog, description, read_catalog
from catalogs.survey import Survey, surveys
from curation.pictures.mosaics import read_mosaic
from schemas.errors import CorpusError, RecipeError

ANY = Survey(name="any", title="any survey", frequency_mhz=1400, files=("*",), pictures=True, cite="")


def facts(file: Path, survey: str | None) -> dict[str, Any]:
    """The row that MOSAICS would have for the file, or `error` with the line a build would print."""
    known = surveys()
    if survey is not None and survey not in known:
        raise RecipeError(f"no survey {survey!r}; known: {', '.join(known)}")
    try:
        return {"file": str(file), **read_mosaic(file, str(file), known[survey] if survey else ANY)}
    except CorpusError as error:
        told = str(error)
        return {"file": str(file), "error": told if str(file) in told else f"{file}: {told}"}


def line(one: dict[str, Any]) -> str:
    """The facts on one line."""
    if "error" in one:
        return f"error: {one['error']}"
    sky = f"ra {one['ra_deg']:.5f} dec {one['dec_deg']:+.5f}" if one["ra_deg"] is not None else "no WCS"
    pixel = f"{one['pixel_arcsec']:.3f} arcsec" if one["pixel_arcsec"] else "unknown"
    beam = (
        f"{one['beam_major_arcsec']:.2f} x {one['beam_minor_arcsec']:.2f} arcsec from {one['beam_from']}"
        if one["beam_major_arcsec"] is not None
        else "unknown"
    )
    unit = f"x {one['to_mjy_per_beam']:g} to mJy/beam" if one["to_mjy_per_beam"] else "unknown unit"
    notes = "".join(f"; note: {note}" for note in one["warnings"])
    return (
        f"{one['file']}: {one['width_px']} x {one['height_px']} px in HDU {one['hdu']}, {sky}, pixel {pixel}, "
        f"beam {beam}, {unit}{notes}"
    )


def catalog_facts(file: Path, name: str) -> dict[str, Any]:
    """How a table would be read as a catalogue's door says: `columns`, a line each; rows in, kept, refused by reason.

    `error` is the line that a build would print; `columns` are there even so where the file can be opened at all.
    """
    door, found = catalog(name), dict[str, Any]()
    if not file.is_file():
        return {"file": str(file), "catalog": name, "error": f"{file}: no such file"}
    try:
        found["columns"] = [line.strip() for line in description(file, door).splitlines()[1:]]
        rows = read_catalog(file, door)
    except CorpusError as error:
        return {"file": str(file), "catalog": name, **found, "error": str(error)}
    reasons = Counter(one.reason for one in rows.rejections)
    return {
        "file": str(file), "catalog": name, **found, "n_in": rows.n_in, "n_kept": rows.table.num_rows,
        "reasons": dict(sorted(reasons.items())), "absent": list(rows.absent), "n_published": door.n_rows,
    }  # fmt: skip


def catalog_lines(one: dict[str, Any]) -> str:
    """The facts as a list of columns and a last line with the counts, or with the error."""
    lines = [f"{one['file']}, read as {one['catalog']}:", *(f"  {column}" for column in one.get("columns", ()))]
    if "error" in one:
        return "\n".join([*lines, f"error: {one['error']}"])
    why = "".join(f"; {reason} {n:,}" for reason, n in one["reasons"].items())
    published = "" if one["n_published"] is None else f"; published were {one['n_published']:,}"
    return "\n".join([*lines, f"{one['n_in']:,} rows in = {one['n_kept']:,} kept + "
                      f"{one['n_in'] - one['n_kept']:,} refused{why}{published}"])  # fmt: skip
