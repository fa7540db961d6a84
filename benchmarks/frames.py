"""What a picture loses when it is put on other pixels or brought to another beam, by every way of doing it.

    nice -n 15 python benchmarks/frames.py                              # half a minute of CPU
    nice -n 15 python benchmarks/frames.py --quick                      # does it run?
    python benchmarks/frames.py --raw RAW --store STORE --sheet A.toml B.toml --out sheet.png

Regridding: a point source of 100 places between the pixels, on a grid of the same pixel turned by 30 degrees with a
pixel's centre at the source; its flux on 64 x 64 of them; white noise, and noise that the beam has smoothed; blank
sky of 20 x 20 pixels, and how many are blank after. `exact` is reproject's by areas, which no corpus can choose.
Common beams: a point source from its own beam to one that is a little larger, by radio-beam's own kernel with
astropy's `convolve_fft`, and by `curation.pictures.common_beam`. Sheet: the pictures of two corpus files of the same
datasets, one with a `[frame]`, say, one below the other.
"""

import argparse
import io
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from astropy import units
from astropy.convolution import convolve_fft
from numpy.typing import NDArray
from PIL import Image
from radio_beam import Beam
from reproject import reproject_exact

from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.corpus import corpus, graph
from curation.engine.run import build
from curation.engine.steps import Step
from curation.engine.store import Store
from curation.pictures.common_beam import FWHM_OF_SIGMA, convolved
from curation.pictures.grids import Grid, grid_at
from curation.pictures.regrid import regridded

TILE_PX, COLUMNS = 160, ("dataset", "source_id", "png")
METHODS = ("bilinear", "bicubic", "adaptive", "exact")
PER_BEAM = (2.0, 2.5, 3.0, 4.0, 5.0, 8.0)
SIDE_PX, SMALL_PX, TURN_DEG = 101, 7, 30.0
RATIOS = (1.02, 1.05, 1.1, 1.2, 1.5, 2.0)
Pixels = NDArray[np.float64]


def main() -> None:
    """Print both tables."""
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("--quick", action="store_true", help="does it run?")
    said.add_argument("--sheet", nargs=2, metavar="CORPUS", help="two corpus files, by name or path")
    said.add_argument("--raw", type=Path)
    said.add_argument("--store")
    said.add_argument("--out", type=Path, default=Path("sheet.png"))
    given = said.parse_args()
    if given.sheet:
        sheet(given.sheet, given.raw, Store(given.store), given.out)
        return
    n_places = 4 if given.quick else 100
    for line in (*regridding(n_places), "", *beams()):
        print(line)


def sheet(names: Sequence[str], raw: Path, store: Store, out: Path) -> None:
    """Draw the first pictures of each dataset, as each corpus file makes them, a row for each; makes their tables."""
    rows = [_pictures(graph(corpus(name), raw, store).steps, store) for name in names]
    both = [one for one in rows[0] if one in rows[1]]
    shown = [
        one for name in dict.fromkeys(one[0] for one in both) for one in [key for key in both if key[0] == name][:4]
    ]
    made = [
        [Image.open(io.BytesIO(row[one])).convert("RGB").resize((TILE_PX, TILE_PX)) for one in shown] for row in rows
    ]
    whole = Image.new("RGB", (len(shown) * (TILE_PX + 4), len(made) * (TILE_PX + 4)), "white")
    for y, tiles in enumerate(made):
        for x, tile in enumerate(tiles):
            whole.paste(tile, (x * (TILE_PX + 4), y * (TILE_PX + 4)))
    whole.save(out, "PNG", optimize=True)
    print(f"{out}: {len(shown)} of {len(both)} pictures that both make; above {names[0]}, below {names[1]}")


def _pictures(steps: Sequence[Step], store: Store) -> dict[tuple[str, str], bytes]:
    """The PNG of each cutout by dataset and source."""
    wanted = [one for one in steps if one.name.split("/")[0] in ("mosaics", "sources", "windows", "frames", "cutouts")]
    build(wanted, store, workers=0, say=lambda _: None)
    tables = [store.read(one.address, COLUMNS) for one in wanted if one.name.startswith("cutouts/")]
    return {(row["dataset"], row["source_id"]): row["png"] for table in tables for row in table.to_pylist()}


