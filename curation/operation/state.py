"""The state of a corpus in figures: tables and rows, the newest release, the newest build, damage. Nothing is made."""

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from curation.corpus import Graph
from curation.engine.marks import holder
from curation.engine.store import Store
from curation.operation.history import Ended, History, history
from curation.whole import find_damage
from schemas.errors import DamageError
from schemas.manifest import Manifest


@dataclass(frozen=True)
class Release:
    """The hand-over that the tag `latest-<corpus>` names, and when it was given that tag (seconds since 1970)."""

    address: str
    tagged_s: float
    is_current: bool
    """Whether it is what a build of today's files and doors would give."""

    @property
    def age_s(self) -> float:
        """Seconds since it was given its tag."""
        return max(0.0, time.time() - self.tagged_s)


@dataclass(frozen=True)
class State:
    """What is there of a corpus."""

    corpus: str
    done: dict[str, Manifest]
    """Finished tables, by the addresses of the graph."""
    building: tuple[str, ...]
    missing: tuple[str, ...]
    release: Release | None
    history: History
    damaged: tuple[str, ...] | None
    """A line for each damaged file; None where nobody looked."""

    @property
    def last(self) -> Ended | None:
        """The newest build that ended well."""
        return self.history.last

    @property
    def told(self) -> dict[str, Any]:
        """Release, newest build and damage, as an object for machines."""
        release = {**asdict(self.release), "age_s": round(self.release.age_s, 1)} if self.release else None
        return {
            "release": release,
            "last_build": self.last.model_dump() if self.last else None,
            "damaged": None if self.damaged is None else list(self.damaged),
        }

    @property
    def lines(self) -> list[str]:
        """The same for people."""
        now = time.time()
        if self.release:
            newest = "as the tables are now" if self.release.is_current else "older than the tables wanted now"
            told = [f"release: {self.release.address}, {_days(self.release.age_s)} ago, {newest}"]
        else:
            told = ["release: none yet"]
        if self.last:
            told.append(
                f"build:   ended {_days(now - self.last.timestamp_s)} ago after {self.last.wall_s:,.0f} s, "
                f"{self.last.n_made} tables made"
            )
        if self.damaged is not None:
            told += [f"damage:  {len(self.damaged)} files", *(f"  {line}" for line in self.damaged)]
        return told


def state(made: Graph, store: Store, out: Path | None, *, look: str = "none") -> State:
    """The state of a corpus; `look` is how far damage is looked for: none, quick (counts and sizes), whole.

    Raises StoreError where the store cannot be read.
    """
    done, building, missing = dict[str, Manifest](), list[str](), list[str]()
    hurt = list[str]()
    for step in made.steps:
        if store.is_done(step.address):
            try:
                done[step.address] = store.manifest(step.address)
            except DamageError as error:
                hurt.append(str(error))
        else:
            (building if holder(store, step.address) else missing).append(step.address)
    damaged = None if look == "none" else find_damage(made, store, out, quick=look == "quick").lines
    if hurt and damaged is None:
        damaged = hurt
    told = None if damaged is None else tuple(damaged)
    known = history(store, made.corpus.name)
    return State(made.corpus.name, done, tuple(building), tuple(missing), _release(made, store), known, told)


def _release(made: Graph, store: Store) -> Release | None:
    try:
        address = store.tagged(made.latest)
    except DamageError:
        return None
    when = [info.mtime_ns for info in store.listed("tags") if info.base_name == f"{made.latest}.json"]
    return Release(address, when[0] / 1e9, address == made.handover) if address and when else None


def _days(seconds: float) -> str:
    for unit, size in (("days", 86_400), ("hours", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
