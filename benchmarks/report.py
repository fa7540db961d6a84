"""How long the report of a large corpus takes, how large its page is, and when a browser has painted it.

The store of a finished demo is repeated until its corpus has so many samples: every copy of a row has ids, places and
pictures' digests of its own, and the words and pixels of the row it was made from, so that the pixels of a part lie on
disk once (what a query reads of them it has to make anew all the same). Mosaics, catalogues and cross-matches stay as
they are. The report is written in a process of its own, which may use two cores; seconds are those of the clock and of
the CPU, memory is the most it had.

    page        MB of report.html, report.json and the largest picture
    paint       headless Chromium, phone size, three new profiles: milliseconds to the first contentful paint

Example:
    python -m curation demo --out demo --workers 0
    python benchmarks/report.py --demo demo --samples 100000          # minutes; --profile: where the time goes
"""

import argparse
import cProfile
import json
import os
import pstats
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

ONCE = ("mosaics", "entries", "matchings", "quotas", "blind", "sealed", "papers")
"""Tables whose rows are not one a source or a picture."""
ROWS_PER_PART = 256
GOALS = {"seconds": 60.0, "page_mb": 10.0, "paint_ms": 2000.0}


# -- a large store ----------------------------------------------------------------------------------------------------


class Repeated:
    """A store whose tables have many copies of the rows of another one."""

    def __init__(self, store: Any, folder: Path, n_copies: int) -> None:
        """`folder` holds what `write` made."""
        self.store, self.folder, self.n_copies = store, folder, n_copies

    def dataset(self, address: str) -> ds.Dataset:
        return ds.dataset(sorted((self.folder / address).glob("*.parquet")), format="parquet")

    def rejected(self, address: str) -> pa.Table:
        rows = self.store.rejected(address)
        return pa.concat_tables([copied(rows, k) for k in range(self._n(address))])

    def manifest(self, address: str) -> Any:
        one, n = self.store.manifest(address), self._n(address)
        counts = {name: getattr(one, name) * n for name in ("n_in", "n_kept", "n_rejected")}
        return one.model_copy(update={**counts, "reasons": {name: count * n for name, count in one.reasons.items()}})

    def _n(self, address: str) -> int:
        return 1 if address.split("/")[0] in ONCE else self.n_copies

    def write(self, address: str) -> None:
        """The table in parts of as many rows as a build makes."""
        (self.folder / address).mkdir(parents=True)
        rows = self.store.read(address)
        for k, part in enumerate(_parts(rows, self._n(address))):
            large = [name for name in ("png", "pixels", "blank_mask") if name in part.column_names]
            pq.write_table(
                part, self.folder / address / f"part-{k:05d}.parquet", compression="zstd",
                row_group_size=len(part) or 1, use_dictionary=[*large, "dataset", "survey", "split"],
                dictionary_pagesize_limit=2**30,
            )  # fmt: skip


def _parts(rows: pa.Table, n_copies: int) -> Iterator[pa.Table]:
    waiting, n = list[pa.Table](), 0
    for k in range(n_copies):
        waiting.append(copied(rows, k))
        n += rows.num_rows
        if n >= ROWS_PER_PART:
            yield pa.concat_tables(waiting).combine_chunks()
            waiting, n = [], 0
    if waiting:
        yield pa.concat_tables(waiting).combine_chunks()


def copied(rows: pa.Table, k: int) -> pa.Table:
    """Copy k of some rows: other ids, digests and places."""
    for at, column in enumerate(rows.schema):
        is_id = column.name.endswith(("_id", "sha256")) or column.name in ("object_name", "row_id")
        if k and is_id and column.type == pa.string() and column.name not in ("question_id", "mosaic_sha256"):
            old = rows[column.name]
            new = pc.binary_join_element_wise(pc.utf8_slice_codeunits(old, 0, -4), f"{k:04x}", "")
            rows = rows.set_column(at, column, new)
        elif k and column.name == "ra_deg":
            rows = rows.set_column(at, column, _turned(rows["ra_deg"], 137.508 * k, 360.0))
        elif k and column.name == "dec_deg":
            moved = _turned(pc.add(rows["dec_deg"], 80.0), 37.7 * k, 160.0)
            rows = rows.set_column(at, column, pc.subtract(moved, 80.0))
    return rows


