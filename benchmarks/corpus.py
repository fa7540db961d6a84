"""What a whole build costs, from mosaics to hand-over and report, beside an earlier version and a plain script.

A synthetic sky (`synthetic_sky.py`): three datasets, one sealed benchmark, no model. Each run is a fresh process and a
fresh store, after a small build that is not counted; versions alternate. CPU is that of the process and all that it
starts, Ray's included; memory the largest sum of what processes hold for themselves (PSS), and the largest of the
driver alone.

    here     python -m curation build, two workers
    before   the same command of the commit of --against, taken out of git into a temporary folder
    plain    one process that opens each mosaic once, cuts by astropy, writes PNGs by PIL and template conversations as
             JSON, and checks, splits and explains nothing
    ray      the same function as a Ray Data pipeline

Example:
    python benchmarks/corpus.py --cutouts 500 2000                      # minutes
    python benchmarks/corpus.py --cutouts 8000 --against fa088a9        # half an hour; the same environment for both
    python benchmarks/corpus.py --paper --keep FOLDER                   # 59,331 cutouts: 20 GB
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from harness import taken_out
from synthetic_sky import FIELD_PX, Row, rows_of, write_sky

from curation.engine.store import Store
from curation.operation.history import history

ROOT = Path(__file__).resolve().parent.parent
PAPER, CORPUS = 59_331, "corpus"
HANDED = ("llava.json", "llava_validation.json", "llava_test.json")
EVERY_S, MEMORY_EVERY = 0.25, 4
WARM = 120  # cutouts of a build that is not counted


@dataclass
class Cost:
    """What a command took."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_mb: float = 0.0
    driver_mb: float = 0.0
    made_mb: float = 0.0
    steps_s: dict[str, float] = field(default_factory=dict)
    """Seconds of a build's steps by the ledger, all parts together."""


# -- the ways ---------------------------------------------------------------------------------------------------------


def build(tree: Path, sky: Path, out: Path, workers: int) -> Cost:
    """`curation build` of a tree of sources."""
    command = [
        sys.executable, "-P", "-m", "curation", "build", str(sky / "corpus.toml"), "--raw", str(sky),
        "--store", str(out), "--workers", str(workers), "--json",
    ]  # fmt: skip
    cost = measured(command, {"PYTHONPATH": str(tree)}, tree)
    for name, took in history(Store(str(out)), CORPUS).tables.items():
        step = name.split("/")[0]
        cost.steps_s[step] = cost.steps_s.get(step, 0.0) + took.task_s
    return cost


def plain(way: str, sky: Path, out: Path) -> Cost:
    """This file as the plain script."""
    command = [sys.executable, "-P", __file__, "--as", way, "--sky", str(sky), "--out", str(out)]
    return measured(command, {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "benchmarks")))}, ROOT)


def made_plainly(sky: Path, out: Path) -> None:
    """Cut, draw, tell; record after record."""
    (out / "images").mkdir(parents=True)
    with (out / "llava.json").open("w", encoding="utf-8") as file:
        file.write("[")
        for k, record in enumerate(records(list(rows_of(sky)), sky, out)):
            file.write(",\n"[not k :] + json.dumps(record))
        file.write("]")


def made_by_ray_data(sky: Path, out: Path) -> None:
    """The same by Ray Data, on two CPUs."""
    import ray

    (out / "images").mkdir(parents=True)
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    by_mosaic: dict[str, list[Row]] = {}
    for row in rows_of(sky):
        by_mosaic.setdefault(row.file, []).append(row)
    parts = [rows[at : at + 256] for rows in by_mosaic.values() for at in range(0, len(rows), 256)]

    def made(part: dict[str, Any]) -> list[dict[str, str]]:
        return [{"record": json.dumps(one)} for one in records(parts[part["item"]], sky, out)]

    data = ray.data.from_items(list(range(len(parts)))).flat_map(made)
    with (out / "llava.json").open("w", encoding="utf-8") as file:
        file.write("[" + ",\n".join(one["record"] for one in data.iter_rows()) + "]")
    ray.shutdown()