def regridding(n_places: int) -> list[str]:
    """A line for each method and number of pixels to a beam."""
    lines = [
        "| method | pixels to a beam | peak lost, % (worst) | peak lost, % (mean) | flux, % off | white noise x "
        "| smooth noise x | blank pixels of 400 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for method in METHODS:
        for per_beam in PER_BEAM:
            losses = 100 * np.array([1 - peak for peak in peaks(method, per_beam, n_places)])
            white, smooth = (noise_ratio(method, per_beam, is_smooth=one) for one in (False, True))
            lines.append(
                f"| {method} | {per_beam:g} | {losses.max():.1f} | {losses.mean():.1f} | "
                f"{100 * (flux(method, per_beam) - 1):+.2f} | {white:.2f} | {smooth:.2f} | {n_blank(method)} |"
            )
        lines[-1] += f"  <!-- {cpu_ms(method):.0f} ms of CPU for {SIDE_PX} x {SIDE_PX} pixels -->"
    return lines


def made(image: Pixels, header: str, grid: Grid, method: str) -> Pixels:
    """An image on a grid, by one of METHODS."""
    if method != "exact":
        return regridded(image, header, grid, method)
    ways, shape = (read_wcs(header), read_wcs(grid.header or "")), (grid.height_px, grid.width_px)
    with warnings.catch_warnings(action="ignore"):
        return reproject_exact((image, ways[0]), ways[1], shape_out=shape, return_footprint=False)


def drawn(per_beam: float, x_px: float, y_px: float, side_px: int = SIDE_PX) -> Pixels:
    """A point source at a place, seen by a round beam."""
    y, x = np.indices((side_px, side_px))
    return np.exp(-4 * np.log(2) * ((x - x_px) ** 2 + (y - y_px) ** 2) / per_beam**2)


def around(x_px: float, y_px: float, side_px: int) -> tuple[str, Grid]:
    """The image's pixels of 1 arcsec, and turned ones of which one has its centre at a place of the image."""
    plain = grid_at(150.0, 2.0, (SIDE_PX, SIDE_PX), 1.0)
    ra, dec = sky_of_pixels(read_wcs(plain.header or ""), x_px, y_px)
    return plain.header or "", grid_at(float(ra[0]), float(dec[0]), (side_px, side_px), 1.0, (TURN_DEG, False))


def peaks(method: str, per_beam: float, n_places: int) -> list[float]:
    """What is left of a peak of 1, at each place."""
    found, rng = list[float](), np.random.default_rng(1)
    for x, y in [(0.0, 0.0), (0.5, 0.5), *rng.uniform(-0.5, 0.5, (n_places, 2))]:
        at = (SIDE_PX // 2 + float(x), SIDE_PX // 2 + float(y))
        header, grid = around(*at, SMALL_PX)
        found.append(float(made(drawn(per_beam, *at), header, grid, method)[SMALL_PX // 2, SMALL_PX // 2]))
    return found


def flux(method: str, per_beam: float) -> float:
    """The flux of a source, of the one that is drawn; pixels are as large as before."""
    at = SIDE_PX // 2 + 0.3, SIDE_PX // 2 - 0.2
    header, grid = around(*at, 64)
    return float(np.nansum(made(drawn(per_beam, *at), header, grid, method)) / drawn(per_beam, *at).sum())


def noise_ratio(method: str, per_beam: float, *, is_smooth: bool) -> float:
    """The noise after, over that before."""
    image = np.random.default_rng(2).normal(size=(SIDE_PX, SIDE_PX))
    if is_smooth:
        image = convolved(image, np.eye(2) * (per_beam / FWHM_OF_SIGMA) ** 2)
    header, grid = around(SIDE_PX // 2, SIDE_PX // 2, 61)
    return float(np.std(made(image, header, grid, method)) / np.std(image[20:81, 20:81]))


def n_blank(method: str) -> int:
    """Blank pixels after, of 400 before."""
    image = np.ones((SIDE_PX, SIDE_PX))
    image[41:61, 41:61] = np.nan
    header, grid = around(SIDE_PX // 2, SIDE_PX // 2, 61)
    return int(np.isnan(made(image, header, grid, method)).sum())


def cpu_ms(method: str) -> float:
    """Of one picture of as many pixels as the image."""
    header, grid = around(SIDE_PX // 2, SIDE_PX // 2, SIDE_PX)
    image = np.random.default_rng(3).normal(size=(SIDE_PX, SIDE_PX))
    begun = time.process_time()
    for _ in range(5):
        made(image, header, grid, method)
    return (time.process_time() - begun) / 5 * 1000


def beams() -> list[str]:
    """The peak of a point source brought to a larger beam, by both ways; 1 is right."""
    lines = [
        "| common beam / own | pixels to the own beam | sampled kernel, peak % off | here, peak % off |",
        "|---|---|---|---|",
    ]
    for per_beam in (3.0, 5.0):
        for ratio in RATIOS:
            off = [100 * (peak(per_beam, ratio) - 1) for peak in (_by_samples, _by_transform)]
            lines.append(f"| {ratio:g} | {per_beam:g} | {off[0]:+.2f} | {off[1]:+.3f} |")
    return lines


def _by_samples(per_beam: float, ratio: float) -> float:
    own, target = (Beam(one * per_beam * units.arcsec) for one in (1.0, ratio))
    kernel = target.deconvolve(own).as_kernel(1 * units.arcsec)
    image = drawn(per_beam, SIDE_PX // 2, SIDE_PX // 2)
    return float(convolve_fft(image, kernel, normalize_kernel=True).max() * ratio**2)


def _by_transform(per_beam: float, ratio: float) -> float:
    kernel = np.eye(2) * (ratio**2 - 1) * (per_beam / FWHM_OF_SIGMA) ** 2
    return float(convolved(drawn(per_beam, SIDE_PX // 2, SIDE_PX // 2), kernel).max() * ratio**2)


if __name__ == "__main__":
    main()
