"""A record as tokens: what encoding makes, and what rows are made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from finetune.families.family import Integers

IGNORED = -100


@dataclass(frozen=True)
class Encoded:
    """One record as a model takes it. Arrays are of length n_tokens; a label stands where its token stands.

    Branch 0 is the prefix that all turns share, isolated turns count from 1; a dialogue is all prefix. `weights` is 0
    where the label is IGNORED. `positions` are [n_tokens], or [3, n_tokens] of a model that counts in time, height and
    width. `pictures` is what the model is given of them, by its names for it; empty where not asked for.
    """

    sample_id: str
    source: str
    is_dialogue: bool
    input_ids: Integers
    labels: Integers
    weights: NDArray[np.float64]
    positions: Integers
    branches: Integers
    n_units: int
    """What the loss is divided by: 1 record, or its supervised tokens."""
    sizes_px: tuple[tuple[int, int], ...]
    """Height and width of every picture."""
    pictures: Mapping[str, Any] = field(default_factory=dict)
    n_prefix: int = 0
    """Tokens up to the end of the pictures, which records of the same pictures have in common; 0 where not."""
    is_rest: bool = False
    """Whether it goes on after the pictures of a record before it in the row: it has no prefix and no pictures."""

    @property
    def n_tokens(self) -> int:
        """Length of the record in a row, picture tokens included."""
        return len(self.input_ids)

    @property
    def n_supervised(self) -> int:
        """Tokens that are learned."""
        return int((self.labels != IGNORED).sum())

    def rest_after(self, first: "Encoded") -> "Encoded | None":
        """What comes after the pictures, to stand in a row behind `first`; None where the two do not begin alike."""
        n = self.n_prefix
        if not n or n != first.n_prefix or not np.array_equal(self.input_ids[:n], first.input_ids[:n]):
            return None
        fields = {name: getattr(self, name)[..., n:] for name in ("input_ids", "labels", "weights", "positions")}
        branches = np.maximum(self.branches[n:], 1)
        return replace(self, **fields, branches=branches, sizes_px=(), pictures={}, n_prefix=0, is_rest=True)


def without_weight(encoded: Encoded) -> Encoded:
    """The record as a filler: it completes the last step of an epoch, and changes nothing."""
    return replace(encoded, weights=np.zeros_like(encoded.weights), n_units=0)
