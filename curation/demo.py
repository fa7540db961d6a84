"""A small synthetic sky with its catalogues and known truth, for the README, the tests and CI.

Two surveys look at the same sky around RA 0h: `demo_wide` (equatorial, SIN, 2" pixels, Jy/beam, two overlapping
mosaics, one with a blank border) and `demo_galactic` (Galactic, CAR, 2.5" pixels, mJy/beam, four axes). On a grid of
sites stand point sources, FR-I- and FR-II-like doubles, diffuse blobs, bright sources with ring artefacts, and nothing.
Every number follows from a fixed seed, so that the same release writes the same bytes.
"""

import csv
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.wcs import WCS

from catalogs.wcs_sky import pixels_of_sky
from curation.demo_annotations import write_annotations
from curation.demo_sky import (
    CENTRE_DEC_DEG,
    CENTRE_RA_DEG,
    SEED,
    Blob,
    Mosaic,
    Site,
    draw_sites,
    noise,
    write_image,
)
from curation.demo_sky import sites as all_sites

FIELD_ARCSEC = 128.0  # the side of a demo_multilabel cutout
BLANK_FROM_PX = 1256  # demo_wide's western mosaic has no data beyond this column

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


def write_demo(raw: Path) -> Path:
    """Write mosaics and catalogues below `raw`, and give it. Files that are there already are written again."""
    (raw / "images").mkdir(parents=True, exist_ok=True)
    (raw / "catalogs").mkdir(parents=True, exist_ok=True)
    sites = list(all_sites())
    for k, mosaic in enumerate(_mosaics()):
        _write_mosaic(mosaic, sites, raw, np.random.default_rng([SEED, k]))
    _write_fields(sites, raw / "catalogs" / "demo_fields.csv")
    _write_objects(sites, raw / "catalogs" / "demo_objects.fits")
    _write_fanaroff(sites, raw / "catalogs" / "demo_fanaroff.csv")
    write_annotations(raw)
    return raw


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
    image = noise(mosaic, chance)
    draw_sites(image, mosaic, sites, with_rings="wide" in mosaic.file)
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
    write_image(raw / mosaic.file, data, header)


# -- the catalogues -------------------------------------------------------------------------------------------------


def _write_fields(sites: list[Site], path: Path) -> None:
    """Annotated fields with several labels each. The last rows are traps: each must be refused with a reason."""
    west = next(_mosaics()).wcs
    rows: list[list[object]] = []
    x_px, _ = pixels_of_sky(west, [site.ra_deg for site in sites], [site.dec_deg for site in sites])
    for k, (site, x) in enumerate(zip(sites, x_px, strict=True)):
        labels = list(LABELS[site.kind])
        ra, dec = site.ra_deg, site.dec_deg
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