def records(rows: Sequence[Row], sky: Path, out: Path) -> Iterator[dict[str, Any]]:
    """LLaVA records; PNGs are written on the way. A mosaic is opened once for the rows that follow each other."""
    import numpy as np
    from astropy import units as u
    from astropy.coordinates import SkyCoord
    from astropy.io import fits
    from astropy.nddata import Cutout2D
    from astropy.visualization import AsinhStretch, ZScaleInterval
    from astropy.wcs import WCS
    from PIL import Image

    opened, image, wcs = "", np.zeros((0, 0)), WCS(naxis=2)
    stretch = AsinhStretch()
    for k, row in enumerate(rows):
        if row.file != opened:
            hdus = fits.open(sky / row.file, memmap=not row.file.endswith(".gz"))
            opened, image, wcs = row.file, hdus[0].data.squeeze(), WCS(hdus[0].header).celestial
        sky_place = SkyCoord(row.site.ra_deg, row.site.dec_deg, unit="deg")
        cut = Cutout2D(image, sky_place, row.side_arcsec * u.arcsec, wcs, mode="partial", fill_value=np.nan)
        pixels = np.nan_to_num(cut.data.astype(np.float32))
        grey = stretch(ZScaleInterval()(pixels)) * 255
        picture = Image.fromarray(grey.astype(np.uint8)[::-1]).resize((FIELD_PX, FIELD_PX), Image.Resampling.BICUBIC)
        name = f"{row.dataset}-{row.site.name}.png"
        picture.save(out / "images" / name, compress_level=1)
        turns = told(row)
        turns[0]["value"] = f"<image>\n{turns[0]['value']}"
        yield {"id": f"{row.dataset}-{row.site.name}-{k}", "image": f"images/{name}", "conversations": turns}


WORDS = (
    "compact source", "radio galaxy", "extended source", "diffuse source", "artefact", "peculiar source", "filament",
    "ring", "border", "mosaicing effect", "FR-I radio galaxy", "FR-II radio galaxy",
)  # fmt: skip


def told(row: Row) -> list[dict[str, str]]:
    """A description and fourteen answers from what the catalogue says."""
    kind = row.site.kind.lower().replace(";", ", ").replace("-", " ")
    place = f"RA {row.site.ra_deg:.4f} deg, Dec {row.site.dec_deg:.4f} deg"
    asked = [("Describe the image.", f"A radio image of {row.side_arcsec:.0f} arcsec centred on {place}: {kind}.")]
    for word in WORDS:
        is_there = any(one in word for one in kind.split(", "))
        asked.append((f"Is there any {word} in the image?", "Yes" if is_there else "No"))
    asked.append(("Which classes are there?", kind))
    return [{"from": who, "value": text} for one in asked for who, text in zip(("human", "gpt"), one, strict=True)]


# -- measuring --------------------------------------------------------------------------------------------------------


