"""A real vLLM on the CPU, end to end: `make test-serve`. The models are small and know nothing; the path is real.

One writes about pictures, another, of text alone, reads back what it wrote. Nothing false may be kept.

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
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from curation.asking import canary
from curation.asking.launch import serving_python
from curation.asking.request import Served
from curation.asking.vlm import Asker
from curation.demo import write_demo
from curation.fault_injection.scenes import synthetic_scenes
from curation.generation.caption import caption
from curation.generation.model_reader import ModelReader, ReaderModel, read_back
from curation.generation.readers import Answered, rule_reader
from curation.verification.entailment import entails
from curation.verification.premises import Premises
from curation.verification.verify import Judgement, verify
from schemas.errors import RecipeError
from schemas.loopback import free_port

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
model    = "tiny-internvl"
attempts = 1  # it knows no end
[reader]
model = "tiny-text"
"""
DEMO_IN_WORDS = """
title    = "The synthetic sky in words, read back by another model"
datasets = ["demo_objects", "demo_fanaroff"]
seal     = ["demo_fanaroff_riley"]
[picture]
side_px = 256
[generation]
model    = "tiny-words-internvl"
attempts = 1
[reader]
model = "tiny-text"
"""
FIRST = """
title    = "FIRST pictures, written about by a small model"
datasets = ["mirabest"]
seal     = ["b6_fanaroff_riley"]
[generation]
model     = "tiny-words-internvl"
attempts  = 1  # this model writes 50 to 100 tokens a second, and knows no end
[reader]
model = "tiny-text"
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
    """`curation serve` of a small model as a user starts it; gives the process and the address it tells."""
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
    with served(python, "--tiny-text") as (_, reader), served(python, "--tiny", port) as (first, address):
        build = subprocess.Popen(
            [sys.executable, "-m", "curation", "build", corpus, "--raw", raw, "--store", store, "--workers", "2",
             "--server", address, "--server", reader],
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
    kept = replies(store)["tiny-internvl"]
    assert kept["n_kept"] == 309 and "server-error" not in kept["problems"]
    assert replayed(corpus, raw, store, tmp_path / "again") == made(store)


def replies(store):
    """What the store keeps of each model."""
    said = json.loads(curation("replies", "--store", store, "--json").stdout)["models"]
    return {one["model"]: one for one in said}


def fates(store):
    """The sentences of kept turns by fate; none of these turns is contradicted."""
    found = Counter()
    for file in sorted(store.glob("generated/*/*/part-*.parquet")):
        for row in pq.read_table(file).to_pylist():
            assert row["verdict"] != "contradicted", row
            found.update(one["fate"] for one in row["sentences"])
    return found


def no_false_turn(store):
    """No turn of a model in QUALITY, which verifies once more what is in the corpus, is contradicted."""
    rows = [row for file in store.glob("quality/*/*/part-*.parquet") for row in pq.read_table(file).to_pylist()]
    assert rows and not [row for row in rows if row["verdict"] == "contradicted"]


def test_the_demo_is_written_about_in_words_and_read_back_by_another_model(python, tmp_path):
    raw, store, corpus = write_demo(tmp_path / "raw"), tmp_path / "store", tmp_path / "mine.toml"
    corpus.write_text(DEMO_IN_WORDS, encoding="utf-8")
    with served(python, "--tiny-text") as (_, reader), served(python, "--tiny-words") as (_, writer):
        done = curation("build", corpus, "--raw", raw, "--store", store, "--workers", 2,
                        "--server", writer, "--server", reader)  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
    asked = replies(store)
    assert asked["tiny-words-internvl"]["n_kept"] >= 147 and asked["tiny-text"]["n_kept"] > 20
    assert sum(fates(store).values()) > 0
    no_false_turn(store)
    assert replayed(corpus, raw, store, tmp_path / "again") == made(store)


def test_twenty_real_images_are_written_about_in_words(python, raw, tmp_path):
    own, store, corpus = tmp_path / "raw", tmp_path / "store", tmp_path / "first.toml"
    corpus.write_text(FIRST, encoding="utf-8")
    (own / "images" / "first_mirabest").mkdir(parents=True)
    (own / "catalogs").symlink_to(raw / "catalogs")
    for picture in sorted((raw / "images" / "first_mirabest").glob("*.fits.gz"))[:: 297 // N_PICTURES][:N_PICTURES]:
        (own / "images" / "first_mirabest" / picture.name).symlink_to(picture)
    with served(python, "--tiny-text") as (_, reader), served(python, "--tiny-words") as (_, writer):
        canary.check(Asker((writer,), str(tmp_path / "none")), Served("tiny-words-internvl"))
        canary.check(Asker((writer, reader), str(tmp_path / "none")), Served("tiny-text"), sees=False)
        done = curation("build", corpus, "--raw", own, "--store", store, "--workers", 2,
                        "--server", writer, "--server", reader)  # fmt: skip
        assert done.returncode == 0, done.stderr[-4000:]
    tables = {table["address"].split("/")[0] + "/" + table["address"].split("/")[1]: table
              for table in counts(corpus, own, store)}  # fmt: skip
    assert tables["cutouts/mirabest"]["n_kept"] == N_PICTURES
    found = tables["generated/mirabest"]
    assert found["n_in"] == found["n_kept"] + found["n_rejected"] >= N_PICTURES
    assert tables["judged/mirabest"]["n_in"] >= N_PICTURES  # a picture has several conversations
    assert replies(store)["tiny-text"]["n_kept"] > 10
    assert fates(store)
    no_false_turn(store)
    assert replayed(corpus, own, store, tmp_path / "again") == made(store)


def test_a_model_of_text_that_knows_nothing_vouches_for_no_false_sentence(python, tmp_path):
    """Sentences about other pictures beside true claims, read by the model alone; the rule tells which are false."""
    picked, n_false = synthetic_scenes("served", 16), 0
    with served(python, "--tiny-text") as (_, address):
        reader = ModelReader(Asker((address,), str(tmp_path)), read_back(ReaderModel(model="tiny-text")))
        for one, other in zip(picked, picked[7:], strict=False):
            known, scheme = one.known, one.known.scheme
            own = Premises([claim for said in caption(known, "xyxy_norm") for claim in said.claims], scheme)
            texts = tuple(said.text for said in caption(other.known, "xyxy_norm"))[:6]
            (by_model,) = reader([Answered("What is seen?", texts)], scheme, "xyxy_norm")
            (by_rule,) = rule_reader([Answered("What is seen?", texts)], scheme, "xyxy_norm")
            for text, read, told in zip(texts, by_model, by_rule, strict=True):
                is_false = any(verify(each, known).judgement is Judgement.CONTRADICTED for each in told.claims)
                stands = read.is_understood and read.claims and not any(
                    entails(own, each.claim, scheme) for each in read.claims
                )  # fmt: skip
                n_false += is_false
                assert not (is_false and stands), (text, read)
    assert n_false > 10
