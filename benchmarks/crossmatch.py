"""How fast catalogues are cross-matched, against what one would use instead, in one run.

Example:
    python benchmarks/crossmatch.py
    python benchmarks/crossmatch.py --lsdb-python OTHER_VENV/bin/python --large
    python benchmarks/crossmatch.py --quick --json > crossmatch.json
"""

import argparse
import gc
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("NUMBA_NUM_THREADS", "1")

import crossmatch_peers as peers
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from astropy.coordinates import SkyCoord
from astropy.table import Table
from harness import cpu_seconds

from catalogs.crossmatch import crossmatch

PEERS_FILE = Path(peers.__file__)
# As long as what the pipeline has: a prefix and 16 digits of a hash.
ID = "source-{:016x}"
BOX_IOU = 0.5
GOAL_ROWS = 1_000_000
GOALS = {  # performance goals X1 to X5: peer over ours at least so much, or ours over the floor at most
    "X1 astropy / ours, prepared": ("astropy search_around_sky", "ours, pairs", 5.0, "least"),
    "X1 cKDTree / ours, prepared": ("cKDTree, all pairs", "ours, pairs", 3.0, "least"),
}
PROCESS_GOALS = {
    "X1 astropy / ours": ("astropy", 5.0),
    "X1 cKDTree / ours": ("cKDTree", 3.0),
    "X2 STILTS / ours": ("STILTS", 10.0),
    "X2 LSDB / ours": ("LSDB", 10.0),
}


@dataclass(frozen=True)
class Used:
    """What a process took."""

    cpu_s: float
    wall_s: float
    peak_mb: float


