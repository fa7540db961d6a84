"""What tests share: where the real data is, and a store of their own."""

import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from shutil import which
from typing import Any

import pyarrow as pa
import pytest
from filelock import FileLock
from hypothesis import settings
from pyarrow import parquet

from tests import warm

ROOT = Path(__file__).resolve().parent.parent


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; what tests start would too
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_xdist_auto_num_workers() -> int:
    """For `-n auto`: two more than there are cores, since many tests wait for what they have started."""
    return min(len(os.sched_getaffinity(0)) + 2, 4)


def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """The processes that run tests are forked with their imports done."""
    os.environ[warm.PYTHON] = str(warm.python("collect"))
    for one in specs:
        one.python = os.environ[warm.PYTHON]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, of them last those that want the demo: no process is left alone at the end."""
    is_slow = {one.path for one in items if one.get_closest_marker("slow")}
    wants_demo = {one.path for one in items if "demo_build" in getattr(one, "fixturenames", ())}
    items.sort(key=lambda one: (one.path not in is_slow, one.path in is_slow & wants_demo))


def pytest_collection_finish() -> None:
    """What was imported stays: let no collection of garbage look through it again."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """At the end of the process libraries look for what was left."""
    gc.unfreeze()


# Property tests look for new examples where people work; in CI the same code is tried with the same examples.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture(scope="session")
def raw() -> Path:
    """The folder of real data; tests that need it are skipped aloud where it is not."""
    beside = ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("RADIO_RAW") or beside)
    if not (folder / "catalogs").is_dir():
        pytest.skip(f"no real data: set RADIO_RAW to a folder with catalogs/ and images/ (looked in {folder})")
    return folder


@pytest.fixture(scope="session")
def real_mosaics(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], pa.Table]:
    """MOSAICS of a survey by its name, of the real files, made once for all tests in whichever process."""
    from catalogs.survey import surveys
    from curation.pictures.mosaics import find_files, mosaics

    folder = shared_folder(tmp_path_factory)

    def of(name: str) -> pa.Table:
        file = folder / f"{name}-mosaics.parquet"
        with FileLock(folder / f"{name}-mosaics.lock"):
            if not file.exists():
                survey = surveys()[name]
                parquet.write_table(mosaics(find_files(raw, survey, {}), survey, raw=raw).kept, file)
        return parquet.read_table(file)

    return of


def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all processes of this run."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@dataclass(frozen=True)
class Built:
    """A finished build of the demo: where things are, and what the command said."""

    out: Path
    handover: Path
    report: Path
    said: str

    @property
    def store(self) -> Path:
        return self.out / "store"


def run_curation(*words: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python -m curation …` in a process of its own."""
    return warm.run("curation", words, cwd=cwd, timeout=1500, PYTHONPATH=str(ROOT), **environment)


@pytest.fixture(scope="session")
def model_server() -> Iterator[str]:
    """The address of a server that answers by rule, in place of a model's."""
    from curation.asking.rule_server import RuleServer

    with RuleServer() as server:
        yield server.address


@pytest.fixture(scope="session")
def curation(model_server: str):
    """The command line as a function of its words; corpora with a model find one."""
    return partial(run_curation, RADIO_SERVER=model_server)


@pytest.fixture(scope="session")
def demo_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo's mosaics and catalogues, written once for all tests, in whichever process. To be read only."""
    from curation.demo import write_demo

    shared = shared_folder(tmp_path_factory)
    folder, written = shared / "demo-raw", shared / "demo-raw.written"
    with FileLock(shared / "demo-raw.lock"):
        if not written.exists():
            write_demo(folder)
            written.touch()
    return folder


@pytest.fixture(scope="session")
def demo_build(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The demo, built once for all tests, in whichever process, without Ray. To be read, not to be written to."""
    shared = shared_folder(tmp_path_factory)
    out, said = shared / "demo", shared / "demo.said"
    with FileLock(shared / "demo.lock"):
        if not said.exists():
            done = run_curation("demo", "--out", out, "--workers", 0)
            assert done.returncode == 0, done.stderr[-4000:]
            said.write_text(done.stdout, encoding="utf-8")
    return Built(
        out,
        next((out / "store/llava/tiny").iterdir()),
        next((out / "store/reports/tiny").iterdir()),
        said.read_text(encoding="utf-8"),
    )


@pytest.fixture(scope="session")
def reviewed_corpus(demo_build: Built, tmp_path_factory: pytest.TempPathFactory):
    """A small corpus that nobody has reviewed, see tests/making_review.py. To be read, not to be written to."""
    from tests.making_review import first_build

    return first_build(tmp_path_factory.mktemp("review"), demo_build.out / "raw")


@pytest.fixture
def object_store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where an empty object store is, as it stands in an address: `s3://bucket/folder?` and this."""
    from moto.server import ThreadedMotoServer

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        yield f"endpoint_override=127.0.0.1:{port}&scheme=http&region=us-east-1&allow_bucket_creation=true"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def tiny_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A model of a few thousand weights of the family that is named, built once for all tests."""
    import torch

    from finetune.network.tiny import build_tiny

    torch.set_num_threads(1)  # where cores are busy, a second thread makes a small model many times slower
    return cache(lambda family: build_tiny(tmp_path_factory.mktemp("tiny") / "model", family=family))


@pytest.fixture(scope="session")
def tiny_model(tiny_of: Callable[[str], Path]) -> Path:
    """A LLaVA-OneVision of a few thousand weights."""
    return tiny_of("llava_onevision")


@pytest.fixture(scope="session")
def in_browser() -> Iterator[Callable[[Callable[[Any], Any]], Any]]:
    """`in_browser(work)` gives what `work(browser)` gives, in a thread of its own: the system's Chromium.

    One browser for all tests of a process. In the tests' own thread Playwright would leave an event loop running.
    """
    program = next(
        (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := which(name))), None
    )
    if program is None:
        pytest.skip("no Chromium: install the system's package chromium to try pages in a real browser")
    from playwright.sync_api import sync_playwright

    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        options = {"executable_path": program, "args": ["--no-sandbox"], "timeout": 300_000}
        browser = thread.submit(lambda: playwright.chromium.launch(**options)).result()
        yield lambda work: thread.submit(work, browser).result()
        thread.submit(lambda: (browser.close(), playwright.stop())).result()


@pytest.fixture(autouse=True)
def _verified_in_a_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models are verified in a process that knows nothing of the one that made them, as ever: here without its imports.

    Command lines that tests start do as they do for users.
    """
    publish = sys.modules.get("finetune.export.publish")
    if publish:
        monkeypatch.setattr(publish, "_command", warm.finetune)


@pytest.fixture(scope="session")
def made_handover():
    """A function that writes a small hand-over to a folder; see tests/making_handover.py."""
    from tests.making_handover import write_handover

    return write_handover
