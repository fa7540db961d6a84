"""What `plan` and `status` say of questions that need no picture: measured by an earlier build, or seen in SOURCES.

Only reads, and only tables that are there: nothing is made or written for it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from curation.engine.steps import Step
from schemas.errors import CorpusError
from schemas.estimate import share
from schemas.labels import LabelScheme, Truth, label_scheme
from schemas.manifest import Manifest

LEAST = 20
"""Of fewer turns or labels a share says nothing."""
EVEN = 0.5
"""What the most frequent of even answers scores: a score whose 95 % interval holds it may be chance."""
MOST_TOLD = 6
GUESSES = {
    "n_most_frequent": "by the most frequent answer", "n_words": "by a bag of words", "n_name": "by the file's name",
}  # fmt: skip


class Readable(Protocol):
    """What is read of a store."""

    def is_done(self, address: str) -> bool: ...

    def manifest(self, address: str) -> Manifest: ...

    def read(self, address: str, columns: Sequence[str] | None = None) -> pa.Table: ...

    def addresses(self, folder: str = "") -> Iterator[str]: ...


def measured(blind: Step, store: Readable, bound: float) -> list[str]:
    """A line for each question that a model answers without the picture more often than `bound`, and one for all.

    Not by chance: the 95 % interval of the score is above what even answers give.

    By this build where it is done, else by the youngest that was made of the corpus; nothing where there is none.
    """
    address = blind.address if store.is_done(blind.address) else _youngest(blind.name, store)
    if address is None:
        return []
    try:
        rows = store.read(address, ("scheme", "question_id", "split", "n", *GUESSES)).to_pylist()
    except (CorpusError, pa.ArrowException):  # of another version: it says nothing of these columns
        return []
    tested = [row for row in rows if row["split"] == "test"]
    of_all = {name: sum(row[name] for row in tested) for name in ("n", *GUESSES)}
    lines = [_line(address, "all questions", of_all, bound)]
    lines += [_line(address, f"{row['scheme']}, {row['question_id']}", row, bound) for row in tested]
    return [line for line in lines if line]


def foreseen(sources: Step, scheme_name: str, store: Readable, bound: float) -> list[str]:
    """A line where the labels of SOURCES alone answer questions of a dataset; nothing where that is not made yet."""
    if not store.is_done(sources.address):
        return []
    scheme = label_scheme(scheme_name)
    states = _states(store.read(sources.address, ("labels",))["labels"].to_pylist(), scheme)
    shares = sorted(
        ((most / total, what) for what, most, total in states if total >= LEAST and most / total > bound),
        key=lambda one: (-one[0], one[1]),
    )
    if not shares:
        return []
    told = ", ".join(f"{what} {share:.0%}" for share, what in shares[:MOST_TOLD])
    more = f" and {len(shares) - MOST_TOLD} more" if len(shares) > MOST_TOLD else ""
    return [
        f"{sources.address}: by labels alone one answer is true of more than {bound:.0%}: {told}{more}; "
        "most pictures with it are not asked (balance.most_frequent)"
    ]


def _line(address: str, what: str, row: Mapping[str, Any], bound: float) -> str:
    n = row["n"]
    best = max(GUESSES, key=lambda name: row[name])
    score = share(row[best], n)
    if n < LEAST or score is None or score.value <= bound or score.low <= EVEN:
        return ""
    return (
        f"{address}: {what}: {score.value:.0%} of {n:,} test turns are answered without the picture, "
        f"{GUESSES[best]}; {bound:.0%} is the bound (balance.most_blind)"
    )


def _youngest(name: str, store: Readable) -> str | None:
    made = [(store.manifest(one).made_at, one) for one in store.addresses(name)]
    return max(made)[1] if made else None


def _states(rows: Sequence[Sequence[Mapping[str, Any]] | None], scheme: LabelScheme) -> Iterator[tuple[str, int, int]]:
    """What is asked of a label or a class, how often its most frequent answer is true, and how often it is known."""
    said = [{one["label"]: one["state"] for one in row or () if one["scheme"] == scheme.name} for row in rows]
    if scheme.kind == "single":
        classes = Counter(label for one in said for label, state in one.items() if state == Truth.PRESENT)
        if classes:
            label, most = min(classes.items(), key=lambda one: (-one[1], one[0]))
            yield label, most, sum(classes.values())
        return
    for label in scheme.labels:
        states = Counter(one[label] for one in said if one.get(label, Truth.UNKNOWN) != Truth.UNKNOWN)
        if states:
            state, most = min(states.items(), key=lambda one: (-one[1], one[0]))
            yield f"{label} {state}", most, sum(states.values())
