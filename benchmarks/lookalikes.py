"""Whether nearly the same pictures are found, and no others: planted in real FIRST pictures, and growth to 60,000.

    nice -n 15 python benchmarks/lookalikes.py --raw RAW         # three minutes of CPU: the tables of docs/pictures.md
    python benchmarks/lookalikes.py --growth                     # seconds and MB by the number of pictures
    python benchmarks/lookalikes.py --store STORE                # pictures of a built store: which are alike?

Each image of MiraBest in three sizes (64, 132 and 300 px of its middle) is drawn by `log`, and again after each change;
both sets are looked through together. False alarms: every pair of pictures of different sky among tiles of the same
images, by likeness, held each against each.
"""

import argparse
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import cv2
import numpy as np

from curation.engine.store import Store
from curation.pictures.alike import alike
from curation.pictures.likeness import aligned, detail, likeness, modes, small
from curation.pictures.lookalikes import LEAST_LIKENESS, lookalikes
from curation.pictures.plane import open_plane
from curation.pictures.render import Picture, render

PICTURE_PX, SIDES_PX, TILE_PX = 384, (64, 132, 300), 100
LIMITS = (7, 8, 9, 10, 11, 12, LEAST_LIKENESS)
Image = np.ndarray


def drawn(image: Image, stretch: str = "log", side_px: int = PICTURE_PX) -> Image:
    """As the corpus draws it."""
    return render(image, Picture(side_px, stretch))


def middle(image: Image, side_px: float, shift_px: int = 0) -> Image:
    """A square about the middle, `shift_px` to the right."""
    half, y, x = round(side_px / 2), image.shape[0] // 2, image.shape[1] // 2 + shift_px
    return image[y - half : y + half, x - half : x + half]


def resampled(image: Image, scale: float) -> Image:
    """As large, its pixels made anew for another scale."""
    centre = (np.array(image.shape) - 1) / 2
    matrix = np.array([[scale, 0, centre[1] * (1 - scale)], [0, scale, centre[0] * (1 - scale)]], np.float32)
    return cv2.warpAffine(
        image, matrix, image.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT
    )


def jpeg(picture: Image, quality: int) -> Image:
    """Packed with loss and opened again."""
    return cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def turned(picture: Image, by_deg: float) -> Image:
    """By any angle; corners stay black."""
    middle_px = (picture.shape[0] - 1) / 2
    return cv2.warpAffine(picture, cv2.getRotationMatrix2D((middle_px, middle_px), by_deg, 1), picture.shape)


CHANGES: dict[str, Callable[[Image, int], Image]] = {
    "turned by 90": lambda image, side: np.rot90(drawn(middle(image, side))),
    "mirrored": lambda image, side: drawn(middle(image, side))[:, ::-1],
    "turned by 30": lambda image, side: turned(drawn(middle(image, side)), 30),
    "the middle 0.8": lambda image, side: drawn(middle(image, 0.8 * side)),
    "the middle 0.9": lambda image, side: drawn(middle(image, 0.9 * side)),
    "resampled, 1.25 times as wide": lambda image, side: drawn(resampled(middle(image, side), 1.25)),
    "asinh": lambda image, side: drawn(middle(image, side), "asinh"),
    "zscale": lambda image, side: drawn(middle(image, side), "zscale"),
    "percentile": lambda image, side: drawn(middle(image, side), "percentile"),
    "minmax": lambda image, side: drawn(middle(image, side), "minmax"),
    "JPEG of quality 75": lambda image, side: jpeg(drawn(middle(image, side)), 75),
    "JPEG of quality 30": lambda image, side: jpeg(drawn(middle(image, side)), 30),
    "drawn at 128 px": lambda image, side: drawn(middle(image, side), side_px=128),
    "moved by 2 % of the side": lambda image, side: drawn(middle(image, 0.94 * side, round(0.02 * side))),
    "moved by 5 % of the side": lambda image, side: drawn(middle(image, 0.9 * side, round(0.05 * side))),
    "resampled by 1.12, asinh, mirrored, turned, JPEG": lambda image, side: jpeg(
        np.rot90(drawn(resampled(middle(image, side), 1.12), "asinh", 300))[:, ::-1], 75
    ),
}


def images(raw: Path) -> list[Image]:
    """MiraBest as float32, blanks for 0 as in a picture."""
    found = list[Image]()
    for path in sorted((raw / "images/first_mirabest").glob("*.fits.gz")):
        plane = open_plane(path)
        found.append(np.nan_to_num(np.array(plane.read((0, 0, plane.width_px, plane.height_px)), np.float32)))
    return found


def smalls(pictures: Sequence[Image]) -> Image:
    """As the table has them."""
    return np.array([small(np.ascontiguousarray(one)) for one in pictures])


