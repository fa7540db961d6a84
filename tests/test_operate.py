"""docs/operate.md on one machine: the line that the timer's service runs, night after night, on few pictures.

The clock is not waited for: systemd starts the service's ExecStart at the times that tests/test_deploy.py has systemd
itself work out, and here that line is run as often as nights are meant. Between the nights the files change. The Python
that the script calls hands its words on to a process that has imported already (tests/warm.py), which does what a new
one would.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import run_curation

ROOT = Path(__file__).resolve().parent.parent
RELAY = """#!/bin/bash
printf '%s\\0' "$@" > {folder}/words
read -r code < {folder}/code
cat {folder}/said; cat {folder}/told >&2
exit "$code"
"""
CORPUS = 'title = "Few pictures"\ndatasets = ["emu_pilot_rgcat", "rgz_smorph"]\nquestions = ["describe"]\n'


@dataclass(frozen=True)
class Machine:
    """A machine as docs/operate.md sets it up."""

    folder: Path
    environment: dict[str, str]

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def metrics(self) -> dict[str, float]:
        found = {}
        for line in (self.folder / "metrics/small.prom").read_text(encoding="utf-8").splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name.removeprefix("radio_corpus_")] = float(value)
        return found

    def starts(self, unit: str) -> subprocess.CompletedProcess[str]:
        """What systemd starts for a unit, with the settings of its EnvironmentFile."""
        text = (ROOT / f"deploy/systemd/radio-corpus-{unit}.service").read_text(encoding="utf-8")
        (line,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
        words = shlex.split(line.replace("/opt/radio-corpus", str(ROOT)))
        with self._answering():
            return subprocess.run(
                words, env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=1500, check=False
            )

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """While the script runs, each `python -m curation …` of it is run by a fork, and its end is handed back."""
        thread = threading.Thread(target=self._answer)
        thread.start()
        yield
        (self.folder / "words").write_bytes(b"")  # no more
        thread.join()

    def _answer(self) -> None:
        while words := (self.folder / "words").read_bytes().decode().split("\0")[:-1]:
            try:
                done = run_curation(*words[2:], **self.environment)
                code, said, told = done.returncode, done.stdout, done.stderr
            except Exception as error:  # the script waits for an answer, whatever this one is
                code, said, told = 99, "", repr(error)
            (self.folder / "said").write_text(said, encoding="utf-8")
            (self.folder / "told").write_text(told, encoding="utf-8")
            (self.folder / "code").write_text(f"{code}\n", encoding="utf-8")

    def tables(self) -> dict[str, str]:
        """Finished tables, each with when it was made."""
        files = [one for one in self.store.rglob("_manifest.json") if one.parts[len(self.store.parts)] not in APART]
        return {str(one.parent.relative_to(self.store)): json.loads(one.read_text())["made_at"] for one in files}


APART = ("llava", "reports")


@pytest.fixture(scope="module")
def machine(demo_raw, tmp_path_factory) -> Machine:
    folder = tmp_path_factory.mktemp("machine")
    shutil.copytree(demo_raw, folder / "raw")
    (folder / "small.toml").write_text(CORPUS, encoding="utf-8")
    example = (ROOT / "deploy/environment.example").read_text(encoding="utf-8")
    set_there = dict(re.findall(r"^(RADIO_\w+)=\"?([^\"\n]*)\"?$", example, re.MULTILINE))
    for name in ("words", "code"):
        os.mkfifo(folder / name)
    relay = folder / "python"
    relay.write_text(RELAY.format(folder=folder), encoding="utf-8")
    relay.chmod(0o755)
    own = {
        "RADIO_CORPORA": str(folder / "small.toml"), "RADIO_RAW": str(folder / "raw"), "RADIO_WORKERS": "0",
        "RADIO_STORE": str(folder / "store"), "RADIO_METRICS": str(folder / "metrics"), "RADIO_PYTHON": str(relay),
    }  # fmt: skip
    assert set_there.keys() <= {*own, "RADIO_KEEP"}  # the example names what there is, and no more
    return Machine(folder, {"PATH": os.environ["PATH"], "HOME": str(folder), **own})


@pytest.mark.slow
def test_nights_of_one_machine(machine):
    first = machine.starts("nightly")
    assert first.returncode == 0, first.stderr[-4000:]
    made, figures = machine.tables(), machine.metrics
    assert figures['tables{corpus="small",state="done"}'] == len(made) == figures['last_build_tables{corpus="small"}']
    assert figures['damaged_files{corpus="small"}'] == 0 and figures['release_is_current{corpus="small"}'] == 1
    assert figures['rows{corpus="small",outcome="kept",table="samples/rgz_smorph"}'] > 0

    # A night in which nothing changed but a file's time: exit code 0, nothing made, nothing written but the ledger.
    mosaic = sorted((machine.folder / "raw/images/emu_pilot").iterdir())[0]
    os.utime(mosaic, (time.time() - 5, time.time() - 5))
    before = {one: one.stat().st_mtime_ns for one in machine.store.rglob("*") if one.is_file()}
    second = machine.starts("nightly")
    assert second.returncode == 0 and "nothing to do" in second.stdout
    changed = {one for one in machine.store.rglob("*") if one.is_file() and before.get(one) != one.stat().st_mtime_ns}
    assert changed == {machine.store / "builds/small.json", machine.store / "_digests.json"}  # it was hashed again
    assert machine.metrics['last_build_tables{corpus="small"}'] == 0

    # A pixel of a mosaic: what depends on it is made again, and nothing else.
    body = bytearray(mosaic.read_bytes())
    half = len(body) // 2
    body[half : half + 4] = body[half + 4 : half + 8]  # one pixel becomes its neighbour
    body[half + 8 : half + 12] = body[half + 4 : half + 8]
    mosaic.write_bytes(body)
    todo = plan(machine)
    roots = [name for name, row in todo.items() if not any(why.startswith("input ") for why in row["why"])]
    assert roots == ["mosaics/emu_pilot"]
    assert any(f"{mosaic.name}.sha256" in why for why in todo["mosaics/emu_pilot"]["why"])
    assert all(row["task_s"] is not None for row in todo.values())  # the first night tells what each takes

    third = machine.starts("nightly")
    assert third.returncode == 0, third.stderr[-4000:]
    after = machine.tables()
    fresh = {one.rpartition("/")[0] for one in after.keys() - made.keys()}
    assert "cutouts/emu_pilot_rgcat" in fresh
    assert not fresh & {f"{one}/rgz_smorph" for one in ("sources", "objects", "windows", "cutouts", "descriptions")}
    assert fresh == set(todo) and all(after[one] == made[one] for one in made)  # what stood is as it was
    assert machine.metrics['last_build_tables{corpus="small"}'] == len(fresh)

    # The week ends: checked, tagged, and cleared of what the newest hand-over is not made of.
    machine.environment["RADIO_KEEP"] = "1"
    for file in [one for one in machine.store.rglob("*") if one.is_file() and one in before]:
        os.utime(file, (time.time() - 30 * 86_400,) * 2)  # the clock moved: the first night was a month ago
    week = machine.starts("weekly")
    assert week.returncode == 0, week.stderr[-4000:]
    (tag,) = [one for one in (machine.store / "tags").iterdir() if not one.name.startswith("latest-")]
    assert re.fullmatch(r"small-\d{4}-\d\d-\d\d\.json", tag.name)
    released = json.loads(tag.read_text())["address"]
    assert [f"llava/small/{one.name}" for one in (machine.store / "llava/small").iterdir()] == [released]
    assert machine.tables().keys() == after.keys() - {one for one in made if one.rpartition("/")[0] in fresh}


def plan(machine: Machine) -> dict:
    """What the next night would make, by the names of steps."""
    done = run_curation(
        "plan", machine.folder / "small.toml", "--raw", machine.folder / "raw", "--store", machine.store, "--json"
    )
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["tables"]
    return {row["address"].rpartition("/")[0]: row for row in rows if not row["done"]}