def measured(command: Sequence[str], paths: dict[str, str], folder: Path) -> Cost:
    """Runs it in a folder, which Ray's workers import from; its processes are looked at four times a second.

    Ends this run where it fails.
    """
    began, cost, cpu, n_looks = time.monotonic(), Cost(), dict[tuple[int, float], float](), 0
    with tempfile.TemporaryFile() as words:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
        # With a mark: Ray's daemons leave the tree of processes that started them.
        mark = f"benchmark-{os.getpid()}-{began}"
        environment |= paths | {"BENCHMARK_RUN": mark, "RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
        child = subprocess.Popen(command, cwd=folder, env=environment, stdout=words, stderr=subprocess.STDOUT)
        known = dict[tuple[int, float], psutil.Process]()
        while child.poll() is None:
            _look(known, mark)
            held = 0.0
            for key, one in list(known.items()):
                try:
                    times = one.cpu_times()
                    cpu[key] = times.user + times.system
                    if n_looks % MEMORY_EVERY == 0:
                        pss = one.memory_full_info().pss / 1e6
                        held += pss
                        if one.pid == child.pid:
                            cost.driver_mb = max(cost.driver_mb, pss)
                except psutil.Error:
                    del known[key]
            cost.peak_mb = max(cost.peak_mb, held)
            n_looks += 1
            time.sleep(EVERY_S)
        cost.wall_s, cost.cpu_s = time.monotonic() - began, sum(cpu.values())
        if child.returncode:
            words.seek(0)
            sys.exit(f"{' '.join(command)}: ended with {child.returncode}\n{words.read().decode()[-3000:]}")
    return cost


_SEEN = set[tuple[int, float]]()


def _look(known: dict[tuple[int, float], psutil.Process], mark: str) -> None:
    """Adds the processes that carry the mark."""
    for one in psutil.process_iter():
        try:
            key = (one.pid, one.create_time())
            if key in _SEEN:
                continue
            is_ours = one.environ().get("BENCHMARK_RUN") == mark
        except psutil.Error:
            continue  # another user's, or gone, or between fork and exec: looked at again
        if is_ours:
            known[key] = one
            _SEEN.add(key)


# -- a run ------------------------------------------------------------------------------------------------------------


def run(sizes: Sequence[int], before: Path | None, options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Costs by number of cutouts and way: the rounds' least, for what else a machine does only adds."""
    found: dict[str, Any] = {}
    for n in sizes:
        sky = write_sky(n, folder)
        ways = {"here": partial(build, ROOT, sky, workers=options.workers)}
        if before:
            ways["before"] = partial(build, before, sky, workers=options.workers)
        ways |= {} if options.no_scripts else {name: partial(plain, name, sky) for name in ("plain", "ray")}
        costs: dict[str, list[Cost]] = {name: [] for name in ways}
        counts: dict[str, Any] = {}
        for tree in () if found else (ROOT, *([before] if before else [])):  # once, so that nobody compiles in a run
            with tempfile.TemporaryDirectory(dir=folder) as out:
                build(tree, write_sky(WARM, folder), Path(out), options.workers)
        for _ in range(options.rounds):
            for name, way in ways.items():
                out = Path(tempfile.mkdtemp(dir=folder, prefix=f"{name}-"))
                cost = way(out=out)
                cost.made_mb = sum(one.stat().st_size for one in out.rglob("*") if one.is_file()) / 1e6
                counts[name] = counted(out)
                costs[name].append(cost)
                shutil.rmtree(out)
                print(f"{n} cutouts, {name}: {cost.wall_s:.0f} s, {cost.cpu_s:.0f} s of CPU", file=sys.stderr)
        least = {name: min(some, key=lambda one: one.cpu_s) for name, some in costs.items()}
        found[str(n)] = {
            "costs": {name: asdict(one) for name, one in least.items()}, "counts": counts,
            "ratios": {
                name: {"wall": one.wall_s / least["here"].wall_s, "cpu": one.cpu_s / least["here"].cpu_s}
                for name, one in least.items() if name != "here"
            },
        }  # fmt: skip
    return found


def counted(out: Path) -> dict[str, int]:
    """Records and turns of what was handed over."""
    files = [one for name in HANDED for one in out.rglob(name)]
    records = [one for file in files for one in json.loads(file.read_bytes())]
    turns = sum(len(one["conversations"]) for one in records) // 2
    return {"records": len(records), "turns": turns, "images": sum(1 for _ in out.rglob("*.png"))}


def as_tables(found: dict[str, Any]) -> str:
    """Tables for people."""
    lines = ["| cutouts | way | wall, s | CPU, s | CPU ms a cutout | driver, MB | all, MB | made, MB | turns |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    for n, one in found.items():
        for name, cost in one["costs"].items():
            each = 1000 * cost["cpu_s"] / int(n)
            lines.append(
                f"| {int(n):,} | {name} | {cost['wall_s']:.0f} | {cost['cpu_s']:.0f} | {each:.1f} | "
                f"{cost['driver_mb']:.0f} | {cost['peak_mb']:.0f} | {cost['made_mb']:.0f} | "
                f"{one['counts'][name]['turns']:,} |"
            )
    lines += ["", "| cutouts | other way / here, wall | CPU |", "|---|---|---|"]
    for n, one in found.items():
        for name, of in one["ratios"].items():
            lines.append(f"| {int(n):,} | {name}: {of['wall']:.2f}x | {of['cpu']:.2f}x |")
    steps = sorted({name for one in found.values() for name in one["costs"]["here"]["steps_s"]})
    lines += ["", "| seconds of tasks, here | " + " | ".join(f"{int(n):,}" for n in found) + " |"]
    lines.append("|---" * (1 + len(found)) + "|")
    for name in steps:
        took = [one["costs"]["here"]["steps_s"].get(name, 0.0) for one in found.values()]
        if max(took) >= 0.5:  # noqa: PLR2004
            lines.append(f"| {name} | " + " | ".join(f"{one:.1f}" for one in took) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and print tables or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--cutouts", type=int, nargs="+", default=[500, 2000], metavar="N")
    options.add_argument("--paper", action="store_true", help=f"the paper's number, {PAPER:,}, alone")
    options.add_argument("--against", metavar="COMMIT", help="an earlier version, built in the same run")
    options.add_argument("--rounds", type=int, default=1)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--no-scripts", action="store_true", help="without the plain script and its Ray Data form")
    options.add_argument("--keep", type=Path, metavar="FOLDER", help="where the sky is made, and stays")
    options.add_argument("--json", action="store_true")
    options.add_argument("--as", dest="way", help=argparse.SUPPRESS)
    options.add_argument("--sky", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.way:
        {"plain": made_plainly, "ray": made_by_ray_data}[given.way](given.sky, given.out)
        return
    with tempfile.TemporaryDirectory(prefix="corpus-") as name:
        folder = given.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        before = taken_out(given.against, Path(name) / "before") if given.against else None
        found = run([PAPER] if given.paper else sorted(given.cutouts), before, given, folder)
    print(json.dumps(found, indent=1) if given.json else as_tables(found))


if __name__ == "__main__":
    main()
