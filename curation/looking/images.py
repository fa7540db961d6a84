"""All that a curator asks of an image, and what a build would say of it."""

from pathlib import Path
from typing import Any

import numpy as np

from catalogs.survey import Survey, surveys
from catalogs.wcs_sky import sky_of_pixels
from curation.looking.frequency import frequency_mhz
from curation.looking.pixels import box_facts, pixel_facts
from curation.looking.sky import sky_facts
from curation.pictures.cards import ImageError, value
from curation.pictures.doubts import NOISE_MJY_PER_BEAM, PEAK_MJY_PER_BEAM
from curation.pictures.fits_header import FitsImage, read_image_header
from curation.pictures.mosaics import read_mosaic
from curation.pictures.sky_pixels import celestial_wcs
from schemas.errors import CorpusError, RecipeError

ANY = Survey(name="any", title="any survey", files=("*",), pictures=True, cite="")
MUCH_ZERO = 0.2  # share of exact zeros that is told: it may stand for blank sky
NOTABLE_PX = 0.01  # corners whose pixels differ by more from those of the centre are told of
Row = dict[str, Any]


def survey_of(name: str | None) -> Survey:
    """The survey that supplies what headers leave out. Raises RecipeError, listing the known ones."""
    known = surveys()
    if name is not None and name not in known:
        raise RecipeError(f"no survey {name!r}; known: {', '.join(known)}")
    return known[name] if name else ANY


def image_facts(path: Path, survey: Survey, *, with_pixels: bool = True) -> Row:
    """What an image is; `error` with the line a build would print, and beside it what can be said even so."""
    facts: Row = {"file": str(path), "kind": "image"}
    try:
        image = read_image_header(path)
    except (CorpusError, OSError) as error:
        return {**facts, "error": _line(path, error)}
    facts |= _header_facts(image)
    row: Row | None = None
    try:
        row = read_mosaic(path, str(path), survey)
        wanted = ("to_mjy_per_beam", "beam_major_arcsec", "beam_minor_arcsec", "beam_pa_deg", "beam_from", "warnings")
        facts |= {name: row[name] for name in wanted}
    except (CorpusError, OSError) as error:
        facts |= {"error": _line(path, error)}
    try:
        wcs = celestial_wcs(image.header, image.width_px, image.height_px)
        facts |= sky_facts(wcs, image.width_px, image.height_px) if wcs else {"frame": None}
        facts |= pixel_facts(path) if with_pixels else {}
        facts |= {"boxes": box_facts(path, row, survey.noise)} if with_pixels and row else {}
    except (CorpusError, OSError) as error:
        return {"error": _line(path, error), **facts}
    if wcs is not None and facts.get("peak_px"):
        place = sky_of_pixels(wcs, *facts["peak_px"])
        facts |= {name: float(one[0]) if np.isfinite(one[0]) else None
                  for name, one in zip(("peak_ra_deg", "peak_dec_deg"), place, strict=True)}  # fmt: skip
    return _judged(facts)


def _range_doubts(rms: float, peak: float) -> list[str]:
    """The same that a build notes, of the whole image: a build looks at squares of a large one."""
    least, most = NOISE_MJY_PER_BEAM
    if peak <= PEAK_MJY_PER_BEAM and (rms == 0 or least <= rms <= most):
        return []
    told = f"rms {rms:.3g} and peak {peak:.4g} mJy/beam by the unit of the header"
    return [f"brightness-doubtful: {told}: no radio telescope has seen such; look at BUNIT"]


def _line(path: Path, error: Exception) -> str:
    told = str(error)
    return told if str(path) in told else f"{path}: {told}"


def _header_facts(image: FitsImage) -> Row:
    found, card = frequency_mhz(image.header)
    try:
        unit = str(value(image.header, "BUNIT") or "").strip()
    except ImageError:
        unit = ""
    return {
        "hdu": image.hdu, "width_px": image.width_px, "height_px": image.height_px, "n_axes": image.n_axes,
        "bitpix": image.bitpix, "is_tile_compressed": image.is_tiled, "is_gzip": image.is_gzip,
        "unit": unit or None, "frequency_mhz": found, "frequency_from": card or None, "warnings": [],
    }  # fmt: skip


def _judged(facts: Row) -> Row:
    """The facts with what follows from several of them together."""
    notes = list[str](facts["warnings"])
    beam: list[Any] = [facts.get("beam_major_arcsec"), facts.get("beam_minor_arcsec")]
    sides = facts.get("pixel_arcsec")
    if sides and all(beam):
        side = float(np.sqrt(sides[0] * sides[1]))
        facts["pixels_per_beam"] = [one / side for one in beam]
        facts["pixels_per_beam_area"] = float(np.pi / (4 * np.log(2)) * beam[0] * beam[1] / side**2)
    factor = facts.get("to_mjy_per_beam")
    for name in ("rms", "peak", "least"):
        if factor and facts.get(name) is not None:
            facts[f"{name}_mjy_per_beam"] = facts[name] * factor
    if facts.get("peak_mjy_per_beam") is not None and not any(one.startswith("brightness-doubtful") for one in notes):
        notes += _range_doubts(facts["rms_mjy_per_beam"], facts["peak_mjy_per_beam"])
    if facts.get("zero_share", 0) >= MUCH_ZERO:
        notes.append(f"many-zeros: {facts['zero_share']:.1%} of the pixels are exactly 0; is that blank sky?")
    corners = [one for one in facts.get("corner_pixels_arcsec") or () if one]
    if sides and any(abs(one[at] / sides[at] - 1) > NOTABLE_PX for one in corners for at in (0, 1)):
        notes.append("pixels-differ: the sides of pixels at the corners are not those of the centre")
    return {**facts, "warnings": notes}
