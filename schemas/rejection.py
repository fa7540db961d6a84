"""In = kept + rejected: a row that is refused keeps its name, its reason, and what it was."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from schemas.errors import TableError

REJECTED = pa.schema(
    [
        pa.field("row_id", pa.string(), nullable=False),  # the id of the row that came in, or file:row
        pa.field("reason", pa.string(), nullable=False),  # a short kebab-case word, to be counted
        pa.field("detail", pa.string(), nullable=False),  # what was found, what was expected
        pa.field("row", pa.string(), nullable=False),  # JSON of what came in, without pixels
    ]
)


@dataclass(frozen=True)
class Rejection:
    """One refused row. `reason` is counted, `detail` is read by a person."""

    row_id: str
    reason: str
    detail: str = ""
    row: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Sieved:
    """What a step gives: the rows kept, the rows refused, and how many came in (counted on its own)."""

    kept: pa.Table
    rejected: pa.Table
    n_in: int

    def __post_init__(self) -> None:
        """The law: in = kept + rejected."""
        if self.n_in != self.kept.num_rows + self.rejected.num_rows:
            raise TableError(
                f"{self.n_in} rows came in, but {self.kept.num_rows} were kept and {self.rejected.num_rows} rejected"
            )

    @property
    def reasons(self) -> dict[str, int]:
        """How often each reason was given, by name."""
        return dict(sorted(Counter(self.rejected["reason"].to_pylist()).items()))


def sieved(kept: pa.Table, rejections: Sequence[Rejection], n_in: int) -> Sieved:
    """`kept` and the refusals as tables; raises TableError unless they add up to `n_in`."""
    rows = sorted(rejections, key=lambda one: (one.row_id, one.reason))
    return Sieved(kept, rejected_table(rows), n_in)


def rejected_table(rejections: Sequence[Rejection]) -> pa.Table:
    """Refusals as rows of REJECTED; bytes and anything else that JSON has no form for are left out."""
    rows = [
        {
            "row_id": _whole(one.row_id[:2000]),
            "reason": one.reason,
            "detail": _whole(one.detail[:2000]),
            "row": _json(one.row),
        }
        for one in rejections
    ]
    return pa.Table.from_pylist(rows, schema=REJECTED)


def _whole(text: str) -> str:
    """Halves of characters, which JSON can bring, as they are written there: no table can hold them."""
    return text.encode(errors="backslashreplace").decode()


def _json(row: Mapping[str, Any]) -> str:
    plain = {name: value for name, value in row.items() if not isinstance(value, bytes)}
    return json.dumps(plain, sort_keys=True, default=str)[:4000]
