"""A small synthetic sky with its catalogues and known truth, for the README, the tests and CI.

Two surveys look at the same sky around RA 0h: `demo_wide` (equatorial, SIN, 2" pixels, Jy/beam, two overlapping
mosaics, one with a blank border) and `demo_galactic` (Galactic, CAR, 2.5" pixels, mJy/beam, four axes). On a grid of
sites stand point sources, FR-I- and FR-II-like doubles, diffuse blobs, bright sources with ring artefacts, and nothing.
Every number follows from a fixed seed, so that the same release writes the same bytes.
"""

import csv
import gzip
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.wcs import WCS
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from schemas.fingerprint import choose

Image = NDArray[np.float64]

SEED = 20251
FWHM = 2 * math.sqrt(2 * math.log(2))
CENTRE_RA_DEG, CENTRE_DEC_DEG = 0.0, 12.0
SPACING_ARCSEC, N_COLUMNS, N_ROWS = 280.0, 18, 9
NOISE_MJY_PER_BEAM = 0.12
FIELD_ARCSEC = 128.0  # the side of a demo_multilabel cutout
BLANK_FROM_PX = 1256  # demo_wide's western mosaic has no data beyond this column

# What stands on each site, in turn: as many kinds as the label scheme can tell apart.
KINDS = ("compact", "fr2", "pair", "fr1", "compact", "diffuse", "ring", "empty", "fr2", "compact", "fr1", "long")
LABELS = {
    "compact": ("COMPACT",),
    "pair": ("COMPACT",),
    "fr1": ("RADIO-GALAXY", "EXTENDED"),
    "fr2": ("RADIO-GALAXY",),  # without EXTENDED, as in the published set: the scheme must imply it
    "diffuse": ("DIFFUSE",),
    "ring": ("COMPACT", "ARTEFACT"),  # an alias of ARTIFACT
    "long": ("EXTENDED", "WTF"),  # an alias of PECULIAR
    "empty": ("BACKGROUND",),
}
CAESAR = {
    "compact": "COMPACT", "pair": "COMPACT", "fr1": "EXTENDED", "fr2": "EXTENDED-MULTISLAND", "diffuse": "EXTENDED",
    "ring": "SPURIOUS", "long": "EXTENDED",
}  # fmt: skip


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


def write_demo(raw: Path) -> Path:
    """Write mosaics and catalogues below `raw`, and give it. Files that are there already are written again."""
    (raw / "images").mkdir(parents=True, exist_ok=True)
    (raw / "catalogs").mkdir(parents=True, exist_ok=True)
    sites = list(_sites())
    for k, mosaic in enumerate(_mosaics()):
        _write_mosaic(mosaic, sites, raw, np.random.default_rng([SEED, k]))
    _write_fields(sites, raw / "catalogs" / "demo_fields.csv")
    _write_objects(sites, raw / "catalogs" / "demo_objects.fits")
    _write_fanaroff(sites, raw / "catalogs" / "demo_fanaroff.csv")
    return raw


# -- the sky --------------------------------------------------------------------------------------------------------


def _sites() -> Iterator[Site]:
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
        yield Site(f"D{k:03d}", kind, ra, dec, pa, _blobs(kind, pa, bright), ring=kind == "ring")


def _blobs(kind: str, pa_deg: float, bright: float) -> tuple[Blob, ...]:
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


# -- the mosaics ----------------------------------------------------------------------------------------------------


def _mosaics() -> Iterator[Mosaic]:
    for name, shift_deg in (("west", -0.368), ("east", 0.368)):  # RA runs to the left: west is the larger x
        wcs = WCS(naxis=2)
        wcs.wcs.ctype, wcs.wcs.cunit = ["RA---SIN", "DEC--SIN"], ["deg", "deg"]
        wcs.wcs.crval = [(CENTRE_RA_DEG + shift_deg) % 360, CENTRE_DEC_DEG]
        wcs.wcs.crpix, wcs.wcs.cdelt = [700.5, 700.5], [-2 / 3600, 2 / 3600]
        wcs.wcs.radesys, wcs.wcs.equinox = "FK5", 2000.0
        yield Mosaic(f"images/demo_wide_{name}.fits", wcs, 1400, 1400, (8.0, 6.0, 30.0), "JY/BEAM", 1e-3)
    centre = SkyCoord((CENTRE_RA_DEG + 0.3) % 360, CENTRE_DEC_DEG, unit="deg").galactic
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = ["GLON-CAR", "GLAT-CAR"], ["deg", "deg"]
    wcs.wcs.crval = [centre.l.deg, centre.b.deg]
    wcs.wcs.crpix, wcs.wcs.cdelt = [550.5, 550.5], [-2.5 / 3600, 2.5 / 3600]
    yield Mosaic("images/demo_galactic.fits.gz", wcs, 1100, 1100, (12.0, 12.0, 0.0), "mJy/beam", 1.0, four_axes=True)