def _turned(values: pa.ChunkedArray, by: float, of: float) -> pa.ChunkedArray:
    moved = pc.add(values, by)
    return pc.subtract(moved, pc.multiply(pc.floor(pc.divide(moved, of)), of))


def prepare(demo: Path, corpus_name: str, n_samples: int, folder: Path) -> int:
    """Write the repeated tables of the corpus, once; gives how often each row stands in them."""
    made, store = built(demo, corpus_name)
    addresses = made.addresses()
    n_there = sum(store.manifest(one).n_kept for one in addresses["samples"])
    n_copies = -(-n_samples // n_there)
    if not (folder / "done").exists():
        shutil.rmtree(folder, ignore_errors=True)
        repeated = Repeated(store, folder, n_copies)
        for address in (one for some in addresses.values() for one in some):
            repeated.write(address)
        (folder / "done").touch()
    return n_copies


def built(demo: Path, corpus_name: str) -> tuple[Any, Any]:
    """The graph of a corpus of the demo, and the store."""
    from curation.corpus import corpus, graph
    from curation.engine.store import Store

    store = Store(str(demo / "store"))
    return graph(corpus(corpus_name), demo / "raw", store), store


# -- what is measured --------------------------------------------------------------------------------------------------


def write_report(demo: Path, corpus_name: str, folder: Path, n_copies: int, profile: Path | None) -> dict[str, Any]:
    """Write the page in this process; gives seconds, memory and sizes."""
    from curation.release.gates import GateResult
    from curation.release.report import report

    made, store = built(demo, corpus_name)
    gate = GateResult(True, (), 1, 1, folder)
    began, page, profiler = time.monotonic(), folder / "page" / "report.html", cProfile.Profile()
    if profile:
        profiler.enable()
    report(Repeated(store, folder, n_copies), made, gate, page)
    wall_s = time.monotonic() - began
    if profile:
        profiler.disable()
        with profile.open("w") as out:
            pstats.Stats(profiler, stream=out).sort_stats("cumulative").print_stats(60)
    used = resource.getrusage(resource.RUSAGE_SELF)
    said = page.with_suffix(".json")
    return {
        "seconds": wall_s, "cpu_seconds": used.ru_utime + used.ru_stime, "memory_mb": used.ru_maxrss / 1024,
        "page_mb": page.stat().st_size / 1e6, "json_mb": said.stat().st_size / 1e6 if said.exists() else None,
        "page": str(page),
    }  # fmt: skip


def paint_ms(page: Path) -> float | None:
    """The median of three first contentful paints on a phone; None where there is no Playwright or browser."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if not program:
        return None
    found = list[float]()
    with sync_playwright() as playwright:
        for _ in range(3):
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            tab = browser.new_page(viewport={"width": 360, "height": 780})
            tab.goto(page.as_uri(), wait_until="load")
            look = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
            found.append(tab.wait_for_function(look).json_value())
            browser.close()
    return float(np.median(found))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--demo", type=Path, required=True, help="what `curation demo --out` wrote")
    parser.add_argument("--corpus", default="qa_and_captions")
    parser.add_argument("--samples", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="keep the large store here, and find it again")
    parser.add_argument("--profile", type=Path, help="where the time goes, into this file; slower")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        print(json.dumps(write_report(given.demo, given.corpus, given.folder, given.child, given.profile)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "large"
        n_copies = prepare(given.demo, given.corpus, given.samples, folder)
        words = [sys.executable, __file__, "--demo", given.demo, "--corpus", given.corpus, "--folder", folder]
        words += ["--child", str(n_copies), *(["--profile", given.profile] if given.profile else [])]
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "ARROW_NUM_THREADS": "2"}
        done = subprocess.run(list(map(str, words)), check=True, stdout=subprocess.PIPE, text=True, env=environment)
        found = json.loads(done.stdout.splitlines()[-1])
        found |= {"samples": given.samples, "n_copies": n_copies, "paint_ms": paint_ms(Path(found["page"]))}
    if given.json:
        print(json.dumps(found))
        return
    print(f"{found['cpu_seconds']:.1f} s of CPU, at most {found['memory_mb']:.0f} MB")
    print("| report | found | goal |\n|---|---|---|")
    for name, goal in GOALS.items():
        value = found[name]
        told = "not measured" if value is None else f"**{value:,.1f}**{' (missed)' if value > goal else ''}"
        print(f"| {name} | {told} | {goal:,.0f} |")


if __name__ == "__main__":
    main()
