"""Between pixels of an image and ICRS degrees, in any projection and frame that astropy's WCS knows."""

import re
import warnings
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import erfa
import numpy as np
from astropy import units as u
from astropy.coordinates import (
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    BaseCoordinateFrame,
    DynamicMatrixTransform,
    Galactic,
    UnitSphericalRepresentation,
    frame_transform_graph,
)
from astropy.io import fits
from astropy.wcs import WCS, Wcsprm
from astropy.wcs.utils import wcs_to_celestial_frame
from numpy.typing import ArrayLike, NDArray

import catalogs.ecliptic  # noqa: F401 -- a frame that astropy asks for

Degrees = NDArray[np.float64]
Matrix = NDArray[np.float64]
PLAIN = re.compile(
    r"(?:WCSAXES|(?:CRPIX|CDELT|CUNIT|CTYPE|CRVAL)[12]|PC[12]_[12]|(?:LON|LAT)POLE|RADESYS|EQUINOX) *=.*"
)
"""A card that wcslib alone understands: of such cards it makes the same WCS as astropy does, at a tenth of the cost."""
CARD_LENGTH = 80
RAD, DEG = float(u.deg.to(u.rad)), float(u.rad.to(u.deg))  # astropy's, to the last bit
TURN_DEG, TURN_RAD = 360.0, float(u.deg.to(u.rad, 360.0))
POLE_DEG = 90.0
_ICRS = ICRS()
_FRAMES: dict[str, BaseCoordinateFrame] = {}


@lru_cache(maxsize=64)
def read_wcs(header: str) -> WCS:
    """The two-dimensional WCS of a `header` or `wcs_header` column. Kept between calls; do not change it."""
    cards = header.split("\n")
    if not all(len(card) <= CARD_LENGTH and PLAIN.fullmatch(card.rstrip()) for card in cards) or "-SIP" in header:
        return quiet_wcs(fits.Header.fromstring(header, sep="\n"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wcs = WCS(naxis=2)
        wcs.wcs = Wcsprm(header="".join(card.ljust(CARD_LENGTH) for card in cards).encode("ascii"), relax=True)
        wcs.fix()
    return wcs


def quiet_wcs(header: fits.Header) -> WCS:
    """A WCS without astropy's remarks on what it repaired."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return WCS(header)


def sky_of_pixels(wcs: WCS, x: ArrayLike, y: ArrayLike) -> tuple[Degrees, Degrees]:
    """ICRS ra, dec of 0-based pixel positions; NaN where the projection has no sky."""
    native = wcs.all_pix2world(np.column_stack([np.ravel(x), np.ravel(y)]), 0)
    longitude, latitude = native[:, wcs.wcs.lng], native[:, wcs.wcs.lat]  # the axes may come as (dec, ra)
    return _in_frame(_frame(wcs), _ICRS, longitude, latitude)


def pixels_of_sky(wcs: WCS, ra_deg: ArrayLike, dec_deg: ArrayLike) -> tuple[Degrees, Degrees]:
    """0-based pixel positions of ICRS positions, in one call; NaN where the projection has no pixel."""
    native = _in_frame(_ICRS, _frame(wcs), np.ravel(ra_deg), np.ravel(dec_deg))
    world = np.empty((len(native[0]), 2))
    world[:, wcs.wcs.lng], world[:, wcs.wcs.lat] = native
    pixels = wcs.all_world2pix(world, 0, quiet=True)
    return pixels[:, 0], pixels[:, 1]


def _frame(wcs: WCS) -> BaseCoordinateFrame:
    """The frame of its longitude and latitude; an equatorial or Galactic one is made once for all that say the same."""
    axes = tuple(str(one)[:4] for one in wcs.wcs.ctype)
    if axes[wcs.wcs.lng] not in ("RA--", "GLON"):
        return wcs_to_celestial_frame(wcs)
    said = repr((axes, wcs.wcs.radesys, float(wcs.wcs.equinox)))
    if said not in _FRAMES:
        _FRAMES[said] = wcs_to_celestial_frame(wcs)
    return _FRAMES[said]


def _in_frame(
    given: BaseCoordinateFrame, wanted: BaseCoordinateFrame, longitude_deg: Degrees, latitude_deg: Degrees
) -> tuple[Degrees, Degrees]:
    """Places in another frame; NaN where they are none. What `transform_to` says, to the last bit (a test compares)."""
    is_place = np.isfinite(longitude_deg) & np.isfinite(latitude_deg) & (np.abs(latitude_deg) <= POLE_DEG)
    longitude, latitude = (np.where(is_place, one, np.nan) for one in (longitude_deg, latitude_deg))
    if not is_place.any():
        return longitude, latitude
    rotations = _rotations(given, wanted)
    if rotations is None:
        places = UnitSphericalRepresentation(longitude[is_place] * u.deg, latitude[is_place] * u.deg)
        found: Any = given.realize_frame(places).transform_to(wanted).spherical
        longitude[is_place], latitude[is_place] = found.lon.deg, found.lat.deg
        return longitude, latitude
    longitude = _wrapped(longitude, TURN_DEG)
    if not rotations:
        return longitude, latitude
    longitude, latitude = longitude * RAD, latitude * RAD
    for rotation in rotations:
        longitude, latitude = erfa.c2s(erfa.rxp(rotation, erfa.s2c(longitude, latitude)))
        longitude = _wrapped(longitude, TURN_RAD)
    return np.where(is_place, longitude * DEG, np.nan), np.where(is_place, latitude * DEG, np.nan)


def _wrapped(angle: Degrees, turn: float) -> Degrees:
    """Within [0, turn), step by step as `Longitude` does it: its last digits are in tables."""
    angle = angle - angle // turn * turn
    angle = np.where(angle >= turn, angle - turn, angle)
    return np.where(angle < 0, angle + turn, angle)


def _rotations(given: BaseCoordinateFrame, wanted: BaseCoordinateFrame) -> tuple[Matrix, ...] | None:
    """Astropy's matrices from a frame to another, one after the other; None where these alone do not lead there."""
    names = _name(given), _name(wanted)
    return None if None in names else _matrices(_Way(names, given, wanted))


def _name(frame: BaseCoordinateFrame) -> tuple[object, ...] | None:
    if type(frame) in (ICRS, Galactic):
        return (type(frame),)
    if type(frame) not in (FK5, BarycentricMeanEcliptic):
        return None
    return type(frame), frame.equinox.scale, float(frame.equinox.jd1), float(frame.equinox.jd2)


@dataclass(frozen=True)
class _Way:
    names: tuple[tuple[object, ...] | None, ...]
    given: BaseCoordinateFrame = field(compare=False)
    wanted: BaseCoordinateFrame = field(compare=False)


@lru_cache(maxsize=64)
def _matrices(way: _Way) -> tuple[Matrix, ...] | None:
    found: list[Matrix] = []
    frame = way.given
    way_of_astropy: Any = frame_transform_graph.get_transform(type(way.given), type(way.wanted))
    steps = way_of_astropy.transforms
    for step in steps:
        to = way.wanted if step is steps[-1] else step.tosys()
        if not isinstance(step, DynamicMatrixTransform):
            return None
        found.append(np.asarray(step.matrix_func(frame, to), float))
        frame = to
    return tuple(found)
