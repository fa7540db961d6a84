"""Cutouts as FITS: of a row of CUTOUTS, or straight from a mosaic, behind a header that is made once per mosaic."""

import re
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits

from curation.pictures.fits_header import BLOCK
from curation.pictures.plane import Box, Plane
from curation.pictures.render import LESS
from curation.pictures.wcs_cards import WCS_CARD

MOST_HISTORY = 100  # cards kept: the origin's notice stands there; VLASS has 800 of them
# Of the file, of its shape, or true of all its pixels and of no part of them.
NOT_OF_A_CUTOUT = re.compile(
    r"SIMPLE|XTENSION|BITPIX|NAXIS\d*|EXTEND|BSCALE|BZERO|BLANK|PCOUNT|GCOUNT|GROUPS|CHECKSUM|DATASUM|DATAMIN|DATAMAX"
    r"|END|WCSAXES|(CTYPE|CUNIT|CRVAL|CRPIX|CDELT|CROTA)\d+|(PC|CD|PV|PS)\d+_\d+|Z(IMAGE|CMPTYPE|BITPIX|NAXIS\d*|TILE\d+"
    r"|NAME\d+|VAL\d+|QUANTIZ|DITHER0|SIMPLE|EXTEND|BLANK|HECKSUM|DATASUM)|TFIELDS|T(TYPE|FORM|UNIT)\d+|EXTNAME|THEAP"
)
VALUE_AT, VALUE_END = 10, 30


@dataclass(frozen=True)
class FitsTemplate:
    """The header of every cutout of one mosaic, but for four numbers."""

    header: bytes
    places: dict[str, int]  # keyword -> byte of its card
    crpix: tuple[float, float]


def fits_template(plane: Plane, wcs_header: str | None) -> FitsTemplate:
    """Made once per mosaic: what its header says of its sky, its observation and its licence, and the WCS cards."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = _header(plane.raw.dtype.itemsize, _kept_cards(plane.header), wcs_header)
        crpix = float(header.get("CRPIX1", 0.0)), float(header.get("CRPIX2", 0.0))
        text = header.tostring(sep="", endcard=True, padding=True).encode("ascii")
    keywords = ("NAXIS1", "NAXIS2", "CRPIX1", "CRPIX2")
    cards = {text[at : at + 8].decode().rstrip(): at for at in range(0, len(text), 80)}
    return FitsTemplate(text, {one: cards[one] for one in keywords if one in cards}, crpix)


def fits_cutout(plane: Plane, template: FitsTemplate, box: Box, into: memoryview | None = None) -> memoryview:
    """The box as a FITS file, in the mosaic's own unit and numbers, bit for bit; NaN outside of the mosaic.

    Only for a plane that `is_native`: file and cutout are both big-endian, so rows are copied as they are. `into`: a
    file that this gave before and that is done with: its memory is used again, so that one cutout after another is
    written without asking the system for more.
    """
    width, height = box[2] - box[0], box[3] - box[1]
    dtype = plane.raw.dtype.newbyteorder(">")
    n_header, n_data = len(template.header), width * height * dtype.itemsize
    n_file = n_header + -(-n_data // BLOCK) * BLOCK
    room = into.obj if into is not None and len(into.obj) >= n_file else bytearray(n_file)
    body = memoryview(room)[:n_file]
    body[:n_header] = template.header
    numbers = {"NAXIS1": width, "NAXIS2": height}
    numbers |= {"CRPIX1": template.crpix[0] - box[0], "CRPIX2": template.crpix[1] - box[1]}
    for keyword, at in template.places.items():
        body[at + VALUE_AT : at + VALUE_END] = _twenty(numbers[keyword])
    pixels = np.frombuffer(body, dtype, width * height, n_header).reshape(height, width)
    inside = plane.inside(box)
    if inside != box:
        pixels[...] = np.nan
    x_min, y_min, x_max, y_max = inside
    pixels[y_min - box[1] : y_max - box[1], x_min - box[0] : x_max - box[0]] = plane.raw[y_min:y_max, x_min:x_max]
    body[n_header + n_data :] = bytes(n_file - n_header - n_data)
    return body


def cutout_fits(row: dict[str, Any]) -> bytes:
    """A row of CUTOUTS as a FITS file: float32 in mJy/beam, WCS and beam in the header, NaN where it is blank."""
    image = np.frombuffer(row["pixels"], "<f4").reshape(row["height_px"], row["width_px"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header = _header(4, _cards_of(row), row["wcs_header"])
        header["NAXIS1"], header["NAXIS2"] = row["width_px"], row["height_px"]
        text = header.tostring(sep="", endcard=True, padding=True).encode("ascii")
    pixels = image.astype(">f4").tobytes()
    return text + pixels + bytes(-len(pixels) % BLOCK)


def _twenty(number: float) -> bytes:
    """A number in the twenty places of a FITS value: in full, or shortened where it would not fit."""
    text = repr(number).upper()
    return (text if len(text) <= VALUE_END - VALUE_AT else f"{number:.12G}").rjust(VALUE_END - VALUE_AT).encode()


def _header(n_bytes: int, cards: fits.Header, wcs_header: str | None) -> fits.Header:
    structure = [("SIMPLE", True), ("BITPIX", -8 * n_bytes), ("NAXIS", 2), ("NAXIS1", 1), ("NAXIS2", 1)]
    header = fits.Header(structure)
    if wcs_header is not None:
        header.extend(fits.Header.fromstring(wcs_header, sep="\n"), bottom=True, end=True)
    header.extend(cards, bottom=True, end=True)
    return header


def _kept_cards(header: fits.Header) -> fits.Header:
    cards = [
        card
        for card in header.cards
        if not (NOT_OF_A_CUTOUT.fullmatch(card.keyword) or WCS_CARD.fullmatch(card.keyword)) and card.keyword
    ]
    n_surplus = sum(card.keyword == "HISTORY" for card in cards) - MOST_HISTORY
    kept = list[fits.Card]()
    for card in cards:
        if card.keyword == "HISTORY" and n_surplus > 0:
            n_surplus -= 1
            continue
        kept.append(card)
    return fits.Header(kept)


def _cards_of(row: dict[str, Any]) -> fits.Header:
    header = fits.Header()
    if row["rms_mjy_per_beam"] is not None:
        header["BUNIT"] = "mJy/beam"
        header["RMS"] = row["rms_mjy_per_beam"], "[mJy/beam] sigma-clipped noise"
    if row["beam_major_arcsec"] is not None:
        header["BMAJ"] = row["beam_major_arcsec"] / 3600, f"[deg] from {row['beam_from']}"
        header["BMIN"] = row["beam_minor_arcsec"] / 3600, f"[deg] from {row['beam_from']}"
    if row["beam_pa_deg"] is not None:
        header["BPA"] = row["beam_pa_deg"], "[deg]"
    header["HISTORY"] = f"cutout {row['cutout_id']} of {row['mosaic']}"
    header["HISTORY"] = f"mosaic sha256 {row['mosaic_sha256']}"
    if taken := re.match(LESS.format(r"\w+"), row["stretch"]):
        header["HISTORY"] = taken[0].rstrip("; ")
    return header
