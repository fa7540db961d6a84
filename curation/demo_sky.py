"""The demo's synthetic sky: what stands where, and how it looks through a beam.

On a grid of sites stand point sources, FR-I- and FR-II-like doubles, diffuse blobs, bright sources with ring artefacts,
and nothing. Every number follows from a fixed seed.
"""

import gzip
import io
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from catalogs.wcs_sky import pixels_of_sky
from schemas.fingerprint import choose

Image = NDArray[np.float64]

SEED = 20251
FWHM = 2 * math.sqrt(2 * math.log(2))
CENTRE_RA_DEG, CENTRE_DEC_DEG = 0.0, 12.0
SPACING_ARCSEC, N_COLUMNS, N_ROWS = 280.0, 18, 9
NOISE_MJY_PER_BEAM = 0.12

# What stands on each site, in turn: as many kinds as the label scheme can tell apart.
KINDS = ("compact", "fr2", "pair", "fr1", "compact", "diffuse", "ring", "empty", "fr2", "compact", "fr1", "long")


@dataclass(frozen=True)
class Blob:
    """A Gaussian on the sky: offset from its site, peak at the beam of demo_wide, intrinsic FWHM, angle."""

    east_arcsec: float
    north_arcsec: float
    peak_mjy: float
    major_arcsec: float = 0.0
    minor_arcsec: float = 0.0
    pa_deg: float = 0.0


@dataclass(frozen=True)
class Site:
    """A place on the grid and what stands there."""

    name: str
    kind: str
    ra_deg: float
    dec_deg: float
    pa_deg: float
    blobs: tuple[Blob, ...] = ()
    ring: bool = False


@dataclass
class Mosaic:
    """An image being drawn."""

    file: str
    wcs: WCS
    width_px: int
    height_px: int
    beam_arcsec: tuple[float, float, float]
    unit: str
    per_mjy: float
    four_axes: bool = False


def sites() -> Iterator[Site]:
    """Every site of the grid, in rows from the south-east."""
    chance = np.random.default_rng(SEED)
    for k in range(N_COLUMNS * N_ROWS):
        row, column = divmod(k, N_COLUMNS)
        east = (column - (N_COLUMNS - 1) / 2) * SPACING_ARCSEC + chance.uniform(-25, 25)
        north = (row - (N_ROWS - 1) / 2) * SPACING_ARCSEC + chance.uniform(-25, 25)
        kind = choose(KINDS, f"site {k}")
        dec = CENTRE_DEC_DEG + north / 3600
        ra = (CENTRE_RA_DEG + east / 3600 / math.cos(math.radians(dec))) % 360
        pa = float(chance.uniform(0, 180))
        bright = float(10 ** chance.uniform(0.7, 1.6))
        yield Site(f"D{k:03d}", kind, ra, dec, pa, blobs(kind, pa, bright), ring=kind == "ring")


def blobs(kind: str, pa_deg: float, bright: float) -> tuple[Blob, ...]:
    """The Gaussians of a kind; `bright` in mJy/beam."""

    def along(arcsec: float, peak: float, major: float = 0.0, minor: float = 0.0) -> Blob:
        east, north = arcsec * math.sin(math.radians(pa_deg)), arcsec * math.cos(math.radians(pa_deg))
        return Blob(east, north, peak, major, minor, pa_deg)

    if kind == "compact":
        return (along(0, bright),)
    if kind == "pair":
        return along(-16, bright), along(16, 0.6 * bright)
    if kind == "fr2":  # edge-brightened: hot spots at the ends, a faint core
        return along(0, 0.15 * bright), *(along(s * 26, bright, 9, 5) for s in (-1, 1)), along(-18, 0.3 * bright, 12, 6)
    if kind == "fr1":  # fading outwards from the core
        jets = tuple(along(s * r, bright * 0.75 * math.exp(-r / 16), 12, 6) for r in (9, 18, 27) for s in (-1, 1))
        return along(0, bright), *jets
    if kind == "diffuse":
        return (along(0, 0.25 * bright, 34, 30),)
    if kind == "ring":
        return (along(0, 12 * bright),)
    if kind == "long":
        return (along(0, bright, 45, 3),)
    return ()


def draw_sites(image: Image, mosaic: Mosaic, sites: Sequence[Site], *, with_rings: bool = True) -> None:
    """Add all that stands on the sites; mJy/beam."""
    for site, plane in zip(sites, planes(mosaic.wcs, sites), strict=True):
        for blob in site.blobs:
            draw(image, mosaic, plane, blob)
        if site.ring and with_rings:
            draw_ring(image, plane, peak_mjy=site.blobs[0].peak_mjy)