def recall(given: list[Image]) -> Iterator[str]:
    """A line for each change: found of all, in each size; and how many others were called the same."""
    yield f"| changed | found of {len(given)}, at {SIDES_PX[0]} px | at {SIDES_PX[1]} | at {SIDES_PX[2]} | others |"
    yield "|---|---|---|---|---|"
    first = {side: smalls([drawn(middle(one, side)) for one in given]) for side in SIDES_PX}
    n = len(given)
    for name, change in CHANGES.items():
        found, others = list[str](), 0
        for side in SIDES_PX:
            pairs = lookalikes(np.concatenate([first[side], smalls([change(one, side) for one in given])])).pairs
            hits = sum(one.right == one.left + n for one in pairs)
            found.append(f"{100 * hits / n:.1f} %")
            others += sum(one.left % n != one.right % n for one in pairs)
        yield f"| {name} | {' | '.join(found)} | {others} |"


def false_alarms(given: list[Image]) -> Iterator[str]:
    """How many pairs of different sky reach which likeness, each held against each."""
    steps = range(0, given[0].shape[0] - TILE_PX + 1, TILE_PX)
    tiles = [one[y : y + TILE_PX, x : x + TILE_PX] for one in given for y in steps for x in steps]
    kinds = {f"tiles of {TILE_PX} px": smalls([drawn(one) for one in tiles[:: len(steps)]])}
    kinds |= {f"middles of {side} px": smalls([drawn(middle(one, side)) for one in given]) for side in SIDES_PX}
    half = [np.where(np.arange(132) < 40 + k % 40, np.nan, middle(one, 132)) for k, one in enumerate(given)]
    kinds["middles of 132 px, a blank side"] = smalls([drawn(one.astype(np.float32)) for one in half])
    yield f"| different pictures | pairs | {' | '.join(f'from {one:g}' for one in LIMITS)} | most |"
    yield "|---" * (len(LIMITS) + 3) + "|"
    for name, some in kinds.items():
        found = np.sort(every_likeness(some))
        counts = [len(found) - int(np.searchsorted(found, limit)) for limit in LIMITS]
        yield f"| {name} | {len(found):,} | {' | '.join(map(str, counts))} | {found[-1]:.1f} |"


def every_likeness(some: Image) -> Image:
    """Of all pairs."""
    parts = [modes(some[k : k + 64], [1.0])[:, 0] for k in range(0, len(some), 64)]
    of = np.concatenate(parts)
    details = detail(of)
    found = [
        likeness(aligned(of[:k], modes(some[k : k + 1])[0]).correlation, np.minimum(details[:k], details[k]))
        for k in range(1, len(some))
    ]
    return np.concatenate(found)


def synthetic(n: int, seed: int = 0) -> Image:
    """Small pictures of noise with a beam and some sources, all different."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:48, :48] - 23.5
    made = np.empty((n, 48, 48), np.uint8)
    for k in range(n):
        image = cv2.GaussianBlur(rng.normal(0, 1, (48, 48)), (0, 0), 0.8)
        image /= image.std()
        for _ in range(rng.integers(1, 4)):
            (dy, dx), width = rng.normal(0, 4, 2), rng.uniform(0.8, 3)
            image += rng.exponential(30) * np.exp(-((y - dy) ** 2 + (x - dx) ** 2) / (2 * width**2))
        image = np.log1p(np.maximum(image - np.median(image), 0) / 3)
        made[k] = 255 * image / image.max()
    return made


def growth(sizes: Sequence[int]) -> Iterator[str]:
    """A line for each size: one picture in a hundred is there twice, turned and mirrored."""
    yield "| pictures | CPU s | ms a picture | found | others | MB at most |"
    yield "|---|---|---|---|---|---|"
    for n in sizes:
        some = synthetic(n)
        some[n - n // 100 :] = [np.rot90(one)[::-1] for one in some[: n // 100]]
        begin = time.process_time()
        pairs = lookalikes(some).pairs
        seconds = time.process_time() - begin
        hits = sum(one.right - one.left == n - n // 100 for one in pairs)
        most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        told = (f"{n:,}", f"{seconds:.1f}", f"{1000 * seconds / n:.2f}", f"{hits} of {n // 100}")
        yield f"| {' | '.join(told)} | {len(pairs) - hits} | {most_mb:,} |"


def of_store(folder: str) -> Iterator[str]:
    """The pairs among all cutouts of a store."""
    store = Store(folder)
    found = [one for one in Path(folder, "cutouts").glob("*/*") if store.is_done(one.relative_to(folder).as_posix())]
    columns = ["cutout_id", "dataset", "small"]
    tables = [store.dataset(one.relative_to(folder).as_posix()).to_table(columns=columns) for one in found]
    rows = alike(*tables).kept.to_pylist()
    n = sum(one.num_rows for one in tables)
    yield f"{len(rows)} pairs of {n:,} cutouts"
    yield from map(str, rows[:20])


def main() -> None:
    """Read the command line, measure, print."""
    said = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    said.add_argument("--raw", type=Path)
    said.add_argument("--growth", action="store_true")
    said.add_argument("--sizes", nargs="+", type=int, default=[1_000, 4_000, 15_000, 60_000])
    said.add_argument("--store")
    chosen = said.parse_args()
    lines: Iterator[str] = iter(())
    if chosen.growth:
        lines = growth(chosen.sizes)
    elif chosen.store:
        lines = of_store(chosen.store)
    elif chosen.raw:
        given = images(chosen.raw)
        lines = chain(recall(given), [""], false_alarms(given))
    for line in lines:
        print(line, flush=True)


if __name__ == "__main__":
    main()
