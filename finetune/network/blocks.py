"""Who sees whom in a row of several records, as lengths: what attention costs follows from them, not from the row.

A row is records one after another; a record is its prefix and then its isolated turns. A token sees the tokens before
it of its own part, and a turn the whole prefix of its record. As a mask that would be as many numbers as the row's
length squared; here it is one number for each part.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """Tokens of the parts of each record of a row: of its prefix, then of each turn; a dialogue is a prefix only.

    It goes to the model as the keyword `blocks`, beside position_ids; see `attention`.
    """

    records: tuple[tuple[int, ...], ...]

    def to(self, *_: Any, **__: Any) -> "Blocks":
        """The lengths themselves, which belong to no device; what moves a batch may ask for it."""
        return self

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens of every part."""
        return [length for record in self.records for length in record]

    @cached_property
    def prefixes(self) -> list[int | None]:
        """Of every part the number of the part that is its prefix; None for prefixes themselves."""
        starts = accumulate((len(record) for record in self.records), initial=0)
        return [
            start if turn else None
            for start, record in zip(starts, self.records, strict=False)
            for turn in range(len(record))
        ]

    def keys(self) -> tuple[Integers, Integers]:
        """For variable lengths: the places of the keys that each part sees, one part after another, and how many.

        A turn's are its prefix's and its own, so the prefix stands there once for every turn.
        """
        ends = np.cumsum(self.lengths)
        own = [np.arange(end - length, end) for end, length in zip(ends, self.lengths, strict=True)]
        seen = [
            mine if prefix is None else np.concatenate([own[prefix], mine])
            for mine, prefix in zip(own, self.prefixes, strict=True)
        ]
        return np.concatenate(seen), np.array([len(one) for one in seen])

    def of_tokens(self) -> tuple[Integers, Integers]:
        """Of every token the number of its record and of its part in it: 0 is the prefix."""
        n_tokens = [sum(record) for record in self.records]
        record = np.repeat(np.arange(len(self.records)), n_tokens)
        part = np.concatenate([np.repeat(np.arange(len(one)), one) for one in self.records])
        return record, part
