"""Which stretch lets a class be seen: the small network of `evaluate encoders`, on real pictures drawn in every way.

    nice -n 15 python benchmarks/stretches.py --raw RAW --out stretches.jsonl     # half an hour of CPU; it can go on
    python benchmarks/stretches.py --out stretches.jsonl --table

`mirabest`: FR-I against FR-II, FIRST images of MiraBest (FITS), in five folds that share no sky; of one fold the
confident ones are tested, those of the next choose the epoch, three folds teach, the uncertain ones included.
`griese`: four classes, published splits less what the picture set leaves out; its pictures are PNGs of clipped greys,
which stand here for brightness. Every way sees the same pictures, folds and seeds. Intervals (95 %) draw patches of
sky and seeds again; differences are paired.
"""

import argparse
import io
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from catalogs.sky import unit_vectors
from curation.pictures.plane import open_plane
from curation.pictures.png import png_bytes
from curation.pictures.render import Picture, render
from evaluate.encoders.eyes import SmallEyes
from evaluate.encoders.lessons import Known
from evaluate.encoders.networks import FROM_SCRATCH, Training, trained
from evaluate.tasks.benchmark import Task
from evaluate.tasks.picture_set import inputs_of_set, picture_sets
from evaluate.tasks.zipped import read_pictures

WAYS: dict[str, str | tuple[str, str, str]] = {
    "zscale": "zscale", "percentile": "percentile", "asinh": "asinh", "log": "log", "minmax": "minmax",
    "paper": "paper", "three": ("zscale", "asinh", "log"),
}  # fmt: skip
N_FOLDS, N_SEEDS, N_DRAWS = 5, 5, 4000
APART_ARCSEC = 764.0  # the diagonal of a picture of 300 px of 1.8": nearer than that, two may show the same sky
SIDE_PX, MIDDLE = 40, 0.35  # 189" of FIRST, 4.7" a pixel
EYES = SmallEyes(side_px=SIDE_PX, middle=1.0, width=8)
HOW = {"mirabest": replace(FROM_SCRATCH, epochs=40), "griese": replace(FROM_SCRATCH, epochs=15)}
NAME = re.compile(r"(?P<code>\d{3})_(?P<ra>\d{3}\.\d{3})(?P<dec>[+-]\d{3}\.\d{3})_")
Row = dict[str, Any]


def main() -> None:
    """Train what is not in the file yet, or print the table."""
    said = argparse.ArgumentParser()
    said.add_argument("--raw", type=Path)
    said.add_argument("--out", type=Path, required=True)
    said.add_argument("--sets", nargs="+", default=list(HOW), choices=HOW)
    said.add_argument("--ways", nargs="+", default=list(WAYS), choices=WAYS)
    said.add_argument("--gammas", nargs="+", type=float, default=[1.0])
    said.add_argument("--seeds", type=int, default=N_SEEDS)
    said.add_argument("--table", action="store_true")
    given = said.parse_args()
    rows = [json.loads(line) for line in given.out.read_text().splitlines()] if given.out.exists() else []
    if given.table:
        for line in table(rows):
            print(line)
        return
    import torch

    torch.set_num_threads(1)
    done = {(one["set"], one["seed"], one["fold"], one["way"], one["gamma"]) for one in rows}
    for name in given.sets:
        known = {"mirabest": mirabest, "griese": griese}[name](given.raw)
        # Every seed with another fold, then every seed with the next one, and so on: wherever it is stopped after a
        # round, each picture has been tested as often as any other.
        rounds = product(range(len(known.folds)), range(given.seeds))
        for (turn, seed), way, gamma in product(rounds, given.ways, given.gammas):
            run = Run(name, seed, (seed + turn) % len(known.folds), way, gamma)
            if (run.set, run.seed, run.fold, run.way, run.gamma) not in done:
                row = one_run(run, known)
                with given.out.open("a", encoding="utf-8") as sink:
                    sink.write(json.dumps(row) + "\n")


@dataclass(frozen=True)
class Run:
    """A network trained once."""

    set: str
    seed: int
    fold: int
    way: str
    gamma: float


