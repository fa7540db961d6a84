"""What became of each decision: it counts, it is open again, it waits for the next build."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow.compute as pc

from curation.decisions.rows import Decision, Verdict
from curation.decisions.standing import not_undone, speaking
from curation.decisions.step import OPEN, REASONS
from curation.engine.store import Store
from schemas.labels import label_schemes

COUNTS, WAITS, WORDS_CHANGED = "counts", "waits", "words-changed"
TOLD = {
    COUNTS: "counts",
    WAITS: "waits for the next build",
    WORDS_CHANGED: "the words are others now; look again",
    "note": "a note",
    "undone": "taken back",
    "changed": "decided anew by the same reviewer",
    **REASONS,
}


@dataclass(frozen=True)
class Standing:
    """A decision, and what became of it in the newest hand-over."""

    decision: Decision
    standing: str
    """A key of TOLD."""

    @property
    def is_open(self) -> bool:
        """Whether somebody should look again."""
        return self.standing in (*OPEN, WORDS_CHANGED)

    @property
    def line(self) -> str:
        """For people."""
        one = self.decision
        return f"{one.decision_id}  {one.about}  {one.reviewer}: {one.told}  [{TOLD[self.standing]}]"


def is_single(scheme: str) -> bool:
    """Whether exactly one label of a scheme holds; of one that is no more, nobody knows."""
    return scheme in label_schemes() and label_schemes()[scheme].kind == "single"


@dataclass(frozen=True)
class Went:
    """What a hand-over was made by, as its tables tell: the addresses of each kind."""

    store: Store
    tables: Mapping[str, Sequence[str]]

    @cached_property
    def kept(self) -> frozenset[str]:
        """Ids of the decisions that count."""
        read = (self.store.read(one, ["decision_id"]) for one in self.tables.get("decisions", ()))
        return frozenset(name for rows in read for name in rows["decision_id"].to_pylist())

    @cached_property
    def refused(self) -> dict[str, str]:
        """Why the others do not, by id."""
        read = [self.store.rejected(one) for one in self.tables.get("decisions", ())]
        return {one["row_id"]: one["reason"] for rows in read for one in rows.select(["row_id", "reason"]).to_pylist()}

    @cached_property
    def samples(self) -> frozenset[str]:
        """Ids of its samples, those too that reviewers rejected."""
        return frozenset(_samples(self.store, self.tables))


def standings(went: Went, reviews: Mapping[str, Sequence[Decision]]) -> list[Standing]:
    """Each decision by time; `reviews` by dataset as they are kept now."""
    found = list[Standing]()
    for rows in reviews.values():
        stay = {one.decision_id for one in not_undone(rows)}
        speak = {one.decision_id for one in speaking(rows, is_single)}
        said = [one for one in rows if one.verdict is not Verdict.UNDO]
        found += [Standing(one, _left(one, stay, speak) or _standing(one, went)) for one in said]
    return sorted(found, key=lambda one: (one.decision.decided_at, one.decision.decision_id))


def _left(one: Decision, stay: Set[str], speak: Set[str]) -> str | None:
    """Why a decision does not speak, whatever a hand-over was made by; None: it does."""
    if one.decision_id not in stay:
        return "undone"
    if one.verdict is Verdict.NOTE:
        return "note"
    return None if one.decision_id in speak else "changed"


def _standing(one: Decision, went: Went) -> str:
    """What a hand-over made of a decision that speaks."""
    if why := went.refused.get(one.decision_id):
        return why
    if one.decision_id not in went.kept:
        return WAITS
    is_there = one.verdict is Verdict.CORRECT or one.sample_id in went.samples
    return COUNTS if is_there else WORDS_CHANGED


def new_decisions(went: Went, reviews: Mapping[str, Sequence[Decision]]) -> tuple[list[Decision], list[str]]:
    """What speaks now and did not when the hand-over was made; and the ids of what spoke then and does not now."""
    now = {one.decision_id: one for rows in reviews.values() for one in speaking(rows, is_single)}
    then = went.kept | went.refused.keys()
    return [one for name, one in now.items() if name not in then], sorted(then - now.keys())


def _samples(store: Store, tables: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for address in tables.get("samples", ()):
        yield from store.read(address, ["sample_id"])["sample_id"].to_pylist()
        rows: Any = store.rejected(address)
        rows = rows.filter(pc.equal(rows["reason"], "rejected-in-review"))
        yield from (detail.partition(":")[0] for detail in rows["detail"].to_pylist())
