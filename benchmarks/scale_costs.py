"""What a build costs, step by step: a made-up sky of some size, built by one process; its CPU, files, bytes and memory.

    python benchmarks/scale_costs.py --cutouts 500 2000 --json costs.json    # minutes; --requests

Three objects at each place, a cutout for each of them, so that a picture shows three. All steps are the real ones; the
model answers by rule in a process of its own, whose CPU does not count. Each size is built by a fresh process.
"""

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SIDE_PX, SPACING_PX, PIXEL_ARCSEC, MARGIN_PX = 4000, 130, 2.0, 80
N_AT_A_PLACE = 3
SEED = 18
CLASSES = ("COMPACT", "EXTENDED", "EXTENDED-MULTISLAND", "COMPACT", "SPURIOUS")
DATASET = """
title = "Objects of a made-up sky"
cite = "radio-corpus, benchmarks/scale_costs.py"
scheme = "caesar_mrcnn"
survey = "demo_wide"
catalog = "demo_objects"
[extent]
kind = "ellipse"
major = "major_arcsec"
minor = "minor_arcsec"
pa = "pa_deg"
[labels]
tier = "rule"
label = "{class_name}"
confidence = "score"
of = "objects"
[objects]
detector = "benchmarks/scale_costs.py"
score = "score"
[cutout]
side_arcsec = 120.0
"""
CORPUS = """
title = "A made-up sky"
datasets = ["scaled"]
rows_per_part = {rows_per_part}
[picture]
side_px = 256
stretch = "asinh"
[splits]
train = 0.7
validation = 0.15
test = 0.15
[generation]
model = "rule-server"
[judge]
model = "rule-server"
"""
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
OUT = {"run_gates": "gate", "export": "hand-over", "_write_report": "report"}


def write_sky(folder: Path, n: int, rows_per_part: int) -> None:
    """Mosaics, a catalogue of `n` objects, a door and a corpus file below `folder`."""
    from astropy.io import fits
    from astropy.table import Table
    from astropy.wcs import WCS

    for name in ("raw/images", "raw/catalogs", "doors/datasets"):
        (folder / name).mkdir(parents=True)
    (folder / "doors/datasets/scaled.toml").write_text(DATASET, encoding="utf-8")
    (folder / "scaled.toml").write_text(CORPUS.format(rows_per_part=rows_per_part), encoding="utf-8")
    chance = np.random.default_rng(SEED)
    y, x = np.mgrid[-12:13, -12:13]
    stamp = np.exp(-(x**2 + y**2) / (2 * 3.0**2))
    places = [
        (i, j)
        for j in range(MARGIN_PX, SIDE_PX - MARGIN_PX, SPACING_PX)
        for i in range(MARGIN_PX, SIDE_PX - MARGIN_PX, SPACING_PX)
    ]
    rows: list[tuple[float, float]] = []
    for k in range(math.ceil(n / N_AT_A_PLACE / len(places))):
        wcs = WCS(naxis=2)
        wcs.wcs.ctype, wcs.wcs.cunit = ["RA---SIN", "DEC--SIN"], ["deg", "deg"]
        wcs.wcs.crval, wcs.wcs.crpix = [10.0 + 5 * k, 12.0], [SIDE_PX / 2, SIDE_PX / 2]
        wcs.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
        image = chance.normal(0, 1.2e-4, (SIDE_PX, SIDE_PX)).astype(">f4")
        xs, ys = [], []
        for i, j in places[: math.ceil((n - len(rows)) / N_AT_A_PLACE)]:
            for _ in range(N_AT_A_PLACE):
                a, b = i + int(chance.integers(-9, 10)), j + int(chance.integers(-9, 10))
                image[b - 12 : b + 13, a - 12 : a + 13] += (chance.uniform(0.002, 0.05) * stamp).astype(">f4")
                xs.append(a), ys.append(b)
        rows += list(zip(*wcs.pixel_to_world_values(xs, ys), strict=True))
        header = wcs.to_header()
        header["BUNIT"], header["BMAJ"], header["BMIN"], header["BPA"] = "JY/BEAM", 14 / 3600, 14 / 3600, 0.0
        fits.writeto(folder / f"raw/images/demo_wide_{k}.fits", image, header)
    rows = rows[:n]
    Table(
        {
            "Name": [f"O{k:07d}" for k in range(n)], "RA": [one[0] for one in rows], "Dec": [one[1] for one in rows],
            "Maj": [24.0 + k % 7 for k in range(n)], "Min": [20.0 + k % 5 for k in range(n)],
            "PA": [float(k % 180) for k in range(n)], "Class": [CLASSES[k % len(CLASSES)] for k in range(n)],
            "Score": [0.9] * n,
        },
        units={"RA": "deg", "Dec": "deg", "Maj": "arcsec", "Min": "arcsec", "PA": "deg"},
    ).write(folder / "raw/catalogs/demo_objects.fits")  # fmt: skip


