"""A real vLLM on the CPU, end to end: `make test-serve`. The models are small and know nothing; the path is real.

Skipped aloud where no Python with vLLM is found (RADIO_SERVE_PYTHON, .venv-serve).
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from curation.asking import canary
from curation.asking.launch import serving_python
from curation.asking.replica import free_port
from curation.asking.request import Served
from curation.asking.vlm import Asker
from curation.demo import write_demo
from schemas.errors import RecipeError

ROOT = Path(__file__).resolve().parent.parent
pytestmark = [pytest.mark.serve, pytest.mark.slow, pytest.mark.ray]
START_S = 300
N_PICTURES = 20

DEMO = """
title    = "The synthetic sky, written about by a small model"
datasets = ["demo_multilabel", "demo_objects", "demo_fanaroff"]
seal     = ["demo_fanaroff_riley"]
[picture]
side_px = 256
[generation]
model = "tiny-internvl"
"""
FIRST = """
title    = "FIRST pictures, written about by a small model"
datasets = ["mirabest"]
seal     = ["b6_fanaroff_riley"]
[generation]
model     = "tiny-words-internvl"
attempts  = 1  # this model writes 50 to 100 tokens a second, and knows no end
[judge]
model = "tiny-words-internvl"
"""


@pytest.fixture(scope="module")
def python():
    try:
        return serving_python()[0]
    except RecipeError as error:
        pytest.skip(str(error))


@contextmanager
def served(python, kind, port=0):
    """`curation serve --tiny` or `--tiny-words` as a user starts it; gives the process and the address it tells."""
    log = subprocess.PIPE
    child = subprocess.Popen(
        [sys.executable, "-m", "curation", "serve", kind, "--python", python, "--port", str(port), "--json",
         "--deadline-s", str(START_S)],
        cwd=ROOT, stdout=log, stderr=None, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    try:
        told = child.stdout.readline()
        assert told, "the server did not start: see above"
        yield child, json.loads(told)["address"]
    finally:
        child.send_signal(signal.SIGINT)
        child.wait(60)
        child.stdout.close()


def tree(folder):
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def curation(*words):
    """`python -m curation …`, with time enough for a small model on a busy machine."""
    return subprocess.run(
        [sys.executable, "-m", "curation", *map(str, words)],
        cwd=ROOT, capture_output=True, text=True, timeout=2400, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def counts(corpus, raw, store):
    done = curation("status", corpus, "--raw", raw, "--store", store, "--json")
    return [table for table in json.loads(done.stdout)["tables"] if table["state"] == "done"]


def replayed(corpus, raw, store, again):
    """The same corpus from the replies alone, in a store of its own, with no server; gives what was built."""
    shutil.copytree(store / "replies", again / "replies")
    kept = tree(again / "replies")
    done = curation("build", corpus, "--raw", raw, "--store", again, "--workers", 2)
    assert done.returncode == 0, done.stderr[-3000:]
    assert tree(again / "replies").items() >= kept.items()
    return made(again)


def made(store):
    """What a corpus ends in: the hand-over and the report. The gate's own pages beside it carry the time."""
    reports = {name: digest for name, digest in tree(store / "reports").items() if name.endswith("report.html")}
    assert reports
    return tree(store / "llava") | reports


def test_the_demo_is_written_about_through_a_server_that_dies_in_between(python, tmp_path):
    raw, store, corpus = write_demo(tmp_path / "raw"), tmp_path / "store", tmp_path / "mine.toml"
    corpus.write_text(DEMO, encoding="utf-8")
    port = free_port("127.0.0.1")
    with served(python, "--tiny", port) as (first, address):
        build = subprocess.Popen(
            [sys.executable, "-m", "curation", "build", corpus, "--raw", raw, "--store", store, "--workers", "2",
             "--server", address],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        until = time.monotonic() + 300
        while not list((store / "replies").rglob("*.*")) and build.poll() is None and time.monotonic() < until:
            time.sleep(0.2)
        assert build.poll() is None, build.communicate()[1][-3000:]
        first.kill()
    with served(python, "--tiny", port) as (_, same):
        assert same == address
        _, said = build.communicate(timeout=1500)
    assert build.returncode == 0, said[-4000:]
    tables = counts(corpus, raw, store)
    assert all(table["n_in"] == table["n_kept"] + table["n_rejected"] for table in tables)
    written = [table for table in tables if table["address"].startswith("generated/")]
    assert len(written) == 3
    assert all(table["n_in"] > 50 for table in written)
    [kept] = json.loads(curation("replies", "--store", store, "--json").stdout)["models"]
    assert kept["n_kept"] > 309  # a reply for each task and picture, some asked again with another seed
    assert "server-error" not in kept["problems"]
    assert replayed(corpus, raw, store, tmp_path / "again") == made(store)


def test_twenty_real_images_are_written_about_in_words(python, raw, tmp_path):
    own, store, corpus = tmp_path / "raw", tmp_path / "store", tmp_path / "first.toml"
    corpus.write_text(FIRST, encoding="utf-8")
    (own / "images" / "first_mirabest").mkdir(parents=True)
    (own / "catalogs").symlink_to(raw / "catalogs")
    for picture in sorted((raw / "images" / "first_mirabest").glob("*.fits.gz"))[:: 297 // N_PICTURES][:N_PICTURES]:
        (own / "images" / "first_mirabest" / picture.name).symlink_to(picture)
    with served(python, "--tiny-words") as (_, address):
        canary.check(Asker((address,), str(tmp_path / "none")), Served("tiny-words-internvl"))
        done = curation("build", corpus, "--raw", own, "--store", store, "--workers", 2, "--server", address)
        assert done.returncode == 0, done.stderr[-4000:]
    tables = {table["address"].split("/")[0] + "/" + table["address"].split("/")[1]: table
              for table in counts(corpus, own, store)}  # fmt: skip
    assert tables["cutouts/mirabest"]["n_kept"] == N_PICTURES
    found = tables["generated/mirabest"]
    assert found["n_in"] == found["n_kept"] + found["n_rejected"] >= N_PICTURES
    assert tables["judged/mirabest"]["n_in"] >= N_PICTURES  # a picture has several conversations
    assert replayed(corpus, own, store, tmp_path / "again") == made(store)
