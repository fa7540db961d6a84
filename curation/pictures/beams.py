"""The beam of an image: of its header, else of its BEAMS table, else of what is in HISTORY, else of the survey."""

import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from astropy.io import fits

from catalogs.survey import Survey
from curation.engine.objects import AnyPath
from curation.pictures.cards import ImageError, number, value
from curation.pictures.fits_header import BLOCK, BROKEN_GZIP, Hdu, hdus, open_fits
from curation.pictures.unchanged import last_stamp_of
from schemas.trouble import pass_on

MAX_BEAM_DEG = 1.0  # more is a beam in arcsec under a keyword that means degrees
LEAST_ARCSEC = 0.1  # the smallest pixel that is taken: no beam is smaller
MAX_TABLE_BYTES = 2**20
SAME = 0.01  # beams that differ by less are one
CARDS = (("BMAJ", "BMIN", "BPA"), ("CLEANBMJ", "CLEANBMN", "CLEANBPA"))  # the second as Obit writes them
DEGREES_PER = {
    "deg": 1.0, "degree": 1.0, "degrees": 1.0, "arcmin": 1 / 60, "arcsec": 1 / 3600, "asec": 1 / 3600,
    "arcseconds": 1 / 3600, "mas": 1 / 3_600_000, "rad": 180 / np.pi,
}  # fmt: skip
AIPS = re.compile(r"\s*AIPS\s+CLEAN\s+BMAJ=")
PAIR = re.compile(
    r"(?<![A-Z])(CLEANBMJ|CLEANBMN|CLEANBPA|BMAJ|BMIN|BPA)\s*[=:]\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][+-]?\d{1,3})?)"
)
UNIT = re.compile(r"(?i)\b(arcsec|arcseconds|asec|arcmin|deg|degrees?)\b")
Beam = tuple[float | None, float | None, float | None]  # major, minor, position angle: degrees
Row = dict[str, Any]


def beam_columns(
    header: fits.Header, survey: Survey, notes: list[str], of_table: Callable[[], tuple[list[Beam], str]]
) -> Row:
    """Beam columns; null where nobody says. Adds to `notes` what was passed over, and what was assumed."""
    for names in CARDS:
        major, minor, angle = (number(header, name) for name in names)
        given = major, minor, angle
        if _is_beam(given):
            return _columns(given, "header")
        if major is not None:
            what = f"{names[0]} {major}, {names[1]} {minor}"
            notes.append(f"beam-refused: {what}: expected degrees, 0 to {MAX_BEAM_DEG:g}")
    for beam, beam_from in ((_tabled(of_table, notes), "table"), (_in_history(header, notes), "history")):
        if beam is not None:
            return _columns(beam, beam_from)
    if survey.beam_arcsec:
        major, minor = survey.beam_arcsec
        notes.append(f"beam-from-survey: no beam in the file, {major} x {minor} arcsec is assumed")
        return _columns((major / 3600, minor / 3600, survey.beam_pa_deg), "survey")
    notes.append("beam-unknown: neither the file nor the survey gives it")
    return _columns((None, None, None), None)


def beams_table(path: AnyPath) -> tuple[list[Beam], str]:
    """The beams of the table BEAMS that CASA adds to an image, and why they cannot be read, or an empty text."""
    try:
        with open_fits(path) as stream:
            for hdu in hdus(stream, last_stamp_of(path)[0]):
                extension, name = (str(value(hdu.header, one) or "").strip() for one in ("XTENSION", "EXTNAME"))
                if extension == "BINTABLE" and name.upper() == "BEAMS":
                    return _rows(hdu, stream.read(min(hdu.n_data_bytes, MAX_TABLE_BYTES + 1)))
    except (ImageError, *BROKEN_GZIP) as error:
        pass_on(error)  # what stands behind the image is no part of it
    return [], ""