def _write_mosaic(mosaic: Mosaic, sites: list[Site], raw: Path, chance: np.random.Generator) -> None:
    image = _noise(mosaic, chance)
    for site, plane in zip(sites, _planes(mosaic.wcs, sites), strict=True):
        for blob in site.blobs:
            _draw(image, mosaic, plane, blob)
        if site.ring and "wide" in mosaic.file:
            _draw_ring(image, plane, peak_mjy=site.blobs[0].peak_mjy)
    if "west" in mosaic.file:
        image[:, BLANK_FROM_PX:] = np.nan
    header = mosaic.wcs.to_header()
    header["BUNIT"] = mosaic.unit
    if "wide" in mosaic.file:  # demo_galactic's beam is known from its survey file only
        major, minor, pa = mosaic.beam_arcsec
        header["BMAJ"], header["BMIN"], header["BPA"] = major / 3600, minor / 3600, pa
    header["OBJECT"] = "synthetic sky"
    data = (image * mosaic.per_mjy).astype(">f4")
    if mosaic.four_axes:
        data = data[np.newaxis, np.newaxis]
        header["CTYPE3"], header["CRVAL3"], header["CRPIX3"], header["CDELT3"] = "FREQ", 1.3e9, 1.0, 1e8
        header["CTYPE4"], header["CRVAL4"], header["CRPIX4"], header["CDELT4"] = "STOKES", 1.0, 1.0, 1.0
    written = io.BytesIO()
    fits.PrimaryHDU(data, header).writeto(written)
    body = written.getvalue()
    # mtime=0: a gzip header holds a clock, and equal releases must write equal bytes
    (raw / mosaic.file).write_bytes(gzip.compress(body, 6, mtime=0) if mosaic.file.endswith(".gz") else body)


def _noise(mosaic: Mosaic, chance: np.random.Generator) -> Image:
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


def _planes(wcs: WCS, sites: list[Site]) -> Iterator[Plane]:
    """The local plane of each site, from the pixels of the site and of points 1" north and 1" east of it."""
    here = SkyCoord([site.ra_deg for site in sites], [site.dec_deg for site in sites], unit="deg")
    step = 1 * u.arcsec
    points = [here, here.directional_offset_by(90 * u.deg, step), here.directional_offset_by(0 * u.deg, step)]
    (x, y), (x_east, y_east), (x_north, y_north) = (wcs.world_to_pixel(point) for point in points)
    for k in range(len(sites)):
        to_pixels = np.array([[x_east[k] - x[k], x_north[k] - x[k]], [y_east[k] - y[k], y_north[k] - y[k]]])
        yield Plane(float(x[k]), float(y[k]), np.linalg.inv(to_pixels))


def _draw(image: Image, mosaic: Mosaic, plane: Plane, blob: Blob) -> None:
    """Add a Gaussian convolved with the beam (widths add in square along each axis; beams are drawn round)."""
    beam = math.sqrt(mosaic.beam_arcsec[0] * mosaic.beam_arcsec[1])
    major, minor = math.hypot(beam, blob.major_arcsec), math.hypot(beam, blob.minor_arcsec)
    dilution = 7.0 * 7.0 / (beam * beam) if blob.major_arcsec else 1.0  # a larger beam gathers more of a wide blob
    east, north, box = plane.near(image, blob, 3 * major)
    pa = math.radians(blob.pa_deg)
    along, across = east * math.sin(pa) + north * math.cos(pa), east * math.cos(pa) - north * math.sin(pa)
    power = (along / major) ** 2 + (across / minor) ** 2
    image[box] += blob.peak_mjy / max(dilution, 0.2) * np.exp(-4 * math.log(2) * power)


