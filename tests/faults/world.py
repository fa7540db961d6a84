"""What is disturbed: a sky of a few pictures, some papers, a corpus of both, a model, one undisturbed build.

Everything is real but three things, which make a build take a second instead of a minute: the model answers by rule,
parts are made by forked processes instead of Ray's (`forked.py`; a real Ray has rounds of its own), and the judge of
the gate repeats itself where it is asked the very same numbers again.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from curation.asking import canary
from curation.asking.replica import dies_with_us
from curation.build import build_corpus
from curation.corpus import Graph, corpus, graph
from curation.demo import write_demo
from curation.demo_papers import DemoPaper, archive, record
from curation.engine.store import Store
from tests.faults import compare
from tests.faults.objects import Objects
from tests.making_captions import GOOD, picture
from tests.making_papers import picture as coloured
from tests.making_papers import plain

ROOT = Path(__file__).resolve().parents[2]
SETTLES_S = 0.2
N_FIELDS, N_TRAPS = 14, 4
CORPUS = """
title = "A handful of pictures"
datasets = ["demo_multilabel"]
rows_per_part = 7
[picture]
side_px = 64
stretch = "asinh"
[splits]
train = 0.5
validation = 0.25
test = 0.25
[generation]
model = "rule-server"
[judge]
model = "rule-server"
[captions]
model = "rule-server"
papers_per_part = 2
"""
PAPERS = (
    DemoPaper(
        "2401.00001", "Radio galaxies of a handful of pictures",
        plain(GOOD, r"\includegraphics{map.png}")
        + plain("Number of radio sources by flux density at 944 MHz, as counted.", r"\includegraphics{counts.pdf}"),
        {"map.png": picture(1), "counts.pdf": coloured("a.pdf")},
    ),
    DemoPaper(
        "2401.00002v2", "Diffuse radio emission",
        plain("A radio map.", r"\includegraphics{short.png}")
        + plain("Radio image of a halo that nobody put into the archive.", r"\includegraphics{missing.png}"),
        {"short.png": picture(2)},
    ),
    DemoPaper(
        "2401.00003", "Radio galaxies again, in a reprint",
        plain("The same map of a double source, printed once more.", r"\includegraphics{copy.png}")
        + plain("Radio map of a narrow jet that bends to the north at 1.4 GHz.", r"\includegraphics{jet.png}"),
        {"copy.png": picture(1), "jet.png": picture(3)},
    ),
    DemoPaper("2401.00004", "Strings without radio", "", categories="hep-th"),
)  # fmt: skip
"""Sources with figures of some fates: taken, too short, without a picture, a copy; and one about something else."""


class Model:
    """A rule server in a process of its own, told and asked by lines of JSON."""

    def __init__(self) -> None:
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.model"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=dies_with_us(),
        )  # fmt: skip
        self.address = self.tell()["address"]

    def tell(self, **rules: object) -> dict:
        """Change its rules (`mode`, `n_faults` from now on, `delay_s`, `is_up`); gives address and what was asked."""
        self.child.stdin.write(json.dumps(rules) + "\n")
        self.child.stdin.flush()
        return json.loads(self.child.stdout.readline())

    @property
    def asked(self) -> Counter:
        """Digests of the requests so far, and how often each came."""
        return Counter(self.tell()["asked"])

    @property
    def asked_in_the_end(self) -> Counter:
        """When whoever asked is dead: what it had sent may still be on its way."""
        before, now = None, self.asked
        while before != now:
            time.sleep(SETTLES_S)
            before, now = now, self.asked
        return now

    def end(self) -> None:
        self.child.kill()
        self.child.wait()


@dataclass
class World:
    """Where things are, and what an undisturbed build of them looks like."""

    folder: Path
    model: Model
    objects: Objects
    keeps: bool = False
    """Stores and logs of rounds stay."""
    undisturbed: "compare.State" = field(init=False)
    canaries: set[str] = field(init=False)
    """Requests by which every build first looks whether the model sees: not work, and asked each time."""

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def corpus_file(self) -> Path:
        return self.folder / "few.toml"

    @property
    def whole(self) -> Path:
        """The undisturbed store."""
        return self.folder / "whole"

    def graph(self, store: Path) -> Graph:
        return graph(corpus(str(self.corpus_file)), self.raw, Store(str(store)), [self.model.address])

    @cached_property
    def steps(self) -> list[str]:
        """The addresses of all tables, each after what it is made of."""
        return [step.address for step in self.graph(self.whole).steps]

    def write(self) -> None:
        """Raw files and the corpus file."""
        demo = write_demo(self.folder / "demo")
        for name in ("images", "catalogs"):
            (self.raw / name).mkdir(parents=True)
        for file in demo.glob("images/demo_wide_*.fits"):
            shutil.copy(file, self.raw / "images")
        rows = list(csv.reader((demo / "catalogs/demo_fields.csv").open(encoding="utf-8")))
        with (self.raw / "catalogs/demo_fields.csv").open("w", newline="", encoding="utf-8") as out:
            csv.writer(out, lineterminator="\n").writerows([*rows[: N_FIELDS + 1], *rows[-N_TRAPS:]])
        shutil.rmtree(demo)
        self._write_papers()
        shutil.copytree(self.raw, self.folder / "pristine")  # with times
        self.corpus_file.write_text(CORPUS, encoding="utf-8")

    def _write_papers(self) -> None:
        folder = self.raw / "papers"
        folder.mkdir()
        for one in PAPERS:
            (folder / f"{one.name}.tar.gz").write_bytes(archive(one))
        lines = [json.dumps(record(one)) for one in PAPERS]
        (folder / "metadata.jsonl").write_text("\n".join(lines), encoding="utf-8")

    def mend(self) -> None:
        """Put back what was done to the raw files, with the times that they had."""
        shutil.rmtree(self.raw / "away", ignore_errors=True)
        for file in (self.folder / "pristine").rglob("*.*"):
            there = self.raw / file.relative_to(self.folder / "pristine")
            if not there.exists() or there.stat().st_mtime_ns != file.stat().st_mtime_ns:
                there.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(file, there)

    def end(self) -> None:
        """End the processes of model and object store."""
        self.model.end()
        self.objects.end()

    def beside(self, folder: Path) -> "World":
        """The same with raw files, a model and an object store of its own, for a fork of this process."""
        folder.mkdir()
        other = World(folder, Model(), Objects(), self.keeps)
        for name in ("raw", "pristine"):
            shutil.copytree(self.folder / "pristine", folder / name)
        shutil.copy(self.corpus_file, other.corpus_file)
        other.whole.symlink_to(self.whole)
        other.undisturbed, other.canaries = self.undisturbed, self.canaries
        return other

    def build_undisturbed(self) -> None:
        """The build that all others are held against, in this process: what it has read stays warm for its forks."""
        made = self.graph(self.whole)
        for served in made.asking:
            canary.check(made.asker, served)
        self.canaries = set(self.model.asked)
        build_corpus(made, Store(str(self.whole)), workers=0, say=lambda _: None)
        self.undisturbed = compare.state(self.whole)


def world(folder: Path) -> World:
    """Raw files below `folder` and an undisturbed build of them."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    made = World(folder, Model(), Objects())
    made.write()
    made.build_undisturbed()
    return made
