"""Which limits find planted stripes, seams and holes, and how often real images are beyond them.

    nice -n 15 python benchmarks/flaws.py --raw RAW              # half a minute of CPU: the tables of docs/pictures.md

Defects are planted in tiles and middles of 128 px of MiraBest's images: a wave of any direction, 5 to 25 px long; noise
that is so many times larger, or a level that is so many rms higher, from a row or column on between 0.3 and 0.7 of the
side; a negative Gaussian as wide as a beam. Amplitudes are in rms.
"""

import argparse
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import numpy as np

from curation.pictures.cards import ImageError
from curation.pictures.flaws import flaws
from curation.pictures.plane import open_plane
from curation.pictures.zscale import clipped_noise

SIDE_PX = 128
LIMITS = {"stripes": 0.3, "noise_step": 0.47, "level_step": 0.7, "depth": 7.5}
REAL = {
    "FIRST, VLA": "first_mirabest", "LoTSS DR1": "lotss_dr1", "VLASS": "vlass_4d", "MAGPIS": "magpis_galactic",
    "SCORPIO, ATCA": "scorpio_atca", "SUMSS, NVSS, VLSSr": "sumss_nvss_vlssr",
}  # fmt: skip
Image = np.ndarray
Plant = Callable[[Image, float, float, np.random.Generator], Image]


def waves(image: Image, rms: float, size: float, rng: np.random.Generator) -> Image:
    """Of rms `size`, in any direction."""
    y, x = np.indices(image.shape)
    turn, length_px, phase = rng.uniform(0, np.pi), rng.uniform(5, 25), rng.uniform(0, 2 * np.pi)
    along = x * np.cos(turn) + y * np.sin(turn)
    return image + size * rms * np.sqrt(2) * np.sin(2 * np.pi * along / length_px + phase)


def beyond(image: Image, rng: np.random.Generator) -> Image:
    """The pixels beyond a row or column."""
    side = np.indices(image.shape)[rng.integers(2)]
    return side > rng.uniform(0.3, 0.7) * len(image)


def noisier(image: Image, rms: float, size: float, rng: np.random.Generator) -> Image:
    """All `size` times as bright beyond a line."""
    return np.where(beyond(image, rng), image * size, image)


def higher(image: Image, rms: float, size: float, rng: np.random.Generator) -> Image:
    """A level that is higher beyond a line."""
    return image + size * rms * beyond(image, rng)


def hole(image: Image, rms: float, size: float, rng: np.random.Generator) -> Image:
    """A negative beam somewhere."""
    y, x = np.indices(image.shape)
    y0, x0 = rng.integers(20, SIDE_PX - 20, 2)
    return image - size * rms * np.exp(-((y - y0) ** 2 + (x - x0) ** 2) / (2 * 1.3**2))


PLANTED: dict[str, tuple[Plant, tuple[float, ...]]] = {
    "stripes": (waves, (0.5, 0.75, 1.0, 1.5)), "noise_step": (noisier, (1.5, 2.0, 3.0)),
    "level_step": (higher, (0.5, 1.0, 1.5)), "depth": (hole, (8.0, 10.0, 15.0)),
}  # fmt: skip


def images(folder: Path) -> Iterator[Image]:
    """Every plane below a folder."""
    for path in sorted(one for one in folder.iterdir() if ".fits" in one.name):
        try:
            plane = open_plane(path)
            yield np.array(plane.read((0, 0, plane.width_px, plane.height_px)), np.float32)
        except ImageError:
            continue


def tiles(image: Image) -> list[Image]:
    """Squares of 128 px with something in most of them; a smaller image as it is."""
    height, width = (max(one, SIDE_PX) for one in image.shape)
    found = [
        image[y : y + SIDE_PX, x : x + SIDE_PX]
        for y in range(0, height - SIDE_PX + 1, SIDE_PX) for x in range(0, width - SIDE_PX + 1, SIDE_PX)
    ]  # fmt: skip
    return [one for one in found if np.isfinite(one).mean() > 0.8]


def measured(image: Image) -> dict[str, float]:
    """By the names of the columns; NaN where a number is null."""
    pixels = np.ascontiguousarray(image, np.float32)
    found = flaws(pixels, *clipped_noise(pixels))
    return {name: np.nan if (value := getattr(found, name)) is None else value for name in LIMITS}


def real(raw: Path) -> Iterator[str]:
    """A line for each kind of images: how many are beyond each limit, and the largest 1 % of each number."""
    yield f"| images | n | {' | '.join(f'{name} > {limit}, % (99th percentile)' for name, limit in LIMITS.items())} |"
    yield "|---" * (len(LIMITS) + 2) + "|"
    kinds = {
        kind: [tile for one in images(raw / "images" / folder) for tile in tiles(one)] for kind, folder in REAL.items()
    }
    kinds["FIRST, middles of MiraBest"] = middles(raw)
    for kind, some in kinds.items():
        of = {name: np.array([one[name] for one in map(measured, some)]) for name in LIMITS}
        cells = [
            f"{100 * np.nanmean(of[name] > limit):.1f} ({np.nanpercentile(of[name], 99):.2f})"
            for name, limit in LIMITS.items()
        ]
        yield f"| {kind} | {len(some)} | {' | '.join(cells)} |"


def middles(raw: Path) -> list[Image]:
    """Of MiraBest."""
    edge = (300 - SIDE_PX) // 2
    found = [one[edge : edge + SIDE_PX, edge : edge + SIDE_PX] for one in images(raw / "images/first_mirabest")]
    return [one for one in found if np.isfinite(one).all()]


def recall(raw: Path) -> Iterator[str]:
    """A line for each planted defect: how many are found."""
    yield "| planted | size | found in tiles, % | in middles with a source, % |"
    yield "|---|---|---|---|"
    every = [tile for one in images(raw / "images/first_mirabest") for tile in tiles(one)]
    kinds = [[one for one in every[::3] if np.isfinite(one).all()], middles(raw)]
    for name, (plant, sizes) in PLANTED.items():
        for size in sizes:
            cells = list[str]()
            for some in kinds:
                rng = np.random.default_rng(7)
                spoilt = [plant(one, clipped_noise(np.ascontiguousarray(one))[1] or 0.0, size, rng) for one in some]
                found = np.array([measured(one)[name] for one in spoilt])
                cells.append(f"{100 * np.mean(found > LIMITS[name]):.1f}")
            yield f"| {name} | {size:g} | {' | '.join(cells)} |"


def main() -> None:
    """Read the command line, measure, print."""
    said = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    said.add_argument("--raw", type=Path, required=True)
    raw = said.parse_args().raw
    for line in chain(recall(raw), [""], real(raw)):
        print(line, flush=True)


if __name__ == "__main__":
    main()