def noise(mosaic: Mosaic, chance: np.random.Generator) -> Image:
    """Noise that the beam has smoothed, with the wanted rms; mJy/beam."""
    pixel = abs(mosaic.wcs.wcs.cdelt[0]) * 3600
    rough = chance.standard_normal((mosaic.height_px, mosaic.width_px))
    smooth = gaussian_filter(rough, mosaic.beam_arcsec[0] / FWHM / pixel)
    return smooth * (NOISE_MJY_PER_BEAM / smooth.std())


@dataclass(frozen=True)
class Plane:
    """The sky near a site as the mosaic sees it: the site's pixel, and arcsec east and north per pixel."""

    x_px: float
    y_px: float
    to_sky: Image

    def near(self, image: Image, blob: Blob, reach_arcsec: float) -> tuple[Image, Image, tuple[slice, slice]]:
        """Offsets east and north of the blob (arcsec) for every pixel near it, and where those pixels are."""
        x, y = np.array([self.x_px, self.y_px]) + np.linalg.solve(self.to_sky, [blob.east_arcsec, blob.north_arcsec])
        reach = reach_arcsec / math.sqrt(abs(np.linalg.det(self.to_sky)))
        height, width = image.shape
        low = np.clip([y - reach, x - reach], 0, [height, width]).astype(int)
        high = np.clip([y + reach + 2, x + reach + 2], 0, [height, width]).astype(int)
        box = (slice(low[0], high[0]), slice(low[1], high[1]))
        rows, columns = np.mgrid[box]
        east = self.to_sky[0, 0] * (columns - x) + self.to_sky[0, 1] * (rows - y)
        north = self.to_sky[1, 0] * (columns - x) + self.to_sky[1, 1] * (rows - y)
        return east, north, box


def planes(wcs: WCS, sites: Sequence[Site]) -> Iterator[Plane]:
    """The local plane of each site, from the pixels of the site and of points 1" north and 1" east of it."""
    here = SkyCoord([site.ra_deg for site in sites], [site.dec_deg for site in sites], unit="deg")
    step = 1 * u.arcsec
    points = [here, here.directional_offset_by(90 * u.deg, step), here.directional_offset_by(0 * u.deg, step)]
    (x, y), (x_east, y_east), (x_north, y_north) = (pixels_of_sky(wcs, point.ra.deg, point.dec.deg) for point in points)
    for k in range(len(sites)):
        to_pixels = np.array([[x_east[k] - x[k], x_north[k] - x[k]], [y_east[k] - y[k], y_north[k] - y[k]]])
        yield Plane(float(x[k]), float(y[k]), np.linalg.inv(to_pixels))


def draw(image: Image, mosaic: Mosaic, plane: Plane, blob: Blob) -> None:
    """Add a Gaussian convolved with the beam (widths add in square along each axis; beams are drawn round)."""
    beam = math.sqrt(mosaic.beam_arcsec[0] * mosaic.beam_arcsec[1])
    major, minor = math.hypot(beam, blob.major_arcsec), math.hypot(beam, blob.minor_arcsec)
    dilution = 7.0 * 7.0 / (beam * beam) if blob.major_arcsec else 1.0  # a larger beam gathers more of a wide blob
    east, north, box = plane.near(image, blob, 3 * major)
    pa = math.radians(blob.pa_deg)
    along, across = east * math.sin(pa) + north * math.cos(pa), east * math.cos(pa) - north * math.sin(pa)
    power = (along / major) ** 2 + (across / minor) ** 2
    image[box] += blob.peak_mjy / max(dilution, 0.2) * np.exp(-4 * math.log(2) * power)


def draw_ring(image: Image, plane: Plane, *, peak_mjy: float) -> None:
    """The side lobes of a badly cleaned bright source: rings that alternate in sign."""
    east, north, box = plane.near(image, Blob(0, 0, peak_mjy), 60.0)
    radius = np.hypot(east, north)
    image[box] += 0.03 * peak_mjy * np.cos(2 * np.pi * radius / 18) * np.exp(-((radius - 28) ** 2) / (2 * 14**2))


def write_image(path: Path, image: Image, header: fits.Header) -> None:
    """The image as 32-bit numbers, gzipped where the name says so; the same image always as the same bytes."""
    written = io.BytesIO()
    fits.PrimaryHDU(image.astype(">f4"), header).writeto(written)
    body = written.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    # mtime=0: a gzip header holds a clock, and equal releases must write equal bytes
    path.write_bytes(gzip.compress(body, 6, mtime=0) if path.name.endswith(".gz") else body)
