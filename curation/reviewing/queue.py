"""The queue: every conversation of a hand-over, those first that somebody or something doubts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalogs.database import read_sql
from curation.engine.store import Store
from curation.release.built import opened
from schemas.llava import sample_id_of

QUERY = Path(__file__).parent / "queue.sql"
FEW = 30
"""Sources of a dataset that bear a label: below so many each of them is worth a look."""
LOW_SCORE = 5.0  # of 10: the judge's mean
WEIGHTS = {"contradicted": 8.0, "twins": 6.0, "score": 3.0, "unverifiable": 2.0, "few": 1.0}


@dataclass(frozen=True)
class Waiting:
    """A conversation to look at."""

    conversation_id: str
    sample_id: str
    """The id that it has as a sample, also where it was refused as one."""
    dataset: str
    source_id: str
    source_name: str
    split: str | None
    refused: str | None
    """Why it is no sample; None: it is one."""
    is_accepted: bool
    doubts: tuple[str, ...]
    """In words, what speaks for a look."""
    weight: float
    """How much; the largest come first."""


def waiting(store: Store, tables: Mapping[str, Sequence[str]]) -> list[Waiting]:
    """All conversations that are samples or that were refused for what they say, the most doubtful first."""
    with opened(store, tables) as db:
        rows = db.sql(read_sql(QUERY)).to_arrow_table().to_pylist()
        refused = [row["conversation_id"] for row in rows if row["sample_id"] is None]
        ids = dict(_ids(db.sql(OF_REFUSED, params={"ids": refused}).to_arrow_table().to_pylist())) if refused else {}
    found = [_waiting(row, ids) for row in rows]
    return sorted(found, key=lambda one: (-one.weight, one.conversation_id))


OF_REFUSED = """
SELECT conversation_id, sha256, turns
FROM conversations JOIN (SELECT cutout_id, sha256 FROM cutouts) USING (cutout_id)
WHERE list_contains($ids::VARCHAR[], conversation_id)
"""


def _ids(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """The ids that refused conversations would have as samples."""
    for row in rows:
        said = [(turn["question"], turn["answer"]) for turn in row["turns"]]
        yield row["conversation_id"], sample_id_of(row["sha256"], said)


def _waiting(row: Mapping[str, Any], ids: Mapping[str, str]) -> Waiting:
    doubts = dict(_doubts(row))
    return Waiting(
        row["conversation_id"], row["sample_id"] or ids[row["conversation_id"]], row["dataset"],
        row["source_id"], row["source_name"] or "", row["split"], row["refused"], row["review"] is not None,
        tuple(told for told, _ in doubts.values()), sum(weight for _, weight in doubts.values()),
    )  # fmt: skip


def _doubts(row: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, float]]]:
    """What speaks for a look, by kind, each with its weight; a share counts by how large it is."""
    n = max(1, row["n_turns"])
    if row["n_contradicted"]:
        yield "contradicted", (f"{row['n_contradicted']} of {n} answers contradicted", WEIGHTS["contradicted"])
    if row["n_conflicts"]:
        yield "twins", ("another survey says otherwise", WEIGHTS["twins"])
    if row["score"] is not None and row["score"] < LOW_SCORE:
        share = (LOW_SCORE - row["score"]) / LOW_SCORE
        yield "score", (f"the judge gives {row['score']:g} of 10", WEIGHTS["score"] * share)
    if row["n_unverifiable"]:
        share = row["n_unverifiable"] / n
        yield (
            "unverifiable",
            (f"{row['n_unverifiable']} of {n} answers nobody can check", WEIGHTS["unverifiable"] * share),
        )
    if row["n_rarest"] and row["n_rarest"] < FEW:
        share = 1 - row["n_rarest"] / FEW
        yield "few", (f"one of {row['n_rarest']} {row['rarest']}", WEIGHTS["few"] * share)