def one_run(run: Run, known: "Shown") -> Row:
    """Train and test one way of drawing with one seed on one fold."""
    start = time.process_time()
    pngs = [_small(render(image, Picture(image.shape[0], WAYS[run.way]))) for image in known.images]
    tasks = [
        Task(f"{run.set}-{k}", sha256(png).hexdigest(), (label,), {}, patch, "train", png=png)
        for k, (png, label, patch) in enumerate(zip(pngs, known.labels, known.patches, strict=True))
    ]
    right: dict[str, list[int]] = {}
    train, validation, test = known.folds[run.fold]
    how: Training = replace(HOW[run.set], seed=run.seed)
    eyes = replace(EYES, gamma=run.gamma).seeing(tasks[:1])
    fit = trained(eyes, how, known.of(tasks, train), known.of(tasks, validation, "validation"), is_one=True)
    tested = known.of(tasks, test, "test")
    hits = (fit.probabilities(tested.tasks).argmax(1) == tested.truth.argmax(1)).tolist()
    for task, hit in zip(tested.tasks, hits, strict=True):
        right.setdefault(task.cluster, []).append(int(hit))
    seconds = round(time.process_time() - start, 1)
    print(f"{run}: {100 * np.mean(hits):.1f} % in {seconds} s", file=sys.stderr, flush=True)
    return {**asdict(run), "right": right, "validation_f1": fit.validation_f1, "cpu_s": seconds}


def _small(picture: np.ndarray) -> bytes:
    """The middle of a picture as the network looks at it, made once and not in every epoch."""
    image = Image.fromarray(picture)
    inset = image.width * (1 - MIDDLE) / 2
    box = (inset, inset, image.width - inset, image.height - inset)
    return png_bytes(np.asarray(image.resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX, box=box)))


class Shown:
    """Images [y, x] with their class, their patch of sky, and who teaches, who chooses, who is tested."""

    def __init__(self, images: Sequence[np.ndarray], labels: Sequence[str], patches: Sequence[str]) -> None:
        self.images, self.labels, self.patches = images, labels, patches
        self.classes = sorted(set(labels))
        self.folds = list[tuple[list[int], list[int], list[int]]]()

    def of(self, tasks: Sequence[Task], some: Sequence[int], split: str = "train") -> Known:
        """The pictures of these places, as what a network learns from or is tested on."""
        truth = np.array([[tasks[k].truth[0] == one for one in self.classes] for k in some])
        return Known(tuple(replace(tasks[k], split=split) for k in some), truth)


def mirabest(raw: Path) -> Shown:
    """The confident FR-I and FR-II of MiraBest, in folds of whole patches of sky."""
    found = [(NAME.match(one.name), one) for one in sorted((raw / "images/first_mirabest").glob("*.fits.gz"))]
    kept = [(said, one) for said, one in found if said and said["code"][0] in "12"]
    images = list[np.ndarray]()
    for _, path in kept:
        plane = open_plane(path)
        images.append(np.array(plane.read((0, 0, plane.width_px, plane.height_px)), np.float32))
    vectors = unit_vectors([float(said["ra"]) for said, _ in kept], [float(said["dec"]) for said, _ in kept])
    patches = _patches(vectors)
    made = Shown(images, ["FR-I" if said["code"][0] == "1" else "FR-II" for said, _ in kept], patches)
    # Patches by a key, so that neither place nor name decides: every fifth one to a fold, each class by itself.
    order = sorted(
        set(zip(made.labels, patches, strict=True)), key=lambda one: (one[0], sha256(one[1].encode()).digest())
    )
    fold_of: dict[str, int] = {}
    for k, (_, patch) in enumerate(order):
        fold_of.setdefault(patch, k % N_FOLDS)
    fold = np.array([fold_of[one] for one in patches])
    is_sure = np.array([said["code"][1] == "0" for said, _ in kept])
    for k in range(N_FOLDS):
        chooses, tested = fold == (k + 1) % N_FOLDS, fold == k
        parts = (~chooses & ~tested, chooses & is_sure, tested & is_sure)
        made.folds.append(tuple(np.flatnonzero(one).tolist() for one in parts))  # pyright: ignore[reportArgumentType]
    return made


