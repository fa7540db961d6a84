"""How fast cutouts leave a mosaic, as FITS and as PNG, against what one would write with other libraries.

Example:
    python benchmarks/cutouts.py
    python benchmarks/cutouts.py --quick --json > cutouts.json
"""

import argparse
import io
import json
import os
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.visualization import ZScaleInterval
from harness import Contender, against, ratio_lines, slopes_us
from PIL import Image

from catalogs.survey import Survey
from curation.pictures.fits_cutout import fits_cutout, fits_template
from curation.pictures.mosaics import read_mosaic
from curation.pictures.plane import Box, open_plane
from curation.pictures.png import png_bytes
from curation.pictures.render import Picture, render
from curation.pictures.sky_pixels import quiet_wcs
from curation.pictures.zscale import zscale_limits

try:
    import fitsio
except ImportError:
    fitsio = None
try:
    from skimage.transform import resize as skimage_resize
except ImportError:
    skimage_resize = None

SIDE_PX = 384
GOALS = {  # docs/performance.md: at least so many times the peer, by slope
    "FITS / astropy, opened each time": ("astropy naive", "ours FITS", 10),
    "FITS / fitsio": ("fitsio", "ours FITS", 2),
    "PNG / the paper's preparation": ("paper", "ours PNG", 10),
    "PNG / PIL recipe": ("PIL recipe", "ours PNG", 3.5),
}


