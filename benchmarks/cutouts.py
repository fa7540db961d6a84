"""How fast cutouts leave a mosaic, as FITS and as PNG, against what one would write with other libraries.

Cutana and astrocut live in an environment of their own (pip install cutana==0.4.0 astrocut==1.4.0).

Example:
    python benchmarks/cutouts.py --peers-python OTHER/bin/python
    python benchmarks/cutouts.py --quick --json > cutouts.json
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pyarrow as pa
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.visualization import ZScaleInterval
from cutout_growth import growth, large, tell
from cutout_peers import placed
from harness import Contender, against, ratio_lines, slopes_us
from PIL import Image

from catalogs.dataset import CutoutRecipe
from catalogs.survey import Survey
from catalogs.wcs_sky import quiet_wcs, read_wcs, sky_of_pixels
from curation.engine.memory import keep_little
from curation.engine.parts import sealed_part
from curation.pictures.cutouts import cutouts
from curation.pictures.fits_cutout import fits_cutout, fits_template
from curation.pictures.mosaics import find_files, mosaics, read_mosaic
from curation.pictures.plane import Box, open_plane
from curation.pictures.png import png_bytes
from curation.pictures.render import Picture, render
from curation.pictures.stream import Delivery, Stream
from curation.pictures.unchanged import stamps_of
from curation.pictures.views import as_shown, side_in_px, views_of_positions
from curation.pictures.windows import windows
from curation.pictures.zscale import zscale_limits
from schemas.fingerprint import content_id
from schemas.tables import CUTOUTS, SOURCES

try:
    import fitsio
except ImportError:
    fitsio = None
try:
    from skimage.transform import resize as skimage_resize
except ImportError:
    skimage_resize = None

SIDE_PX = 384
STREAM_PX, ROWS_PER_PART = 128, 256
GOALS = {  # docs/performance.md: at least so many times the peer, by slope
    "FITS / astropy, opened each time": ("astropy naive", "ours FITS", 33),
    "FITS / fitsio": ("fitsio", "ours FITS", 5),
    "FITS / Cutana's FITS": ("cutana-fits", "ours FITS", 15),
    "FITS / astrocut": ("astrocut", "ours FITS", 30),
    "PNG / the paper's preparation": ("paper", "ours PNG", 20),
    "PNG / PIL recipe": ("PIL recipe", "ours PNG", 7),
    "stream / Cutana's stream": ("cutana-stream", "ours stream", 3),
    "stream / Cutana in one process": ("cutana-direct", "ours stream", 3),
    "whole step: 2 ms / ours": ("2 ms", "whole step", 1),
}
PEERS = {"cutana-fits": (60, 300), "astrocut": (4, 16), "cutana-stream": (200, 1200), "cutana-direct": (200, 1200)}


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
        self.picture = Picture(SIDE_PX, "zscale")  # as those that it is held against

    def some(self, n: int) -> list[Box]:
        return sorted(self.boxes[:n], key=lambda box: (box[1] // 64, box[0]))

    def ours_fits(self, n: int) -> None:
        plane = open_plane(self.path)
        template, body = fits_template(plane, self.row["header"]), None
        for box in self.some(n):
            body = fits_cutout(plane, template, box, body)
            self.write(body)

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
            Image.fromarray(np.repeat(image.astype(np.uint8)[..., None], 3, 2)).save(self.fresh(), "PNG")

    def pil(self, n: int) -> None:
        plane = open_plane(self.path)
        for box in self.some(n):
            Image.fromarray(self.pil_grey(plane.read(box))).save(self.fresh(), "PNG", compress_level=1)

    @staticmethod
    def pil_grey(image: np.ndarray) -> np.ndarray:
        grey = (np.nan_to_num(ZScaleInterval(contrast=0.25)(image)) * 255).astype(np.uint8)[::-1]
        return np.asarray(Image.fromarray(grey).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC))

    def write(self, body: bytes | memoryview) -> None:
        with self.fresh().open("wb", buffering=0) as file:
            file.write(body)

    def fresh(self) -> Path:
        """Where the next cutout goes, with nothing there: a new file, as a cutout is, costs less than one cut off.

        (ext4 writes out at once what replaces a file that was cut off. astropy and fitsio remove it as well.)
        """
        self.out.unlink(missing_ok=True)
        return self.out

    def astropy_once(self, n: int) -> None:
        with fits.open(self.path) as file:
            wcs = quiet_wcs(file[0].header).celestial
            for x_min, y_min, x_max, y_max in self.some(n):
                at = ((x_min + x_max - 1) / 2, (y_min + y_max - 1) / 2)
                cutout = Cutout2D(file[0].data[0, 0], at, x_max - x_min, wcs, mode="partial")
                fits.PrimaryHDU(cutout.data, cutout.wcs.to_header()).writeto(self.out, overwrite=True)

    def place(self) -> None:
        """What the stream and the whole step begin with: an index, and positions far enough from the border."""
        survey = Survey(name="synthetic", title="", frequency_mhz=1300, files=("mosaic.fits",), cite="")
        digests: dict[str, list] = {}
        files = find_files(self.path.parent, survey, digests)
        self.index = mosaics(files, survey, raw=self.path.parent).kept
        self.stamps = stamps_of(digests, [one.mosaic for one in files])
        side = self.row["width_px"]
        x, y = np.random.default_rng(4).uniform(side // 50 + STREAM_PX, side - STREAM_PX, (2, 4096))
        self.positions = sky_of_pixels(read_wcs(self.row["header"]), x, y)
        rows = [
            {
                "source_id": content_id("source", i), "source_name": str(i), "dataset": "d", "survey": "s",
                "scheme": "x", "ra_deg": ra, "dec_deg": dec, "side_arcsec": STREAM_PX * 1.5, "labels": [],
                "origin_catalog": "c", "origin_row": i,
            }
            for i, (ra, dec) in enumerate(zip(*self.positions, strict=True))
        ]  # fmt: skip
        self.windows = windows(SOURCES.of(rows), self.index, CutoutRecipe(), survey).kept

    def streamed(self, n: int, delivery: Delivery) -> None:
        table = pa.table({"ra_deg": self.positions[0][:n], "dec_deg": self.positions[1][:n]})
        views = views_of_positions(as_shown(table), self.index, side_in_px(STREAM_PX))
        if sum(len(one.ids) for one in Stream(views, self.path.parent, delivery, self.stamps)) != n:
            raise RuntimeError("the stream refused a view")

    def whole_step(self, n: int, picture: Picture = Picture()) -> None:
        """Pixels, noise, picture, WCS and Parquet: the bytes of the parts of CUTOUTS; drawn as by default."""
        some = self.windows.slice(0, n)
        keep_little()
        for begin in range(0, n, ROWS_PER_PART):
            self.part(some.slice(begin, ROWS_PER_PART), picture)

    def part(self, some: pa.Table, picture: Picture) -> None:
        """One part, of which nothing is left, as in a build."""
        made = cutouts(some, self.index, CutoutRecipe(), picture, raw=self.path.parent, stamps=self.stamps)
        CUTOUTS.check(made.kept)
        sealed_part("part", made, "")

    def peers(self, python: str, rounds: int, *, is_quick: bool) -> dict[str, float]:
        """Microseconds of CPU a cutout of the peers that live elsewhere; none, said aloud, where they are not."""
        plain = self.path.with_name("plain.fits")
        with fits.open(self.path) as file:
            header = quiet_wcs(file[0].header).celestial.to_header()
            fits.PrimaryHDU(file[0].data[0, 0], header).writeto(plain)
        mixed = np.array(self.boxes)
        ra, dec = sky_of_pixels(
            read_wcs(self.row["header"]), *((mixed[:, i] + mixed[:, i + 2] - 1) / 2 for i in (0, 1))
        )
        given = {"mixed": np.column_stack([ra, dec, mixed[:, 2] - mixed[:, 0]])}
        given["even"] = np.column_stack([*self.positions, np.full(len(self.positions[0]), STREAM_PX)])
        for name, rows in given.items():
            np.save(self.path.with_name(f"{name}.npy"), rows)
        found: dict[str, list[float]] = {}
        for _ in range(1 if is_quick else rounds):
            for how, (few, many) in PEERS.items():
                rows = "even" if how in ("cutana-stream", "cutana-direct") else "mixed"
                sizes = (few // 4, many // 4) if is_quick else (few, many)
                said = peer(python, "speed", how, str(plain), str(self.path.with_name(f"{rows}.npy")), *map(str, sizes))
                if said is not None:
                    found.setdefault(how, []).append(said["us"])
        return {how: statistics.median(us) for how, us in found.items()}

    def contenders(self, *, is_quick: bool) -> list[Contender]:
        scale = 1 if is_quick else 4
        present: list[tuple[str, Callable[[int], None], int]] = [
            ("ours FITS", self.ours_fits, 50), ("astropy naive", self.astropy_naive, 4), ("fitsio", self.fitsio, 25),
            ("ours PNG", self.ours_png, 30), ("paper", self.paper, 3), ("PIL recipe", self.pil, 8),
            ("astropy, opened once", self.astropy_once, 8),
            ("ours stream", lambda n: self.streamed(n, Delivery(picture=None)), 400),
            ("ours stream, shuffled", lambda n: self.streamed(n, Delivery(picture=None, seed=1)), 400),
            ("ours stream, pictures of 384 px", lambda n: self.streamed(n, Delivery(picture=self.picture)), 200),
            ("whole step", self.whole_step, 128),
            ("whole step, by zscale", lambda n: self.whole_step(n, self.picture), 128),
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


def peer(python: str, *words: str) -> dict | None:
    """What a peer's process says; None, said aloud, where it cannot run."""
    script = str(Path(__file__).with_name("cutout_peers.py"))
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run([python, script, *words], capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        print(f"{words[1]}: skipped: {last} (pip install cutana astrocut; --peers-python)", file=sys.stderr)
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def faults(folder: Path, python: str) -> dict[str, dict]:
    """What cutouts get wrong, on a mosaic whose pixels say where they are, in 20 windows inside and 8 over an edge."""
    n, side, path = 250, 64, folder / "told.fits"
    y, x = np.mgrid[:n, :n]
    header = fits.Header([("CTYPE1", "RA---SIN"), ("CTYPE2", "DEC--SIN"), ("BUNIT", "JY/BEAM"), ("BMAJ", 8 / 3600)])
    header.update({"CRPIX1": n / 2, "CRPIX2": n / 2, "CRVAL1": 150.0, "CRVAL2": 2.0, "BMIN": 8 / 3600, "BPA": 0.0})
    header.update({"CDELT1": -1.5 / 3600, "CDELT2": 1.5 / 3600})
    fits.PrimaryHDU((y * 65536.0 + x + 1).astype(np.float32), header).writeto(path)
    rng = np.random.default_rng(7)
    inside, edges = rng.uniform(40, n - 40, (20, 2)), rng.uniform(5, 25, (8, 2))
    centres = np.concatenate([inside, np.where(rng.random((8, 2)) < 0.5, edges, n - edges)])
    wanted = np.ceil(centres - side / 2).astype(int)
    row = read_mosaic(path, path.name, Survey(name="s", title="", frequency_mhz=1400, files=("*",), cite=""))
    sky = sky_of_pixels(read_wcs(row["header"]), centres[:, 0], centres[:, 1])
    np.save(folder / "told.npy", np.column_stack([*sky, np.full(len(centres), side)]))
    plane = open_plane(path)
    template = fits_template(plane, row["header"])
    ours = [fits_cutout(plane, template, (int(x), int(y), int(x) + side, int(y) + side)) for x, y in wanted]
    opened = [fits.open(io.BytesIO(one))[0] for one in ours]
    kept = {name: opened[0].header.get(name) for name in ("BUNIT", "BMAJ")}
    said = {"ours FITS": {"cutouts": [placed(one.data) for one in opened], "header": kept}}
    said |= {how: peer(python, "faults", how, str(path), str(folder / "told.npy")) for how in PEERS}
    return {how: _wrong(one, wanted, side) for how, one in said.items() if one}


def _wrong(said: dict, wanted: np.ndarray, side: int) -> dict:
    away = np.abs(np.array([one["corner"] for one in said["cutouts"]]) - wanted).max(axis=1)
    kept = said["header"]
    is_kept = kept is not None and all(map(kept.get, ("BUNIT", "BMAJ")))
    return {
        "px away inside": int(away[:20].max()), "px away over an edge": int(away[20:].max()),
        "other sizes": sum(one["shape"] != [side, side] for one in said["cutouts"]),
        "nothing is": "NaN" if any(one["n_nan"] for one in said["cutouts"]) else "0",
        "unit and beam": "there is no header" if kept is None else "kept" if is_kept else "lost",
    }  # fmt: skip


def measured(side: int, rounds: int, python: str, *, is_quick: bool) -> dict[str, object]:
    """All figures of one run."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bench = Bench(Path(folder), side, 800)
        bench.place()
        us = slopes_us(bench.contenders(is_quick=is_quick), rounds)
        us |= bench.peers(python, min(rounds, 3), is_quick=is_quick) | {"2 ms": 2000.0}
        wrong = faults(Path(folder), python)
        stages = bench.stages(40 if is_quick else 160, rounds)
        equal = bench.check_equal()
        mean_px = float(np.mean([(box[2] - box[0]) ** 2 for box in bench.boxes]))
    ratios = {name: us[theirs] / us[ours] for name, (theirs, ours, _) in GOALS.items() if theirs in us}
    goals = {name: goal for name, (_, _, goal) in GOALS.items()}
    floors = sum(us_ for stage, us_ in stages.items() if stage != "zscale")
    return {
        "mosaic_side_px": side, "rounds": rounds, "mean_pixels": mean_px, "us_per_cutout": us,
        "ratios": against(ratios, goals), "stages_us": stages,
        "png_over_sum_of_stages": us["ours PNG"] / floors, "equal": equal, "wrong": wrong,
    }  # fmt: skip


def memory(side: int) -> dict[str, int]:
    """MB of this process once it has made eight parts of the whole step, and at most, mapped files included."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder), side, 8)
        bench.place()
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins here, not with the making of the mosaic
        bench.whole_step(8 * ROWS_PER_PART)
        return {"own": in_mb("RssAnon"), "most_with_mapped_files": in_mb("VmHWM")}


def in_mb(what: str) -> int:
    return int(Path("/proc/self/status").read_text().split(f"{what}:")[1].split()[0]) // 1024


def table(found: dict) -> str:
    """The figures as Markdown."""
    lines = ["| one cutout, CPU, one core | µs |", "|---|---|"]
    lines += [f"| {name} | {us:,.0f} |" for name, us in found["us_per_cutout"].items() if name != "2 ms"]
    lines += ratio_lines("ratio of slopes", found["ratios"])
    lines += ["", "| stage of a PNG | µs |", "|---|---|"]
    lines += [f"| {name} | {us:,.0f} |" for name, us in found["stages_us"].items()]
    lines += ["", f"PNG end to end is {found['png_over_sum_of_stages']:.2f}x the sum of its stages. {found['equal']}"]
    heads = list(next(iter(found["wrong"].values())))
    lines += ["", f"| what is wrong | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    lines += [f"| {how} | {' | '.join(str(one[head]) for head in heads)} |" for how, one in found["wrong"].items()]
    return "\n".join(lines)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="example: python -m benchmarks.cutouts --quick --json"
    )
    parser.add_argument("--quick", action="store_true", help="a small mosaic and one round: does it run?")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the tables")
    parser.add_argument("--rounds", type=int, help="1 with --quick, else 5")
    parser.add_argument("--peers-python", default=sys.executable, help="where Cutana and astrocut are installed")
    parser.add_argument("--memory", action="store_true", help="the memory of the whole step, and nothing else")
    parser.add_argument(
        "--growth", action="store_true", help="CPU by side of the mosaic and number of cutouts, from disk and S3"
    )
    parser.add_argument(
        "--large", action="store_true", help="40,000 px a side, 2,000 positions, a worker of at most 600 MB"
    )
    chosen = parser.parse_args()
    side, rounds = (2000, 1) if chosen.quick else (6000, 5)
    if chosen.memory:
        print(json.dumps(memory(side)))
        return
    if chosen.growth or chosen.large:
        tell(large() if chosen.large else growth((2000,), (100,)) if chosen.quick else growth(), as_json=chosen.json)
        return
    found = measured(side, chosen.rounds or rounds, chosen.peers_python, is_quick=chosen.quick)
    print(json.dumps(found, indent=2) if chosen.json else table(found))


if __name__ == "__main__":
    main()