def griese(raw: Path) -> Shown:
    """The picture set as `evaluate encoders` has it; greys are taken for brightness, row 0 at the bottom."""
    door = picture_sets()["griese"]
    splits = inputs_of_set(door, raw)[2]
    place = {row["cutout_id"]: row for row in splits.make(*splits.config).kept.to_pylist()}
    pictures = [one for one in read_pictures(raw, door.name, door.pictures) if one.picture_id in place]
    images = [np.asarray(Image.open(io.BytesIO(one.png)).convert("L"), np.float32)[::-1] for one in pictures]
    made = Shown(images, [one.label for one in pictures], [place[one.picture_id]["patch_id"] for one in pictures])
    of = [place[one.picture_id]["split"] for one in pictures]
    parts = [[k for k, one in enumerate(of) if one == split] for split in ("train", "validation", "test")]
    made.folds.append((parts[0], parts[1], parts[2]))
    return made


def _patches(vectors: np.ndarray) -> list[str]:
    chord = 2 * np.sin(np.radians(APART_ARCSEC / 3600) / 2)
    near = cKDTree(vectors).sparse_distance_matrix(cKDTree(vectors), chord, output_type="coo_matrix")
    near.data[:] = 1
    return [f"patch-{one}" for one in connected_components(near, directed=False)[1]]


def table(rows: Sequence[Row]) -> list[str]:
    """Accuracy with its interval, and the difference from zscale on the same pictures and seeds."""
    lines = [
        "| set | gamma | drawn | runs | accuracy, % | less that of zscale | CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in HOW:
        for gamma in sorted({one["gamma"] for one in rows if one["set"] == name}):
            of = {way: [one for one in rows if (one["set"], one["gamma"], one["way"]) == (name, gamma, way)]
                  for way in WAYS}  # fmt: skip
            for way, some in of.items():
                if some:
                    own = _drawn_again(some, some)[0]
                    off = "" if way == "zscale" or not of["zscale"] else _told(*_drawn_again(some, of["zscale"])[1])
                    seconds = sum(one["cpu_s"] for one in some)
                    lines.append(
                        f"| {name} | {gamma:g} | {way} | {len(some)} | {_told(*own)} | {off} | {seconds:.0f} |"
                    )
    return lines


def _drawn_again(some: Sequence[Row], others: Sequence[Row]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Value and ends of the accuracy of `some`, and of its difference from `others`, in percent."""
    shared = {(one["seed"], one["fold"]) for one in others} & {(one["seed"], one["fold"]) for one in some}
    some, others = ([one for one in runs if (one["seed"], one["fold"]) in shared] for runs in (some, others))
    patches = {one: k for k, one in enumerate(sorted({patch for run in some for patch in run["right"]}))}
    seeds_of = {one: k for k, one in enumerate(sorted({run["seed"] for run in some}))}
    sums, base, counts = (np.zeros((len(seeds_of), len(patches))) for _ in range(3))
    for runs, into in ((some, sums), (others, base)):
        for run in runs:
            for patch, hits in run["right"].items():
                into[seeds_of[run["seed"]], patches[patch]] += sum(hits)
                counts[seeds_of[run["seed"]], patches[patch]] += len(hits) / 2  # once of each side
    draws = np.random.default_rng(0)
    own, off = list[float](), list[float]()
    for _ in range(N_DRAWS):
        again = np.ix_(draws.integers(0, len(sums), len(sums)), draws.integers(0, len(patches), len(patches)))
        n = counts[again].sum()
        own.append(sums[again].sum() / n)
        off.append(own[-1] - base[again].sum() / n)
    n = counts.sum()
    found = ((sums.sum() / n, own), ((sums.sum() - base.sum()) / n, off))
    return tuple((100 * value, *(100 * np.percentile(drawn, (2.5, 97.5))).tolist()) for value, drawn in found)  # pyright: ignore


def _told(value: float, low: float, high: float) -> str:
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"


if __name__ == "__main__":
    main()
