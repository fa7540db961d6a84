"""How well noise and background around a picture are known from boxes of its mosaic, and what that takes.

    nice -n 15 python benchmarks/noise.py [--raw RAW]      # two minutes of CPU
    nice -n 15 python benchmarks/noise.py --quick          # does it run?
    python benchmarks/noise.py --photutils                 # the planted sky by photutils, where that is installed

Planted: a mosaic of noise that a beam of four pixels (FWHM) has smoothed, whose rms grows fivefold from left to right
and whose level grows by ten times the least rms from bottom to top, with sources as many and as bright as in a deep
survey (3 for 1,000 beams, above 3 rms, counts by flux to the -1.5, up to 3,000 rms), and a corner that is blank. Asked
at 400 places: by boxes of several sizes, and by the pixels of a window of 64 px alone, as without `[noise]`. Real:
Isl_rms of LoTSS DR1 at the sources of its two images. What it takes: CPU of a part of 256 windows.
"""

import argparse
import importlib
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from astropy.io import fits
from astropy.stats import SigmaClip, sigma_clipped_stats
from astropy.table import Table as AstropyTable
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from catalogs.dataset import CutoutRecipe
from catalogs.noise import NoiseRecipe
from catalogs.survey import Survey, surveys
from catalogs.wcs_sky import pixels_of_sky, read_wcs, sky_of_pixels
from curation.pictures.boxed_noise import NoiseBoxes
from curation.pictures.cutouts import cutouts, in_mjy_per_beam
from curation.pictures.frame import AS_CUT
from curation.pictures.framed import levelled_cutouts
from curation.pictures.frames import frames
from curation.pictures.mosaics import find_files, mosaics, read_mosaic
from curation.pictures.noise import noise
from curation.pictures.plane import open_plane
from curation.pictures.render import Picture
from curation.pictures.windows import windows
from curation.pictures.zscale import clipped_noise
from schemas.fingerprint import content_id
from schemas.tables import SOURCES

BEAM_PX, SIDE_PX, WINDOW_PX = 4.0, 2000, 64
SIZES = (10.0, 15.0, 20.0, 30.0, 40.0, 60.0)
Reals = NDArray[np.float64]
Row = dict[str, Any]


