"""What people decided about samples: a table beside the tables, `review.csv` in the store.

Columns `id` (of a sample or a conversation), `decision` (accept, reject or correct) and, where wanted, `reviewer`; any
others are left alone. A decision of any kind but accept says that there is a fault.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from schemas.errors import CatalogError

FILE = "review.csv"
DECISIONS = ("accept", "reject", "correct")


class Files(Protocol):
    """What is read of a store."""

    def exists(self, name: str) -> bool: ...

    def read_bytes(self, name: str) -> bytes: ...


@dataclass(frozen=True)
class Decision:
    """What one person said of one sample or conversation."""

    id: str
    is_faulty: bool
    reviewer: str = ""


def read_reviews(store: Files) -> tuple[Decision, ...]:
    """The decisions of the store's `review.csv`, in its order; none where there is no such file.

    Raises CatalogError for a file without the columns, or with a decision of another name.
    """
    return parsed(store.read_bytes(FILE)) if store.exists(FILE) else ()


def parsed(content: bytes) -> tuple[Decision, ...]:
    """Decisions of a CSV file in UTF-8."""
    try:
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CatalogError(f"{FILE}: not CSV in UTF-8: {error}") from error
    found: list[Decision] = []
    for line, row in enumerate(rows, start=2):
        name, said = (row.get("id") or "").strip(), (row.get("decision") or "").strip().lower()
        if not name or said not in DECISIONS:
            raise CatalogError(
                f"{FILE}: row {line}: found id {name!r} and decision {said!r}; expected columns id and decision, "
                f"one of {', '.join(DECISIONS)}"
            )
        found.append(Decision(name, said != "accept", (row.get("reviewer") or "").strip()))
    return tuple(found)


def by_majority(decisions: Sequence[Decision], owner: Mapping[str, str]) -> tuple[dict[str, bool], int]:
    """Of each conversation whether most said that it is faulty, and how many conversations are left open by a draw.

    `owner`: the conversation of each id. Of one person's decisions about a conversation the last one counts.
    """
    votes: dict[str, dict[str, bool]] = {}
    for at, one in enumerate(decisions):
        if one.id in owner:
            votes.setdefault(owner[one.id], {})[one.reviewer or f"#{at}"] = one.is_faulty
    told = {name: sum(said.values()) * 2 - len(said) for name, said in sorted(votes.items())}
    return {name: balance > 0 for name, balance in told.items() if balance}, sum(not one for one in told.values())