def _rows(hdu: Hdu, body: bytes) -> tuple[list[Beam], str]:
    if len(body) > MAX_TABLE_BYTES or len(body) < hdu.n_data_bytes:
        return [], f"{hdu.n_data_bytes} bytes, expected all of them there and at most {MAX_TABLE_BYTES}"
    text = hdu.header.tostring().encode("ascii", "replace")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            table: Any = fits.BinTableHDU.fromstring(text + body + bytes(-len(body) % BLOCK))
            units = {one.name.upper(): str(one.unit or "").strip().lower() for one in table.columns}
            data = {name: np.ravel(table.data[name]).astype(float).tolist() for name in CARDS[0] if name in units}
    except (ValueError, TypeError, KeyError, IndexError, OSError, fits.VerifyError) as error:
        return [], f"cannot be read: {error}"
    if wrong := [name for name in ("BMAJ", "BMIN") if units.get(name) not in DEGREES_PER]:
        found = ", ".join(f"{name} in {units.get(name)!r}" for name in wrong)
        return [], f"found {found}, expected both, in arcsec or deg"
    angle = DEGREES_PER.get(units.get("BPA", ""))
    angles = [None if angle is None else one * angle for one in data.get("BPA", [None] * len(data["BMAJ"]))]
    axes = [[one * DEGREES_PER[units[name]] for one in data[name]] for name in ("BMAJ", "BMIN")]
    return list(zip(*axes, angles, strict=True)), ""


def _tabled(of_table: Callable[[], tuple[list[Beam], str]], notes: list[str]) -> Beam | None:
    beams, wrong = of_table()
    usable = [one for one in beams if _is_beam(one)]
    if usable and all(_is_same(one, usable[0]) for one in usable):
        return usable[0]
    if usable:
        wrong = f"found {len(usable)} beams that differ, expected the one of this plane"
    elif beams:
        wrong = f"none of its {len(beams)} beams is more than 0 and at most {MAX_BEAM_DEG:g} degrees"
    if wrong:
        notes.append(f"beam-refused: table BEAMS: {wrong}")
    return None


def _in_history(header: fits.Header, notes: list[str]) -> Beam | None:
    """The last beam of those lines that are in degrees for sure; else of those that name a unit."""
    found = list(_told(header))
    sure = [beam for beam, is_sure, _ in found if is_sure]
    chosen = sure[-1] if sure else found[-1][0] if found else None
    for beam, is_sure, line in found:
        if chosen is not None and not is_sure and beam is not chosen and not _is_same(beam, chosen):
            notes.append(f"beam-in-history: another beam is told there, and not taken: {line!r}")
    if chosen is not None and not sure:
        notes.append(f"beam-in-history: taken from {found[-1][2]!r}")
    return chosen


def _told(header: fits.Header) -> Iterator[tuple[Beam, bool, str]]:
    """Beams of HISTORY, whether they are of the line that AIPS or the cards that Obit writes, and their line."""
    obit = dict[str, str]()
    for line in (str(one) for one in header["HISTORY"]) if "HISTORY" in header else ():
        said = dict[str, str](PAIR.findall(line))
        if any(name in said for name in CARDS[1]):
            obit |= said  # may stand in a line each
            told, is_sure, factor = [obit.get(name) for name in CARDS[1]], True, 1.0
        else:
            told = [said.get(name) for name in CARDS[0]]
            is_sure = bool(AIPS.match(line))
            unit = UNIT.search(line)
            factor = 1.0 if is_sure or unit is None else DEGREES_PER[unit[1].lower()]
            # In arcsec so small a number would be no beam, so it is in degrees even where no unit is named.
            if not is_sure and unit is None and not all(one and _number(one) < LEAST_ARCSEC for one in told[:2]):
                continue
        axes = [None if one is None else _number(one) * factor for one in told[:2]]
        beam = axes[0], axes[1], None if told[2] is None else _number(told[2])
        if _is_beam(beam):
            yield beam, is_sure, line.strip()


def _number(text: str) -> float:
    return float(text.upper().replace("D", "E"))


def _is_beam(beam: Beam) -> bool:
    return all(axis is not None and 0 < axis <= MAX_BEAM_DEG for axis in beam[:2])


def _is_same(one: Beam, other: Beam) -> bool:
    return all(abs((a or 0) - (b or 0)) <= SAME * (b or 0) for a, b in zip(one[:2], other[:2], strict=True))


def _columns(beam: Beam, beam_from: str | None) -> Row:
    major, minor = (None if axis is None else axis * 3600 for axis in beam[:2])
    angle = beam[2] if beam[2] is not None and np.isfinite(beam[2]) else None
    return {
        "beam_major_arcsec": major, "beam_minor_arcsec": minor,
        "beam_pa_deg": angle, "beam_from": beam_from,
    }  # fmt: skip
