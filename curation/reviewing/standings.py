"""What became of each decision: it counts, it is open again, it waits for the next build."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
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
        about = one.subject_id if one.verdict is Verdict.CORRECT else one.sample_id
        return f"{one.decision_id}  {about}  {one.reviewer}: {one.told}  [{TOLD[self.standing]}]"


def is_single(scheme: str) -> bool:
    """Whether exactly one label of a scheme holds; of one that is no more, nobody knows."""
    return scheme in label_schemes() and label_schemes()[scheme].kind == "single"


@dataclass(frozen=True)
class Went:
    """What a hand-over was made by: ids of decisions that count, of the others why not, and ids of its samples."""

    kept: frozenset[str]
    refused: Mapping[str, str]
    samples: frozenset[str]
    """Those too that reviewers rejected."""

    @classmethod
    def into(cls, store: Store, tables: Mapping[str, Sequence[str]]) -> "Went":
        """By its tables: the addresses of each kind."""
        kept, refused = set[str](), dict[str, str]()
        for address in tables.get("decisions", ()):
            kept |= set(store.read(address, ["decision_id"])["decision_id"].to_pylist())
            rows = store.rejected(address)
            refused |= dict(zip(rows["row_id"].to_pylist(), rows["reason"].to_pylist(), strict=True))
        return cls(frozenset(kept), refused, frozenset(_samples(store, tables)))


def standings(went: Went, reviews: Mapping[str, Sequence[Decision]]) -> list[Standing]:
    """Each decision by time; `reviews` by dataset as they are kept now."""
    found = list[Standing]()
    for rows in reviews.values():
        stay = {one.decision_id for one in not_undone(rows)}
        speak = {one.decision_id for one in speaking(rows, is_single)}
        for one in rows:
            if one.verdict is not Verdict.UNDO:
                name = one.decision_id
                word = "undone" if name not in stay else "note" if one.verdict is Verdict.NOTE else ""
                word = word or ("changed" if name not in speak else went.refused.get(name) or "")
                word = word or (WAITS if name not in went.kept else COUNTS)
                is_gone = one.verdict is not Verdict.CORRECT and one.sample_id not in went.samples
                found.append(Standing(one, WORDS_CHANGED if word == COUNTS and is_gone else word))
    return sorted(found, key=lambda one: (one.decision.decided_at, one.decision.decision_id))


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
