"""Mosaics and catalogues of any number of cutouts for the demo's three datasets, one of them a sealed benchmark.

A third of the cutouts are fields of 256 px, each of several labels, a third radio galaxies, a third objects with boxes
in groups of 3.6 in the mean. Sites stand apart, so that patches of sky do not run into each other. Shapes and files are
those of the demo, in mosaics of 8,000 px.
"""

import csv
import math
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from astropy.table import Table
from astropy.wcs import WCS

from curation.demo import CAESAR, LABELS
from curation.demo_sky import KINDS, Mosaic, Site, blobs, draw_sites, noise, write_image
from schemas.fingerprint import choose

SEED, SIDE_PX, PIXEL_ARCSEC, FIELD_PX, SPACING_PX = 16, 8000, 2.0, 256, 300
EAST_DEG, NORTH_DEG, APART_DEG, A_ROW = 40.0, 12.0, 8.0, 45  # of the centres of mosaics
GROUP_PIXEL_ARCSEC, GROUP_SPACING_PX = 2.5, 112
IN_A_GROUP = (2, 3, 4, 4, 5)
GALAXIES = ("fr1", "fr2")
TESTED = 10
"""Every so many of the galaxies is of the sealed benchmark."""
EXTENT_ARCSEC = {"compact": (22, 22), "fr2": (60, 30), "fr1": (60, 30), "diffuse": (50, 46), "long": (60, 22)}
IN_GROUPS = ("compact", "compact", "fr1", "fr2", "compact", "diffuse", "long")
CORPUS = """title    = "A synthetic sky for measuring"
datasets = ["demo_multilabel", "demo_objects", "demo_fanaroff"]
seal     = ["demo_fanaroff_riley"]

[picture]
side_px = 256
stretch = "asinh"

[splits]
train = 0.7
validation = 0.15
test = 0.15
"""


@dataclass(frozen=True)
class Row:
    """A cutout as its catalogue has it."""

    dataset: str
    site: Site
    file: str
    side_arcsec: float


def write_sky(n_cutouts: int, folder: Path) -> Path:
    """`corpus.toml` and the raw files of so many cutouts, in the folder that is given back; not made again."""
    made = folder / f"sky-{n_cutouts}"
    if made.exists():
        return made
    aside = Path(tempfile.mkdtemp(dir=folder))
    for one in ("images", "catalogs"):
        (aside / one).mkdir()
    (aside / "corpus.toml").write_text(CORPUS)
    n_wide = 2 * n_cutouts // 3
    fields, galaxies = list[Site](), list[Site]()
    for mosaic, sites in _wide(n_wide):
        _write(aside, mosaic, sites)
        fields += [one for one in sites if one.name.startswith("F")]
        galaxies += [one for one in sites if one.name.startswith("G")]
    _write_csv(
        aside / "catalogs/demo_fields.csv", ("field", "ra_deg", "dec_deg", "side_arcsec", "labels", "split"),
        [(one.name, *_place(one), FIELD_PX * PIXEL_ARCSEC, ";".join(LABELS[one.kind]), "") for one in fields],
    )  # fmt: skip
    _write_csv(
        aside / "catalogs/demo_fanaroff.csv", ("name", "ra_deg", "dec_deg", "fr_class", "confident"),
        [
            (one.name, *_place(one), {"fr1": "FR-I", "fr2": "FR-II"}[one.kind], str(k % TESTED == 0).lower())
            for k, one in enumerate(galaxies)
        ],
    )  # fmt: skip
    _write_groups(aside, n_cutouts - n_wide)
    return aside.rename(made)


def rows_of(sky: Path) -> Iterator[Row]:
    """The cutouts of `write_sky` from its catalogues, for a script that reads them plainly."""
    for name, file in (("demo_multilabel", "demo_fields.csv"), ("demo_fanaroff", "demo_fanaroff.csv")):
        with (sky / "catalogs" / file).open(encoding="utf-8") as lines:
            for one in csv.DictReader(lines):
                words = one.get("labels", one.get("fr_class", ""))
                place = Site(one.get("field") or one["name"], words, float(one["ra_deg"]), float(one["dec_deg"]), 0.0)
                yield Row(name, place, _mosaic_of(place), float(one.get("side_arcsec", 112.0)))
    for one in Table.read(sky / "catalogs/demo_objects.fits"):
        place = Site(str(one["Name"]), str(one["Class"]), float(one["RA"]), float(one["Dec"]), float(one["PA"]))
        yield Row("demo_objects", place, "images/demo_galactic.fits.gz", 120.0)


def _mosaic_of(site: Site) -> str:
    column = round((site.ra_deg - EAST_DEG) % 360 / APART_DEG) % A_ROW
    row = round((NORTH_DEG - site.dec_deg) / APART_DEG)
    return f"images/demo_wide_{A_ROW * row + column:03d}.fits"


