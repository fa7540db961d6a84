"""A small corpus of the demo's sky with its store, decided about and built again without gate and report."""

import csv
import io
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from curation.corpus import Graph, corpus, graph
from curation.decisions.rows import Decision, decisions_of, keep
from curation.engine.run import build
from curation.engine.store import Store
from curation.release.export import export
from curation.reviewing.deciding import Corrected, acted
from curation.reviewing.desk import Desk
from curation.reviewing.standings import standings

CORPUS = """
title = "A small corpus"
datasets = ["demo_fanaroff"]
questions = ["fr_class_bare", "describe"]

[picture]
side_px = 64
"""
NAME = "demo_fanaroff"
N_SOURCES = 16
SCRIPT = "<img src=x onerror=\"document.title='ran'\"><script>document.title='ran'</script>"


@dataclass
class Small:
    """A corpus of one dataset, built with all decisions that its store has."""

    file: Path
    raw: Path
    store: Store
    remade: list[str]
    """Names of the steps that the newest build made."""

    def copied(self, folder: Path) -> "Small":
        """The same with a store of its own, to be written to."""
        shutil.copytree(self.store.root, folder / "store")
        return Small(self.file, self.raw, Store(str(folder / "store")), [])

    def graph(self) -> Graph:
        return graph(corpus(str(self.file)), self.raw, self.store)

    def build(self) -> Desk:
        """Tables and hand-over, as `curation build` makes them; without gate and report."""
        made = self.make()
        export(self.store, made, Path(self.store.root) / made.handover)
        self.store.tag(made.latest, made.handover)
        return self.desk

    def make(self) -> Graph:
        """Its tables alone."""
        made, self.remade = self.graph(), []
        build(made.steps, self.store, workers=0, say=lambda _: None, on_made=lambda one, _: self.note(one.address))
        return made

    def note(self, address: str) -> None:
        self.remade.append(address.rpartition("/")[0])

    @property
    def desk(self) -> Desk:
        return Desk.of(self.store, corpus(str(self.file)), None)

    @property
    def reviews(self) -> dict[str, tuple[Decision, ...]]:
        return decisions_of(self.store, [NAME])

    def standing(self) -> dict[str, str]:
        desk = self.desk
        return {one.decision.decision_id: one.standing for one in standings(desk.went, self.reviews)}

    def provenance(self) -> dict[str, dict]:
        folder = Path(self.store.root) / str(self.store.tagged("latest-small"))
        return {row["sample_id"]: row for row in pq.read_table(folder / "provenance.parquet").to_pylist()}

    def decide(self, sample_id: str, verdict: str, reviewer: str = "ann", **said) -> Decision:
        desk = self.desk
        seen = desk.seen(desk.found(sample_id))
        told = Corrected(said.pop("label", ""))
        act = acted(desk, seen, reviewer=reviewer, verdict=verdict, corrected=told, **said)
        keep(self.store, act)
        return act[0]


def first_build(folder: Path, demo: Path) -> Small:
    """The corpus without any decision, of N_SOURCES of the demo's raw files, in a new store below `folder`.

    Every other source is named by a script.
    """
    (folder / "small.toml").write_text(CORPUS, encoding="utf-8")
    raw = changed_raw(demo, folder / "raw", lambda rows: [
        [f"{row[0]} {SCRIPT}" if k % 2 else row[0], *row[1:]] for k, row in enumerate(rows[:N_SOURCES])])  # fmt: skip
    small = Small(folder / "small.toml", raw, Store(str(folder / "store")), [])
    small.build()
    return small


def changed_raw(before: Path, raw: Path, change: Callable[[list[list[str]]], list[list[str]]]) -> Path:
    """The same raw files at another place, with other rows in the catalogue; gives the place."""
    shutil.copytree(before, raw, copy_function=os.symlink)  # a hard link would change the ctime of what others read
    table = raw / "catalogs" / f"{NAME}.csv"
    with table.open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([head, *change(rows)])
    table.unlink()  # a link to the one of before
    table.write_text(out.getvalue(), encoding="utf-8")
    return raw


def one_of_each_cutout(desk: Desk) -> list[str]:
    """A sample of each picture, in the order of the queue."""
    found: dict[str, str] = {}
    for one in desk.queue:
        found.setdefault(one.source_name, one.sample_id)
    return list(found.values())