def sky(n: int, *, is_clustered: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """RA and Dec of n positions; clustered: seven of ten in 200 clumps of 0.1 deg."""
    rng = np.random.default_rng(seed)
    ra, dec = rng.uniform(0, 360, n), np.degrees(np.arcsin(rng.uniform(-1, 1, n)))
    if is_clustered:
        n_in = int(0.7 * n)
        where = np.random.default_rng(4)  # the same clumps for both catalogues
        clumps = where.uniform(0, 360, 200), where.uniform(-80, 80, 200)
        clump = rng.integers(0, 200, n_in)
        centre_ra, centre_dec = clumps[0][clump], clumps[1][clump]
        dec[:n_in] = np.clip(centre_dec + rng.normal(0, 0.1, n_in), -90, 90)
        ra[:n_in] = (centre_ra + rng.normal(0, 0.1, n_in) / np.cos(np.radians(centre_dec))) % 360
    return ra, dec


def catalogues(n_left: int, n_right: int, *, is_clustered: bool) -> tuple[pa.Table, pa.Table]:
    """Two catalogues; two thirds of the smaller one's rows stand in both, about 1.5 arcsec apart, in another order."""
    ra, dec = sky(n_left, is_clustered=is_clustered, seed=1)
    other_ra, other_dec = sky(n_right, is_clustered=is_clustered, seed=2)
    rng = np.random.default_rng(3)
    shared = rng.permutation(n_left)[: 2 * min(n_left, n_right) // 3]
    scatter = rng.normal(0, 1.5 / 3600, (2, len(shared)))
    other_dec[: len(shared)] = np.clip(dec[shared] + scatter[0], -90, 90)
    other_ra[: len(shared)] = (ra[shared] + scatter[1] / np.maximum(np.cos(np.radians(dec[shared])), 1e-3)) % 360
    order = rng.permutation(n_right)
    return catalogue(ra, dec), catalogue(other_ra[order], other_dec[order])


def catalogue(ra: np.ndarray, dec: np.ndarray) -> pa.Table:
    a, d = np.radians(ra), np.radians(dec)
    columns = {"id": np.arange(len(ra)), "ra_deg": ra, "dec_deg": dec}
    return pa.table({**columns, "x": np.cos(d) * np.cos(a), "y": np.cos(d) * np.sin(a), "z": np.sin(d)})


def in_process(left: pa.Table, right: pa.Table, radius_arcsec: float, rounds: int) -> dict[str, object]:
    """CPU seconds of each way, median of interleaved rounds, each given its prepared form; and whether they agree."""
    xyz = [one.select(["id", "x", "y", "z"]) for one in (left, right)]
    degrees = [one.select(["id", "ra_deg", "dec_deg"]) for one in (left, right)]
    named = [one.set_column(0, "id", pa.array(map(ID.format, range(one.num_rows)))) for one in xyz]
    arrays = [np.stack([one[axis].to_numpy() for axis in "xyz"], axis=-1) for one in (left, right)]
    axes = [[one[axis].to_numpy() for axis in "xyz"] for one in (left, right)]
    coordinates = [SkyCoord(one["ra_deg"].to_numpy(), one["dec_deg"].to_numpy(), unit="deg") for one in (left, right)]
    for one in coordinates:
        one.cartesian  # noqa: B018  made once, kept: part of the prepared form
    grid = peers.make_numba_grid()
    ways: dict[str, Callable[[], object]] = {
        "ours, pairs": lambda: peers.ours_pairs(*xyz, radius_arcsec),
        "ours, pairs, from RA and Dec": lambda: peers.ours_from_degrees(*degrees, radius_arcsec),
        "ours, crossmatch(): text ids, best, mutual, sorted": lambda: crossmatch(*named, radius_arcsec, memory_mb=4000),
        "numba grid, cubes of 60″": lambda: grid(*axes, radius_arcsec, 60),
        "numba grid, cubes of 120″": lambda: grid(*axes, radius_arcsec, 120),
        "cKDTree, all pairs": lambda: peers.ckdtree(*arrays, radius_arcsec),
        "astropy search_around_sky": lambda: peers.astropy_sky(*coordinates, radius_arcsec),
    }
    found = {name: way() for name, way in ways.items()}  # warm, and compiled
    reference = pair_keys(found["cKDTree, all pairs"])
    different = [
        name for name, pairs in found.items() if isinstance(pairs, tuple) and not same(pair_keys(pairs), reference)
    ]
    used = {name: list[float]() for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            before = cpu_seconds()
            way()
            used[name].append(cpu_seconds() - before)
    return {
        "n_pairs": len(reference),
        "different_pairs": different,
        "cpu_s": {name: statistics.median(values) for name, values in used.items()},
    }


def pair_keys(pairs: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return np.sort(pairs[0].astype(np.int64) * 2**32 + pairs[1].astype(np.int64))


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return one.shape == other.shape and bool((one == other).all())


class Processes:
    """Whole processes, files to file, one at a time."""

    def __init__(self, folder: Path, lsdb_python: str) -> None:
        self.folder, self.lsdb_python = folder, lsdb_python
        self.stilts = shutil.which("stilts")
        lsdb = subprocess.run([lsdb_python, "-c", "import lsdb"], capture_output=True, check=False)
        self.has_lsdb = lsdb.returncode == 0
        if not self.stilts:
            print("STILTS: skipped, there is no command stilts (apt-get install stilts)", file=sys.stderr)
        if not self.has_lsdb:
            print("LSDB: skipped, not installed (pip install lsdb; or --lsdb-python)", file=sys.stderr)

    def measured(self, left: pa.Table, right: pa.Table, radius_arcsec: float, *, rounds: int) -> dict[str, object]:
        """What each took (the median of CPU and wall, the largest peak), and how many pairs it wrote."""
        for side, table in (("left", left), ("right", right)):
            pq.write_table(table, self.folder / f"{side}.parquet")
            if self.stilts:
                Table({name: table[name].to_numpy() for name in ("id", "ra_deg", "dec_deg")}).write(
                    self.folder / f"{side}.fits", overwrite=True
                )
        names = ["ours", "ours best", "cKDTree", "astropy"]
        names += ["STILTS"] if self.stilts else []
        if self.has_lsdb:
            for old in self.folder.glob("hats_*"):
                shutil.rmtree(old)
            self.run("LSDB catalogues", radius_arcsec)
            names.append("LSDB")
        runs = [{name: self.run(name, radius_arcsec) for name in names} for _ in range(rounds)]
        return {
            name: {
                "cpu_s": statistics.median(one[name].cpu_s for one in runs),
                "wall_s": statistics.median(one[name].wall_s for one in runs),
                "peak_mb": max(one[name].peak_mb for one in runs),
                "n_rows": self.n_rows(name),
            }
            for name in names
        }

    def run(self, name: str, radius_arcsec: float) -> Used:
        python = self.lsdb_python if name.startswith("LSDB") else sys.executable
        words = [python, str(PEERS_FILE), name, str(self.folder), str(radius_arcsec), str(self.out(name))]
        if name == "STILTS":
            sides = [f"in{n}={self.folder / side}.fits" for n, side in ((1, "left"), (2, "right"))]
            places = [f"values{n}=ra_deg dec_deg" for n in (1, 2)]
            match = ["matcher=sky", f"params={radius_arcsec}", "find=all", "join=1and2"]
            words = [self.stilts, "tmatch2", *sides, *places, *match, f"out={self.out(name)}"]
        return used_by(words)

    def out(self, name: str) -> Path:
        return self.folder / f"out_{name.replace(' ', '_')}.{'fits' if name == 'STILTS' else 'parquet'}"

    def n_rows(self, name: str) -> int:
        return len(Table.read(self.out(name))) if name == "STILTS" else pq.read_metadata(self.out(name)).num_rows


def used_by(words: list[str]) -> Used:
    """Run a process to its end; raises RuntimeError when it fails."""
    launcher = [sys.executable, "-S", str(PEERS_FILE.with_name("measured_process.py"))]
    done = subprocess.run([*launcher, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}\n{done.stderr[-2000:]}")
    return Used(**json.loads(done.stdout))


def boxes(n_pictures: int, n_each: int, rounds: int) -> dict[str, object]:
    """CPU seconds of the overlap of boxes against a compiled sweep, three of five boxes in both sets."""
    rng = np.random.default_rng(5)
    n = n_pictures * n_each
    picture = np.repeat(np.arange(n_pictures), n_each)
    centre, size = rng.uniform(0, 10_000, (n, 2)), np.exp(rng.uniform(np.log(8), np.log(120), (n, 2)))
    is_both = rng.uniform(size=(n, 1)) < 0.6
    other = np.where(is_both, centre + rng.normal(0, 2, (n, 2)), rng.uniform(0, 10_000, (n, 2)))
    other_size = size * np.exp(rng.normal(0, 0.15, (n, 2)))
    sides = [np.hstack([c - s / 2, c + s / 2]) for c, s in ((centre, size), (other, other_size))]
    names = ("x_min", "y_min", "x_max", "y_max")
    tables = [
        pa.table({"id": np.arange(n), "picture": picture, **{name: one[:, k] for k, name in enumerate(names)}})
        for one in sides
    ]
    columns = [[np.ascontiguousarray(one[:, k]) for k in range(4)] for one in sides]
    sweep = peers.make_numba_sweep()
    ways: dict[str, Callable[[], peers.Pairs]] = {
        "ours, boxes": lambda: peers.ours_boxes(*tables, BOX_IOU),
        "numba sweep": lambda: sweep(picture, columns[0], picture, columns[1], BOX_IOU),
    }
    found = [pair_keys(way()) for way in ways.values()]
    used = {name: list[float]() for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            gc.collect()
            before = cpu_seconds()
            way()
            used[name].append(cpu_seconds() - before)
    cpu_s = {name: statistics.median(values) for name, values in used.items()}
    return {"n_boxes": n, "n_pairs": len(found[0]), "same_pairs": same(*found), "cpu_s": cpu_s}


def large(processes: Processes) -> dict[str, object]:
    """Ten million rows: streaming, and out of core under 300 MB."""
    found: dict[str, object] = {}
    for n_right, names in ((1_000_000, ["ours"]), (10_000_000, ["ours 8 GB", "ours 300 MB"])):
        for side, table in zip(("left", "right"), catalogues(10_000_000, n_right, is_clustered=False), strict=True):
            pq.write_table(table, processes.folder / f"{side}.parquet")
            del table
        for name in names:
            runs = [processes.run(name, 5.0) for _ in range(3)]
            found[f"1e7 x {n_right:.0e}, {name}".replace("e+0", "e")] = {
                "cpu_s": statistics.median(one.cpu_s for one in runs),
                "wall_s": statistics.median(one.wall_s for one in runs),
                "peak_mb": max(one.peak_mb for one in runs),
                "n_rows": processes.n_rows(name),
            }
    return found


def measured(sizes: list[int], rounds: int, lsdb_python: str, *, is_large: bool) -> dict[str, object]:
    """All figures of one run."""
    found: dict[str, object] = {"in_process": [], "processes": []}
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        processes = Processes(Path(folder), lsdb_python)
        for n in sizes:
            for is_clustered in (False, True):
                left, right = catalogues(n, n, is_clustered=is_clustered)
                what = {"n_rows_a_side": n, "sky": "clustered" if is_clustered else "uniform"}
                for radius_arcsec in (5.0, 15.0):
                    one = in_process(left, right, radius_arcsec, rounds)
                    found["in_process"].append({**what, "radius_arcsec": radius_arcsec, **one})
                used = processes.measured(left, right, 5.0, rounds=min(rounds, 3))
                found["processes"].append({**what, "radius_arcsec": 5.0, "used": used})
                print(f"{n:,} rows a side, {what['sky']}: done", file=sys.stderr)
        found["boxes"] = boxes(max(2, sizes[-1] // 5000), 5000, rounds)
        found["large"] = large(processes) if is_large else {}
    return {**found, "goals": goals(found)}


def goals(found: dict) -> list[dict[str, object]]:
    """Each goal at 1e6 rows a side, on the uniform and the clustered sky; none in a quick run."""
    lines = list[dict[str, object]]()

    def line(name: str, where: str, ratio: float, bound: float, way: str) -> None:
        is_met = ratio >= bound if way == "least" else ratio <= bound
        lines.append({"goal": name, "where": where, "ratio": ratio, "bound": bound, "way": way, "is_met": is_met})

    for one in (one for one in found["in_process"] if one["n_rows_a_side"] == GOAL_ROWS):
        where = f"{one['sky']}, {one['radius_arcsec']:g}″"
        for name, (upper, lower, bound, way) in GOALS.items():
            line(name, where, one["cpu_s"][upper] / one["cpu_s"][lower], bound, way)
        floor = min(seconds for name, seconds in one["cpu_s"].items() if name.startswith("numba"))
        line("X3 ours / faster numba grid", where, one["cpu_s"]["ours, pairs"] / floor, 1.5, "most")
    for one in (one for one in found["processes"] if one["n_rows_a_side"] == GOAL_ROWS):
        for name, (peer, bound) in PROCESS_GOALS.items():
            if peer in one["used"]:
                ratio = one["used"][peer]["cpu_s"] / one["used"]["ours"]["cpu_s"]
                line(name, f"{one['sky']}, whole process", ratio, bound, "least")
    of_boxes = found["boxes"]["cpu_s"]
    if lines:
        line("X5 boxes: ours / numba sweep", "", of_boxes["ours, boxes"] / of_boxes["numba sweep"], 1.5, "most")
    if found["large"]:
        in_core, out_of_core = (found["large"][f"1e7 x 1e7, ours {size}"]["wall_s"] for size in ("8 GB", "300 MB"))
        line("X4 peak GB", "1e7 x 1e6", found["large"]["1e7 x 1e6, ours"]["peak_mb"] / 1000, 0.5, "most")
        line("X4 300 MB / in memory", "1e7 x 1e7, wall", out_of_core / in_core, 1.5, "most")
    return lines


def table(found: dict) -> str:
    """The figures as Markdown."""
    cases, runs = found["in_process"], found["processes"]
    lines = [*heading("CPU s, one thread, in process", [f"{titled(one)} {one['radius_arcsec']:g}″" for one in cases])]
    lines.append(cells("*pairs*", [f"{one['n_pairs']:,}" for one in cases]))
    lines += [cells(name, [f"{one['cpu_s'][name]:.3f}" for one in cases]) for name in cases[0]["cpu_s"]]
    different = [name for one in cases for name in one["different_pairs"]]
    lines += ["", f"Same pairs everywhere: {'no: ' + ', '.join(different) if different else 'yes'}.", ""]
    lines += heading("whole process, 5″: CPU s (wall s), peak MB", [titled(one) for one in runs])
    lines += [cells(name, [of_process(one["used"][name]) for one in runs]) for name in runs[0]["used"]]
    rows = {name: [one["used"][name]["n_rows"] for one in runs] for name in runs[0]["used"]}
    lines += ["", f"Rows written: {rows}", ""]
    lines += [f"* {name}: {of_process(one)}; {one['n_rows']:,} pairs" for name, one in found["large"].items()]
    one = found["boxes"]
    spent = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in one["cpu_s"].items())
    lines += ["", f"{one['n_boxes']:,} boxes a side, {one['n_pairs']:,} pairs (same: {one['same_pairs']}): {spent}", ""]
    lines += heading("goal, by CPU time", ["where", "found", "bound"])
    for line in found["goals"]:
        bound = f"{'≥' if line['way'] == 'least' else '≤'} {line['bound']:g}{'' if line['is_met'] else ' (missed)'}"
        lines.append(cells(line["goal"], [line["where"], f"**{line['ratio']:.2f}**", bound]))
    return "\n".join(lines)


def heading(first: str, others: list[str]) -> list[str]:
    return [cells(first, others), "|---" * (len(others) + 1) + "|"]


def cells(first: str, others: list[str]) -> str:
    return "| " + " | ".join([first, *others]) + " |"


def titled(case: dict) -> str:
    return f"{case['n_rows_a_side']:.0e} {case['sky']}".replace("e+0", "e")


def of_process(cell: dict) -> str:
    return f"{cell['cpu_s']:.2f} ({cell['wall_s']:.2f}), {cell['peak_mb']:,.0f}"


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0], epilog="example: python benchmarks/crossmatch.py --quick --json"
    )
    parser.add_argument("--quick", action="store_true", help="1e4 rows a side and one round: does it run?")
    parser.add_argument("--large", action="store_true", help="also 1e7 rows: streaming, and out of core under 300 MB")
    parser.add_argument("--lsdb-python", default=sys.executable, help="the Python of an environment that has LSDB")
    parser.add_argument("--json", action="store_true", help="one JSON object in place of the tables")
    chosen = parser.parse_args()
    sizes, rounds = ([10_000], 1) if chosen.quick else ([10_000, 100_000, 1_000_000], 5)
    found = measured(sizes, rounds, chosen.lsdb_python, is_large=chosen.large)
    print(json.dumps(found, indent=2) if chosen.json else table(found))


if __name__ == "__main__":
    main()