def _wide(n: int) -> Iterator[tuple[Mosaic, list[Site]]]:
    a_row = SIDE_PX // SPACING_PX
    chance = np.random.default_rng([SEED, n])
    for number, first in enumerate(range(0, n, a_row * a_row)):
        wcs = WCS(naxis=2)
        wcs.wcs.ctype, wcs.wcs.cunit = ["RA---SIN", "DEC--SIN"], ["deg", "deg"]
        wcs.wcs.crval = [(EAST_DEG + APART_DEG * (number % A_ROW)) % 360, NORTH_DEG - APART_DEG * (number // A_ROW)]
        wcs.wcs.crpix, wcs.wcs.cdelt = [SIDE_PX / 2 + 0.5] * 2, [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
        wcs.wcs.radesys, wcs.wcs.equinox = "FK5", 2000.0
        file = f"images/demo_wide_{number:03d}.fits"
        mosaic = Mosaic(file, wcs, SIDE_PX, SIDE_PX, (8.0, 6.0, 30.0), "JY/BEAM", 1e-3)
        numbers = np.arange(first, min(n, first + a_row * a_row))
        row, column = np.divmod(numbers - first, a_row)
        sky = wcs.pixel_to_world((column + 0.5) * SPACING_PX, (row + 0.5) * SPACING_PX).icrs
        sites = list[Site]()
        for at, place in zip(numbers.tolist(), sky, strict=True):
            is_field = at % 2 == 0
            kind = choose(KINDS if is_field else GALAXIES, f"site {at}")
            pa, bright = float(chance.uniform(0, 180)), float(10 ** chance.uniform(0.7, 1.6))
            sites.append(
                Site(
                    f"{'F' if is_field else 'G'}{at:06d}", kind, float(place.ra.deg), float(place.dec.deg), pa,
                    blobs(kind, pa, bright), ring=kind == "ring",
                )
            )  # fmt: skip
        yield mosaic, sites


def _write_groups(raw: Path, n: int) -> None:
    """Objects in groups, on one mosaic in Galactic coordinates, gzipped and with four axes as the demo's is."""
    chance = np.random.default_rng([SEED, n, 2])
    groups, left = list[int](), n
    while left > 0:
        groups.append(min(left, choose(IN_A_GROUP, f"group {len(groups)}")))
        left -= groups[-1]
    a_row = math.ceil(math.sqrt(len(groups)))
    side = a_row * GROUP_SPACING_PX
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.cunit = ["GLON-CAR", "GLAT-CAR"], ["deg", "deg"]
    wcs.wcs.crval, wcs.wcs.crpix = [310.0, 0.0], [side / 2 + 0.5, side / 2 + 0.5]
    wcs.wcs.cdelt = [-GROUP_PIXEL_ARCSEC / 3600, GROUP_PIXEL_ARCSEC / 3600]
    mosaic = Mosaic("images/demo_galactic.fits.gz", wcs, side, side, (12.0, 12.0, 0.0), "mJy/beam", 1.0, four_axes=True)
    sites = list[Site]()
    for group, n_objects in enumerate(groups):
        row, column = divmod(group, a_row)
        turn = chance.uniform(0, 2 * math.pi)
        for k in range(n_objects):
            away = 20 / GROUP_PIXEL_ARCSEC if k else 0.0
            angle = turn + 2 * math.pi * k / max(n_objects - 1, 1)
            x, y = ((at + 0.5) * GROUP_SPACING_PX for at in (column, row))
            sky = wcs.pixel_to_world(x + away * math.cos(angle), y + away * math.sin(angle)).icrs
            kind = choose(IN_GROUPS, f"object {len(sites)}")
            pa, bright = float(chance.uniform(0, 180)), float(10 ** chance.uniform(0.7, 1.6))
            place = (float(sky.ra.deg), float(sky.dec.deg))
            sites.append(Site(f"O{len(sites):06d}", kind, *place, pa, blobs(kind, pa, bright)))
    _write(raw, mosaic, sites)
    Table(
        {
            "Name": [one.name for one in sites], "RA": [one.ra_deg for one in sites],
            "Dec": [one.dec_deg for one in sites],
            "Maj": [float(EXTENT_ARCSEC[one.kind][0]) for one in sites],
            "Min": [float(EXTENT_ARCSEC[one.kind][1]) for one in sites], "PA": [one.pa_deg for one in sites],
            "Class": [CAESAR[one.kind] for one in sites],
            "Score": [round(0.7 + 0.29 * ((k * 37) % 100) / 100, 2) for k in range(len(sites))],
        },
        units={"RA": "deg", "Dec": "deg", "Maj": "arcsec", "Min": "arcsec", "PA": "deg"},
    ).write(raw / "catalogs/demo_objects.fits")  # fmt: skip


def _write(raw: Path, mosaic: Mosaic, sites: Sequence[Site]) -> None:
    """The mosaic as the demo writes its own, with noise that is different in each."""
    image = noise(mosaic, np.random.default_rng([SEED, *mosaic.file.encode()]))
    draw_sites(image, mosaic, sites)
    header = mosaic.wcs.to_header()
    major, minor, pa = mosaic.beam_arcsec
    header["BUNIT"], header["BMAJ"], header["BMIN"], header["BPA"] = mosaic.unit, major / 3600, minor / 3600, pa
    image *= mosaic.per_mjy
    write_image(raw / mosaic.file, image[None, None] if mosaic.four_axes else image, header)


def _place(site: Site) -> tuple[str, str]:
    return f"{site.ra_deg:.6f}", f"{site.dec_deg:.6f}"


def _write_csv(path: Path, names: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([names, *rows])