class Planted:
    """The sky that is known: image, rms and level [y, x] in mJy/beam, and places [n, (x, y)] that are asked for."""

    def __init__(self, side_px: int, n_places: int) -> None:
        rng = np.random.default_rng(1)
        y, x = np.indices((side_px, side_px)) / side_px
        self.rms, self.level = 0.1 * (1 + 4 * x), 1.0 * y
        made = gaussian_filter(rng.normal(size=(side_px, side_px)), BEAM_PX / 2.3548)
        made *= self.rms / made.std()
        points = np.zeros_like(made)
        n = int(0.003 * side_px**2 / (1.133 * BEAM_PX**2))
        fluxes = 3 * np.minimum(rng.random(n) ** (-1 / 1.5), 1000)
        at = rng.integers(0, side_px, (n, 2))
        points[at[:, 1], at[:, 0]] = fluxes * self.rms[at[:, 1], at[:, 0]]
        beam = gaussian_filter(points, BEAM_PX / 2.3548) * 2 * np.pi * (BEAM_PX / 2.3548) ** 2
        self.image = (made + beam + self.level).astype(np.float32)
        self.image[: side_px // 5, : side_px // 5] = np.nan
        known = np.argwhere(np.isfinite(self.image))
        self.places = rng.permutation(known)[:n_places, ::-1].astype(float)

    @property
    def truth(self) -> tuple[Reals, Reals]:
        """Rms and level at the places."""
        x, y = self.places.astype(int).T
        return self.rms[y, x], self.level[y, x]

    def told(self, name: str, rms: Reals, level: Reals) -> str:
        """A line of the table: rms over the true one, and the level's error in true rms."""
        true_rms, true_level = self.truth
        ratio, error = rms / true_rms, (level - true_level) / true_rms
        known = np.isfinite(ratio)
        q = np.quantile(np.abs(ratio[known] - 1), 0.95)
        return (
            f"| {name} | {np.median(ratio[known]):.3f} | {100 * np.std(ratio[known]):.1f} | {100 * q:.0f} "
            f"| {np.median(error[known]):+.2f} | {np.std(error[known]):.2f} |"
        )


HEAD = (
    "| measured in | rms / true rms, median | scatter, % | 19 of 20 within, % | level off, in rms, median | scatter |\n"
    "|---|---|---|---|---|---|"
)


def planted(sky: Planted) -> Iterator[str]:
    """The table of the planted sky."""
    yield HEAD
    yield sky.told(f"the window of {WINDOW_PX} px alone", *_by(sky, _window))
    for size in SIZES:
        boxes = _boxes(sky.image, round(size * BEAM_PX))
        yield sky.told(f"boxes of {size:g} beams", *_by(sky, lambda image, x, y, b=boxes: _at(b, x, y)))  # noqa: ARG005
    yield sky.told("astropy's sigma_clipped_stats, 30 beams around", *_by(sky, _astropy))


def _by(sky: Planted, ask: Callable[[NDArray[np.float32], float, float], tuple[float, float]]) -> tuple[Reals, Reals]:
    found = np.array([ask(sky.image, x, y) for x, y in sky.places])
    return found[:, 0], found[:, 1]


def _part(image: NDArray[np.float32], x: float, y: float, side_px: int) -> NDArray[np.float32]:
    half = side_px // 2
    left, low = max(0, int(x) - half), max(0, int(y) - half)
    return np.ascontiguousarray(image[low : int(y) + half, left : int(x) + half])


def _window(image: NDArray[np.float32], x: float, y: float) -> tuple[float, float]:
    mean, rms = clipped_noise(_part(image, x, y, WINDOW_PX))
    return rms or np.nan, mean


def _astropy(image: NDArray[np.float32], x: float, y: float) -> tuple[float, float]:
    part = _part(image, x, y, round(30 * BEAM_PX))
    mean, _, rms = sigma_clipped_stats(part[np.isfinite(part)], sigma=3, maxiters=None)
    return float(rms), float(mean)


def _boxes(image: NDArray[np.float32], box_px: int) -> NoiseBoxes:
    mosaic = {"mosaic": "", "sha256": "", "width_px": image.shape[1], "height_px": image.shape[0]}

    def read(_name: str, box: tuple[int, int, int, int]) -> NDArray[np.float32]:
        return image[box[1] : box[3], box[0] : box[2]]

    return NoiseBoxes({"": mosaic}, read, NoiseRecipe("local", "local", None, box_px))


def _at(boxes: NoiseBoxes, x: float, y: float) -> tuple[float, float]:
    level, rms, _ = boxes.under("", (int(x), int(y), int(x) + 1, int(y) + 1)).at(x, y)
    return rms, level


def by_photutils(sky: Planted) -> Iterator[str]:
    """The same by `Background2D` with boxes side by side and its default spline, no filter over boxes."""
    photutils: Any = importlib.import_module("photutils.background")
    for size in SIZES:
        box = round(size * BEAM_PX)
        found = photutils.Background2D(
            sky.image, box, mask=~np.isfinite(sky.image), filter_size=1, exclude_percentile=75,
            sigma_clip=SigmaClip(3.0, maxiters=20),
            bkg_estimator=photutils.MeanBackground(), bkg_rms_estimator=photutils.StdBackgroundRMS(),
        )  # fmt: skip
        x, y = sky.places.astype(int).T
        yield sky.told(f"photutils, boxes of {size:g} beams", found.background_rms[y, x], found.background[y, x])


def real(raw: Path) -> Iterator[str]:
    """Isl_rms of LoTSS DR1 against boxes and windows at its sources."""
    survey = surveys()["lotss_dr1"]
    rows = AstropyTable.read(raw / "catalogs/lotss_dr1_sources.fits.gz", unit_parse_strict="silent")
    yield "| image | sources | measured in | rms / Isl_rms, median | scatter, % |\n|---|---|---|---|---|"
    for path in sorted(raw.glob("images/lotss_dr1/*.fits")):
        mosaic, plane = read_mosaic(path, path.name, survey), open_plane(path)
        x, y = pixels_of_sky(read_wcs(mosaic["header"]), np.array(rows["RA"]), np.array(rows["DEC"]))
        inside = (x > 0) & (y > 0) & (x < mosaic["width_px"] - 1) & (y < mosaic["height_px"] - 1)
        image = in_mjy_per_beam(plane.read((0, 0, mosaic["width_px"], mosaic["height_px"])), 1000.0)
        theirs = np.array(rows["Isl_rms"], float)[inside]
        places = list(zip(x[inside], y[inside], strict=True))
        for name, box_px in (("the window of 64 px", 0), *((f"boxes of {n} beams", 4 * n) for n in (20, 30, 40))):
            boxes = _boxes(image, box_px) if box_px else None
            ours = [(_at(boxes, *one) if boxes else _window(image, *one))[0] for one in places]
            ratio = np.array(ours) / theirs
            yield (f"| {path.name} | {len(places)} | {name} | {np.median(ratio):.3f} | {100 * np.std(ratio):.1f} |")


def costs(folder: Path, side_px: int, n_windows: int) -> Iterator[str]:
    """CPU of a part, without and with `[noise]`: windows of 64 and of 300 px."""
    header = fits.Header({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CRVAL1": 150.0, "CRVAL2": 2.0,
                          "CRPIX1": side_px / 2, "CRPIX2": side_px / 2, "CDELT1": -0.0005, "CDELT2": 0.0005,
                          "BUNIT": "JY/BEAM", "BMAJ": 0.002, "BMIN": 0.002, "BPA": 0.0})  # fmt: skip
    survey = Survey(name="synthetic", title="", frequency_mhz=1300, files=("*.fits",), cite="")
    tile = (1e-4 * np.random.default_rng(1).normal(size=(512, 512))).astype(">f4")
    fits.PrimaryHDU(np.tile(tile, (side_px // 512, side_px // 512)), header).writeto(folder / "a.fits")
    index = mosaics(find_files(folder, survey, {}), survey, raw=folder).kept
    yield f"| windows of a part of {n_windows} | cut | chosen (FRAMES) | boxes (NOISE) | cut and less the background |"
    yield "|---|---|---|---|---|"
    for side in (64, 300):
        yield f"| {side} px | " + " | ".join(f"{one:.1f}" for one in _of_part(folder, index, side, n_windows)) + " |"


def _of_part(folder: Path, index: pa.Table, side: int, n: int) -> list[float]:
    """Milliseconds of CPU for a window in each step."""
    wcs, width = read_wcs(index["header"][0].as_py()), index["width_px"][0].as_py()
    # A part has windows of a band of rows: 256 of a whole mosaic with ten times as many.
    rng = np.random.default_rng(2)
    x, y = rng.uniform(side, width - side, n), rng.uniform(side, side + width / 10, n)
    ra, dec = sky_of_pixels(wcs, x, y)
    survey = Survey(name="synthetic", title="", frequency_mhz=1300, files=("*.fits",), cite="")
    rows = [_source(k, float(ra[k]), float(dec[k]), side * 1.8) for k in range(n)]
    sources, recipe, picture = SOURCES.of(rows), CutoutRecipe(), Picture(384)
    local = NoiseRecipe("local", "local", 30.0, None)
    planned = windows(sources, index, recipe, survey).kept
    chosen = frames(planned, index, sources, recipe, AS_CUT, raw=folder).kept
    levels = noise(chosen, index, local, AS_CUT, raw=folder).kept
    levelled_cutouts(levels, chosen, index, recipe, picture, AS_CUT, raw=folder)  # compiled and mapped by now
    spent = list[float]()
    for run in (
        lambda: cutouts(planned, index, recipe, picture, raw=folder),
        lambda: frames(planned, index, sources, recipe, AS_CUT, raw=folder),
        lambda: noise(chosen, index, local, AS_CUT, raw=folder),
        lambda: levelled_cutouts(levels, chosen, index, recipe, picture, AS_CUT, raw=folder),
    ):
        start = time.process_time()
        run()
        spent.append(1000 * (time.process_time() - start) / n)
    return spent


def _source(k: int, ra: float, dec: float, side_arcsec: float) -> Row:
    return {
        "source_id": content_id("source", str(k)), "source_name": str(k), "dataset": "d", "survey": "synthetic",
        "scheme": "x", "ra_deg": ra, "dec_deg": dec, "image_path": None, "side_arcsec": side_arcsec, "labels": [],
        "origin_catalog": "c.csv", "origin_row": k,
    }  # fmt: skip


def main() -> None:
    """Print the tables."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--quick", action="store_true", help="does it run?")
    said.add_argument("--raw", type=Path)
    said.add_argument("--photutils", action="store_true")
    given = said.parse_args()
    sky = Planted(600 if given.quick else SIDE_PX, 20 if given.quick else 400)
    if given.photutils:
        print("\n".join(by_photutils(sky)))
        return
    print("\n".join(planted(sky)), end="\n\n")
    if given.raw:
        print("\n".join(real(given.raw)), end="\n\n")
    with tempfile.TemporaryDirectory() as folder:
        print("\n".join(costs(Path(folder), 1024 if given.quick else 8192, 16 if given.quick else 256)))


if __name__ == "__main__":
    main()
