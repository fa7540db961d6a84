"""What a FITS file is, for a person who wonders whether a build will take it."""

from pathlib import Path
from typing import Any

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