def synthetic_mosaic(path: Path, side: int) -> None:
    """A 4-D CAR mosaic in Galactic coordinates, as SMGPS: noise, sources, a blank border."""
    rng = np.random.default_rng(1)
    image = rng.normal(0, 3e-5, (side, side)).astype(np.float32)
    y, x = np.mgrid[-20:21, -20:21]
    for row, column in rng.integers(30, side - 30, (side // 4, 2)):
        source = rng.exponential(2e-3) * np.exp(-(x**2 + y**2) / (2 * rng.uniform(2, 6) ** 2))
        image[row - 20 : row + 21, column - 20 : column + 21] += source.astype(np.float32)
    image[:, : side // 50] = np.nan
    header = fits.Header([("CTYPE1", "GLON-CAR"), ("CTYPE2", "GLAT-CAR"), ("CTYPE3", "FREQ"), ("CTYPE4", "STOKES")])
    header["CRPIX1"], header["CRPIX2"], header["CRVAL1"], header["CRVAL2"] = side / 2, side / 2, 320.0, 0.0
    header["CDELT1"], header["CDELT2"], header["BUNIT"] = -1.5 / 3600, 1.5 / 3600, "JY/BEAM"
    header["BMAJ"], header["BMIN"], header["BPA"] = 8 / 3600, 8 / 3600, 0.0
    for i in range(60):
        header["HISTORY"] = f"step {i} of an imaging run"
    fits.PrimaryHDU(image[None, None], header).writeto(path)


def boxes_in(side: int, n: int) -> list[Box]:
    """Boxes of 64 to 640 px inside the mosaic, by row band."""
    rng = np.random.default_rng(2)
    sides = np.exp(rng.uniform(np.log(64), np.log(640), n)).astype(int) // 2 * 2
    corners = rng.integers(0, side - 640, (n, 2))
    boxes = [(int(x), int(y), int(x + s), int(y + s)) for (x, y), s in zip(corners, sides, strict=True)]
    return sorted(boxes, key=lambda box: (box[1] // 64, box[0]))


class Bench:
    """One mosaic, its boxes, and the contenders; each writes one file a cutout."""

    def __init__(self, folder: Path, side: int, n_boxes: int) -> None:
        self.path, self.out = folder / "mosaic.fits", folder / "cutout"
        synthetic_mosaic(self.path, side)
        survey = Survey(name="synthetic", title="", frequency_mhz=1300, files=("*",), cite="")
        self.row = read_mosaic(self.path, "mosaic.fits", survey)
        boxes = boxes_in(side, n_boxes)
        self.boxes = [boxes[i] for i in np.random.default_rng(3).permutation(n_boxes)]  # any first n are alike
        self.picture = Picture(SIDE_PX)

    def some(self, n: int) -> list[Box]:
        return sorted(self.boxes[:n], key=lambda box: (box[1] // 64, box[0]))

    def ours_fits(self, n: int) -> None:
        plane = open_plane(self.path)
        template = fits_template(plane, self.row["header"])
        for box in self.some(n):
            self.write(fits_cutout(plane, template, box))

    def ours_png(self, n: int) -> None:
        plane = open_plane(self.path)
        for box in self.some(n):
            self.write(png_bytes(render(plane.read(box), self.picture)))

    def astropy_naive(self, n: int) -> None:
        for x_min, y_min, x_max, y_max in self.some(n):
            with fits.open(self.path) as file:
                wcs = quiet_wcs(file[0].header).celestial
                at = ((x_min + x_max) / 2, (y_min + y_max) / 2)
                sky = SkyCoord.from_pixel(*at, wcs)
                cutout = Cutout2D(file[0].data[0, 0], sky, x_max - x_min, wcs, mode="partial")
                fits.PrimaryHDU(cutout.data, cutout.wcs.to_header()).writeto(self.out, overwrite=True)

    def fitsio(self, n: int) -> None:
        with fitsio.FITS(str(self.path)) as file:
            header = file[0].read_header()
            crpix = header["CRPIX1"], header["CRPIX2"]
            for x_min, y_min, x_max, y_max in self.some(n):
                header["CRPIX1"], header["CRPIX2"] = crpix[0] - x_min, crpix[1] - y_min
                image = file[0][0:1, 0:1, y_min:y_max, x_min:x_max][0, 0]
                fitsio.write(str(self.out), image, header=header, clobber=True)

    def paper(self, n: int) -> None:
        plane = open_plane(self.path)
        for box in self.some(n):
            image = np.nan_to_num(plane.read(box), nan=0.0)
            image = ZScaleInterval(contrast=0.25)(image)
            image = skimage_resize(image, (SIDE_PX, SIDE_PX), order=3, anti_aliasing=False)
            image = (image - image.min()) / (image.max() - image.min()) * 255
            Image.fromarray(np.repeat(image.astype(np.uint8)[..., None], 3, 2)).save(self.out, "PNG")

    def pil(self, n: int) -> None:
        plane = open_plane(self.path)
        for box in self.some(n):
            Image.fromarray(self.pil_grey(plane.read(box))).save(self.out, "PNG", compress_level=1)

    @staticmethod
    def pil_grey(image: np.ndarray) -> np.ndarray:
        grey = (np.nan_to_num(ZScaleInterval(contrast=0.25)(image)) * 255).astype(np.uint8)[::-1]
        return np.asarray(Image.fromarray(grey).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC))

    def write(self, body: bytes | bytearray) -> None:
        with self.out.open("wb", buffering=0) as file:
            file.write(body)

    def contenders(self, *, is_quick: bool) -> list[Contender]:
        scale = 1 if is_quick else 4
        present: list[tuple[str, Callable[[int], None], int]] = [
            ("ours FITS", self.ours_fits, 50), ("astropy naive", self.astropy_naive, 4), ("fitsio", self.fitsio, 25),
            ("ours PNG", self.ours_png, 30), ("paper", self.paper, 3), ("PIL recipe", self.pil, 8),
        ]  # fmt: skip
        absent = {"fitsio": fitsio is None, "paper": skimage_resize is None}
        for name in [name for name, is_absent in absent.items() if is_absent]:
            library = {"fitsio": "fitsio", "paper": "scikit-image"}[name]
            print(f"{name}: skipped, {library} is not installed (pip install -e '.[bench]')", file=sys.stderr)
        return [
            Contender(name, run, (few * scale // 2, few * scale * 2))
            for name, run, few in present
            if not absent.get(name, False)
        ]

    def stages(self, n: int, rounds: int) -> dict[str, float]:
        """Microseconds of each stage of a PNG on its own: read, zscale, the rest of drawing, encoding, writing."""
        plane = open_plane(self.path)
        images = [plane.read(box) for box in self.boxes[:n]]
        greys = [render(image, self.picture) for image in images]
        pngs = [png_bytes(grey) for grey in greys]
        stages: dict[str, Callable[[int], object]] = {
            "read": lambda m: [plane.read(box) for box in self.boxes[:m]],
            "zscale": lambda m: [zscale_limits(image, 0.25) for image in images[:m]],
            "draw, zscale with it": lambda m: [render(image, self.picture) for image in images[:m]],
            "encode": lambda m: [png_bytes(grey) for grey in greys[:m]],
            "write": lambda m: [self.write(png) for png in pngs[:m]],
        }
        return slopes_us([Contender(name, run, (n // 4, n)) for name, run in stages.items()], rounds)

    def check_equal(self) -> dict[str, float]:
        """Both sides made the same: FITS bit for bit, PNG within a few grey levels of the PIL recipe."""
        plane = open_plane(self.path)
        template = fits_template(plane, self.row["header"])
        with fits.open(self.path) as file:
            mosaic = file[0].data[0, 0]
            n_equal, away = 0, list[float]()
            for box in self.boxes[:20]:
                theirs = mosaic[box[1] : box[3], box[0] : box[2]]
                n_equal += fits.getdata(io.BytesIO(fits_cutout(plane, template, box))).tobytes() == theirs.tobytes()
                grey = render(plane.read(box), self.picture).astype(int)
                away.append(float(np.abs(grey - self.pil_grey(plane.read(box))).mean()))
        return {"fits_bit_equal_of_20": n_equal, "png_mean_grey_levels_from_pil": round(float(np.median(away)), 2)}


def measured(side: int, rounds: int, *, is_quick: bool) -> dict[str, object]:
    """All figures of one run."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bench = Bench(Path(folder), side, 800)
        us = slopes_us(bench.contenders(is_quick=is_quick), rounds)
        stages = bench.stages(40 if is_quick else 160, rounds)
        equal = bench.check_equal()
        mean_px = float(np.mean([(box[2] - box[0]) ** 2 for box in bench.boxes]))
    ratios = {name: us[peer] / us[ours] for name, (peer, ours, _) in GOALS.items() if peer in us}
    goals = {name: goal for name, (_, _, goal) in GOALS.items()}
    floors = sum(us_ for stage, us_ in stages.items() if stage != "zscale")
    return {
        "mosaic_side_px": side, "rounds": rounds, "mean_pixels": mean_px, "us_per_cutout": us,
        "ratios": against(ratios, goals), "stages_us": stages,
        "png_over_sum_of_stages": us["ours PNG"] / floors, "equal": equal,
    }  # fmt: skip


def table(found: dict) -> str:
    """The figures as Markdown."""
    lines = ["| one cutout, CPU, one core | µs |", "|---|---|"]
    lines += [f"| {name} | {us:,.0f} |" for name, us in found["us_per_cutout"].items()]
    lines += ratio_lines("ratio of slopes", found["ratios"])
    lines += ["", "| stage of a PNG | µs |", "|---|---|"]
    lines += [f"| {name} | {us:,.0f} |" for name, us in found["stages_us"].items()]
    lines += ["", f"PNG end to end is {found['png_over_sum_of_stages']:.2f}x the sum of its stages. {found['equal']}"]
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="example: python -m benchmarks.cutouts --quick --json"
    )
    parser.add_argument("--quick", action="store_true", help="a small mosaic and one round: does it run?")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the tables")
    chosen = parser.parse_args()
    side, rounds = (2000, 1) if chosen.quick else (6000, 5)
    found = measured(side, rounds, is_quick=chosen.quick)
    print(json.dumps(found, indent=2) if chosen.json else table(found))


if __name__ == "__main__":
    main()