def built(folder: Path, server: str, store: str) -> dict[str, Any]:
    """Build the corpus in this process; gives CPU seconds by step and stage, peak memory, and what was written."""
    import resource

    from curation import build as product
    from curation.corpus import corpus, graph
    from curation.engine import run as runner
    from curation.engine.store import Store

    spent, tasks = Counter[str](), Counter[str]()

    def timed(name: Callable[..., str], inner: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return inner(*given, **options)
            finally:
                spent[name(*given)] += time.process_time() - began
                tasks[name(*given)] += 1

        return call

    runner.attempt = timed(lambda step, *_: step.name.split("/")[0], runner.attempt)
    for function, stage in OUT.items():
        setattr(product, function, timed(lambda *_, stage=stage: stage, getattr(product, function)))
    place = Store(store)
    made = graph(corpus(str(folder / "scaled.toml")), folder / "raw", place, [server])
    began, began_cpu = time.monotonic(), time.process_time()
    product.build_corpus(made, place, out=folder / "out", workers=0, say=lambda _: None)
    whole, is_whole = (
        time.process_time() - began_cpu,
        {step.name.split("/")[0]: not step.is_by_part for step in made.steps},
    )
    sizes, n_files = Counter[str](), Counter[str]()
    for top in ("store", "out"):
        for file in (folder / top).rglob("*"):
            if file.is_file():
                kind = file.relative_to(folder / top).parts[0]
                sizes[kind] += file.stat().st_size
                n_files[kind] += 1
    rows = {step.name.split("/")[0]: place.manifest(step.address).n_kept for step in made.steps}
    return {
        "cpu_s": {name: round(seconds, 3) for name, seconds in spent.items()}, "tasks": dict(tasks),
        "whole": [name for name, one in is_whole.items() if one], "all_cpu_s": round(whole, 3),
        "wall_s": round(time.monotonic() - began, 1), "rows": rows, "bytes": dict(sizes), "files": dict(n_files),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip


@contextmanager
def model_server() -> Iterator[str]:
    """The rule server in a process of its own."""
    from curation.asking.replica import dies_with_us
    from schemas.loopback import free_port

    port = free_port()
    child = subprocess.Popen(
        [sys.executable, "-m", "curation.asking.rule_server", "--port", str(port)],
        cwd=ROOT, stdout=subprocess.DEVNULL, preexec_fn=dies_with_us(),
    )  # fmt: skip
    try:
        time.sleep(3)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        child.kill()
        child.wait()


@contextmanager
def counted_objects() -> Iterator[tuple[str, Counter[str]]]:
    """moto's S3 in this process: where a store in it is, and how often it was asked what."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import make_server

    os.environ |= KEYS
    app, asked = DomainDispatcherApplication(create_backend_app), Counter[str]()

    def counting(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        is_list = environ["REQUEST_METHOD"] == "GET" and "list-type" in environ.get("QUERY_STRING", "")
        asked["LIST" if is_list else environ["REQUEST_METHOD"]] += 1
        return app(environ, start_response)

    http = make_server("127.0.0.1", 0, counting, threaded=True)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    where = f"endpoint_override=127.0.0.1:{http.server_address[1]}&scheme=http&region=us-east-1"
    yield f"s3://corpus/store?{where}&allow_bucket_creation=true", asked
    http.shutdown()


def one(n: int, rows_per_part: int, *, with_requests: bool) -> dict[str, Any]:
    """A size, built by a fresh process."""
    with tempfile.TemporaryDirectory() as name, model_server() as server:
        folder = Path(name)
        write_sky(folder, n, rows_per_part)

        def build(store: str) -> dict[str, Any]:
            code = "import sys, json, pathlib; from benchmarks.scale_costs import built; "
            code += "print(json.dumps(built(pathlib.Path(sys.argv[1]), *sys.argv[2:])))"
            done = subprocess.run(
                [sys.executable, "-c", code, folder, server, store], cwd=ROOT, stdout=subprocess.PIPE, text=True,
                check=True, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
            return json.loads(done.stdout.splitlines()[-1])

        if not with_requests:
            return {"n": n, "rows_per_part": rows_per_part, **build(str(folder / "store"))}
        with counted_objects() as (store, asked):
            made = build(store)
        return {"n": n, "rows_per_part": rows_per_part, **made, "requests": dict(asked)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cutouts", type=int, nargs="+", default=[500, 2000])
    parser.add_argument("--rows-per-part", type=int, default=256)
    parser.add_argument("--requests", action="store_true", help="tables into an object store that counts its requests")
    parser.add_argument("--json", type=Path)
    chosen = parser.parse_args()
    found = [one(n, chosen.rows_per_part, with_requests=chosen.requests) for n in chosen.cutouts]
    for made in found:
        print(json.dumps(made), flush=True)
    if chosen.json:
        chosen.json.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
