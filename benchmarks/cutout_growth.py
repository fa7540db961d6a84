"""What a cutout takes as mosaics and their number grow, and how large a worker becomes; from a disk and from S3.

Each worker is a process of its own, which makes the bytes of its parts of CUTOUTS and forgets them. S3 is a small
server in the first process, which gives a folder by ranges and counts what it is asked: moto would hold a mosaic whole
for every request. Started by benchmarks/cutouts.py --growth and --large.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa
from astropy.io import fits
from harness import cpu_seconds
from pyarrow import parquet

from catalogs.dataset import CutoutRecipe
from catalogs.survey import Survey
from catalogs.wcs_sky import read_wcs, sky_of_pixels
from curation.engine.memory import keep_little
from curation.engine.objects import open_images
from curation.engine.parts import sealed_part
from curation.pictures.cutouts import cutouts
from curation.pictures.mosaics import read_mosaic
from curation.pictures.render import Picture
from curation.pictures.unchanged import stamp_of
from curation.pictures.windows import windows
from schemas.fingerprint import content_id
from schemas.tables import CUTOUTS, MOSAICS, SOURCES

SIDES = (2000, 8000, 20_000, 40_000)
FULL_SIDE = 8000  # a larger mosaic is a sparse file, with noise in patches
SIZES = (100, 1000, 10_000)
MOST_FROM_S3 = 1000  # cutouts: its server is written in Python
N_PATCHES, PATCH_PX, SIDE_PX, ROWS_PER_PART = 2000, 160, 128, 256
N_LARGE, MOST_MB = 2000, 600
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
NAME = "mosaic.fits"
COUNTING = threading.Lock()
SURVEY = Survey(name="synthetic", title="", frequency_mhz=1300, files=(NAME,), cite="")


@dataclass(frozen=True)
class Asked:
    """Who makes how many cutouts: a worker, and how many there are."""

    place: str
    n: int
    worker: int = 0
    n_workers: int = 1


def write_mosaic(folder: Path, side: int, n: int) -> None:
    """A mosaic, its row of MOSAICS, and n windows of 128 px on it, all of which show noise."""
    rng, path = np.random.default_rng(1), folder / NAME
    header = fits.Header([("SIMPLE", True), ("BITPIX", -32), ("NAXIS", 2), ("NAXIS1", side), ("NAXIS2", side)])
    header.update({"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "BUNIT": "JY/BEAM", "BMAJ": 8 / 3600, "BMIN": 8 / 3600})
    header.update({"CRPIX1": side / 2, "CRPIX2": side / 2, "CRVAL1": 150.0, "CRVAL2": 2.0, "BPA": 0.0})
    header.update({"CDELT1": -1.5 / 3600, "CDELT2": 1.5 / 3600})
    text = header.tostring().encode()
    path.write_bytes(text)
    os.truncate(path, len(text) + -(-side * side * 4 // 2880) * 2880)
    pixels = np.memmap(path, ">f4", "r+", len(text), (side, side))
    noise = rng.normal(0, 3e-5, (512, 512)).astype(">f4")
    half, n_patches = PATCH_PX // 2, min(N_PATCHES, n)
    if side <= FULL_SIDE:
        for y in range(0, side, 512):
            for x in range(0, side, 512):
                pixels[y : y + 512, x : x + 512] = noise[: side - y, : side - x]
    places = rng.integers(half, side - half, (n_patches, 2))
    for x, y in places if side > FULL_SIDE else ():
        at_x, at_y = rng.integers(0, 512 - PATCH_PX, 2)
        pixels[y - half : y + half, x - half : x + half] = noise[at_y : at_y + PATCH_PX, at_x : at_x + PATCH_PX]
    pixels.flush()
    row = read_mosaic(path, NAME, SURVEY)
    margin = half - SIDE_PX // 2 - 1
    x, y = (places[np.arange(n) % n_patches] + rng.integers(-margin, margin, (n, 2))).T.astype(float)
    ra, dec = sky_of_pixels(read_wcs(row["header"]), x, y)
    rows = [
        {
            "source_id": content_id("source", i), "source_name": str(i), "dataset": "d", "survey": "synthetic",
            "scheme": "x", "ra_deg": ra[i], "dec_deg": dec[i], "side_arcsec": SIDE_PX * 1.5, "labels": [],
            "origin_catalog": "c", "origin_row": i,
        }
        for i in range(n)
    ]  # fmt: skip
    index = MOSAICS.of([row])
    parquet.write_table(index, folder / "mosaics.parquet")
    parquet.write_table(windows(SOURCES.of(rows), index, CutoutRecipe(), SURVEY).kept, folder / "windows.parquet")


def work(folder: Path, asked: Asked) -> dict[str, float]:
    """What one worker does and takes: of the first n windows every n_workers-th part."""
    keep_little()
    place = open_images(asked.place)
    index, boxes = (parquet.read_table(folder / f"{name}.parquet") for name in ("mosaics", "windows"))
    rng = np.random.default_rng(2)
    chosen = boxes.take(pa.array(np.sort(rng.permutation(boxes.num_rows)[: asked.n])))
    stamps = {NAME: stamp_of(place / NAME)}  # of a file whose content is known
    make = partial(cutouts, mosaics=index, recipe=CutoutRecipe(), picture=Picture(384), raw=place, stamps=stamps)
    make(boxes.slice(0, 8))
    before, n_made = cpu_seconds(), 0
    n_rows = min(ROWS_PER_PART, -(-asked.n // asked.n_workers))
    for first in range(asked.worker * n_rows, asked.n, asked.n_workers * n_rows):
        made = make(chosen.slice(first, n_rows))
        CUTOUTS.check(made.kept)
        sealed_part("part", made, "")
        n_made += made.kept.num_rows
    took = cpu_seconds() - before
    status = Path("/proc/self/status").read_text()
    mb = {name: int(re.search(rf"{name}:\s+(\d+)", status)[1]) // 1024 for name in ("VmHWM", "RssAnon")}
    return {"n": n_made, "cpu_s": took, "most_mb": mb["VmHWM"], "own_mb": mb["RssAnon"]}


def workers(folder: Path, place: str, n: int, n_workers: int, asked: Counter[str]) -> dict[str, object]:
    """All figures of n cutouts by so many workers at a time."""
    before = Counter(asked)
    running = []
    for worker in range(n_workers):
        words = [sys.executable, __file__, str(folder), place, str(n), str(worker), str(n_workers)]
        environment = {**os.environ, **KEYS, "OMP_NUM_THREADS": "1"}
        running.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment))
    said = [json.loads(one.communicate()[0]) for one in running]
    if any(one.returncode for one in running) or sum(one["n"] for one in said) != n:
        raise RuntimeError(f"{place}: {said}")
    found: dict[str, object] = {
        "place": place.partition(":")[0] if "://" in place else "disk", "n": n, "workers": n_workers,
        "cpu_ms": round(sum(one["cpu_s"] for one in said) / n * 1000, 2),
        "most_mb": max(one["most_mb"] for one in said), "own_mb": max(one["own_mb"] for one in said),
    }  # fmt: skip
    came = asked - before
    return found | ({"requests": came["GET"], "mb_read": round(came["bytes"] / 1e6, 1)} if came else {})


def growth(sides: Sequence[int] = SIDES, sizes: Sequence[int] = SIZES) -> Iterator[dict[str, object]]:
    """CPU of a cutout by side of the mosaic, number of cutouts and of workers, and place."""
    for side in sides:
        with tempfile.TemporaryDirectory() as name, served(Path(name)) as (s3, asked):
            write_mosaic(Path(name), side, max(sizes))
            for place, most in ((name, max(sizes)), (s3, MOST_FROM_S3)):
                for n in (one for one in sizes if one <= most):
                    for n_workers in (1, 2):
                        yield {"side_px": side, **workers(Path(name), place, n, n_workers, asked)}


def large() -> Iterator[dict[str, object]]:
    """A sparse mosaic of 40,000 px a side cut at 2,000 positions by one worker; raises where it becomes too large."""
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as (s3, asked):
        write_mosaic(Path(name), max(SIDES), N_LARGE)
        stat = (Path(name) / NAME).stat()
        sizes = {"side_px": max(SIDES), "mosaic_mb": stat.st_size // 10**6, "on_disk_mb": stat.st_blocks * 512 // 10**6}
        for place in (name, s3):
            found = workers(Path(name), place, N_LARGE, 1, asked)
            yield sizes | found
            if int(str(found["most_mb"])) > MOST_MB:
                raise RuntimeError(f"a worker was at {found['most_mb']} MB, expected at most {MOST_MB}")


class FolderAsBucket(BaseHTTPRequestHandler):
    """As much of S3 as a reader of known objects asks for; keys are not looked at."""

    protocol_version = "HTTP/1.1"

    def __init__(self, folder: Path, asked: Counter[str], *given: Any) -> None:
        self.folder, self.asked = folder, asked
        super().__init__(*given)

    def do_HEAD(self) -> None:  # noqa: N802 -- the name that http.server wants
        """Size and ETag."""
        self._give(with_body=False)

    def do_GET(self) -> None:  # noqa: N802
        """A range of bytes."""
        self._give(with_body=True)

    def _give(self, *, with_body: bool) -> None:
        path = self.folder / unquote(urlsplit(self.path).path).rpartition("/")[2]
        stat = path.stat()
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        first, last = (int(span[1]), min(int(span[2]), stat.st_size - 1)) if span else (0, stat.st_size - 1)
        body = b""
        if with_body:
            with path.open("rb") as file:
                file.seek(first)
                body = file.read(last - first + 1)
        with COUNTING:
            self.asked[self.command] += 1
            self.asked["bytes"] += len(body)
        self.send_response(206 if span else 200)
        self.send_header("Content-Length", str(last - first + 1))
        self.send_header("ETag", f'"{stat.st_mtime_ns:x}"')
        self.send_header("Last-Modified", self.date_time_string(int(stat.st_mtime)))
        if span:
            self.send_header("Content-Range", f"bytes {first}-{last}/{stat.st_size}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Counter[str]]]:
    """A folder as a bucket of S3: its address, and how often it was asked what, and bytes that were sent."""
    asked = Counter[str]()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(FolderAsBucket, folder, asked))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"s3://sky/images?endpoint_override=127.0.0.1:{server.server_port}&scheme=http&region=x", asked
    finally:
        server.shutdown()
        server.server_close()


def tell(found: Iterable[dict[str, object]], *, as_json: bool) -> None:
    """Print figures: one JSON object a line as they come, or a table in Markdown."""
    rows = list[dict[str, object]]()
    for one in found:
        rows.append(one)
        if as_json:
            print(json.dumps(one), flush=True)
    if not as_json:
        heads = list(dict.fromkeys(name for one in rows for name in one))
        print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
        print("\n".join(f"| {' | '.join(str(one.get(head, '')) for head in heads)} |" for one in rows))


if __name__ == "__main__":
    folder_, place_, *numbers = sys.argv[1:]
    print(json.dumps(work(Path(folder_), Asked(place_, *map(int, numbers)))))