def _draw_ring(image: Image, plane: Plane, *, peak_mjy: float) -> None:
    """The side lobes of a badly cleaned bright source: rings that alternate in sign."""
    east, north, box = plane.near(image, Blob(0, 0, peak_mjy), 60.0)
    radius = np.hypot(east, north)
    image[box] += 0.03 * peak_mjy * np.cos(2 * np.pi * radius / 18) * np.exp(-((radius - 28) ** 2) / (2 * 14**2))


# -- the catalogues -------------------------------------------------------------------------------------------------


def _write_fields(sites: list[Site], path: Path) -> None:
    """Annotated fields with several labels each. The last rows are traps: each must be refused with a reason."""
    west = next(_mosaics()).wcs
    rows: list[list[object]] = []
    for k, site in enumerate(sites):
        labels = list(LABELS[site.kind])
        ra, dec = site.ra_deg, site.dec_deg
        x = float(west.world_to_pixel(SkyCoord(ra, dec, unit="deg"))[0])
        if x + FIELD_ARCSEC / 2 / 2 > BLANK_FROM_PX:  # half the side, in 2" pixels, reaches the border
            labels.append("BORDER")
        split = "train" if k % 4 == 0 else ""
        rows.append([f"F{k:03d}", f"{ra:.6f}", f"{dec:.6f}", FIELD_ARCSEC, ";".join(labels), split])
    rows += [
        ["F003", rows[3][1], rows[3][2], FIELD_ARCSEC, "COMPACT", ""],  # an id twice
        ["T001", "10.000000", "-30.000000", FIELD_ARCSEC, "COMPACT", ""],  # no mosaic there
        ["T002", "", "", FIELD_ARCSEC, "COMPACT", ""],  # no position
        ["T003", "359.280000", "12.000000", FIELD_ARCSEC, "BORDER", ""],  # far inside the blank border
    ]
    _write_csv(path, ["field", "ra_deg", "dec_deg", "side_arcsec", "labels", "split"], rows)


def _write_objects(sites: list[Site], path: Path) -> None:
    """What a detector would have found: ellipses (full axes of the outline) with caesar-mrcnn classes."""
    extent = {
        "compact": (22, 22), "pair": (22, 22), "fr2": (86, 34), "fr1": (86, 34), "diffuse": (70, 66), "ring": (24, 24),
        "long": (86, 24),
    }  # fmt: skip
    found = [(site, k) for site in sites for k in range({"pair": 2, "empty": 0}.get(site.kind, 1))]
    places = [_moved(site, site.blobs[k]) if site.kind == "pair" else (site.ra_deg, site.dec_deg) for site, k in found]
    Table(
        {
            "Name": [f"O{site.name[1:]}{'ab'[k] if site.kind == 'pair' else ''}" for site, k in found],
            "RA": [ra for ra, _ in places],
            "Dec": [dec for _, dec in places],
            "Maj": [float(extent[site.kind][0]) for site, _ in found],
            "Min": [float(extent[site.kind][1]) for site, _ in found],
            "PA": [site.pa_deg for site, _ in found],
            "Class": [CAESAR[site.kind] for site, _ in found],
            "Score": [round(0.7 + 0.29 * ((k * 37) % 100) / 100, 2) for k in range(len(found))],
        },
        units={"RA": "deg", "Dec": "deg", "Maj": "arcsec", "Min": "arcsec", "PA": "deg"},
    ).write(path, overwrite=True)


def _moved(site: Site, blob: Blob) -> tuple[float, float]:
    """The position of one of a site's blobs, in degrees."""
    dec = site.dec_deg + blob.north_arcsec / 3600
    return (site.ra_deg + blob.east_arcsec / 3600 / math.cos(math.radians(site.dec_deg))) % 360, dec


def _write_fanaroff(sites: list[Site], path: Path) -> None:
    """The radio galaxies with their class; the confident ones are the demo's sealed benchmark."""
    galaxies = [site for site in sites if site.kind in ("fr1", "fr2")]
    rows = [
        [f"G{site.name[1:]}", f"{site.ra_deg:.6f}", f"{site.dec_deg:.6f}", {"fr1": "FR-I", "fr2": "FR-II"}[site.kind],
         "true" if k % 3 == 0 else "false"]
        for k, site in enumerate(galaxies)
    ]  # fmt: skip
    _write_csv(path, ["name", "ra_deg", "dec_deg", "fr_class", "confident"], rows)


def _write_csv(path: Path, names: list[str], rows: list[list[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(rows)
