"""A fixed sample of a benchmark's pictures: the same for every model, by the keys of the pictures alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from schemas.fingerprint import fraction

N_OF_BAND = 1_000
"""Pictures on which wordings and orders are tried."""


@dataclass(frozen=True)
class Sample:
    """The n pictures whose keys come first."""

    n: int
    last: float
    """The key of the last of them: a part of a table needs no other part to know which are in."""

    def holds(self, picture_id: str) -> bool:
        """Whether the picture is one of them."""
        return _key(picture_id) <= self.last


@dataclass(frozen=True)
class Which:
    """Which of a benchmark's pictures are asked about."""

    split: str = "test"
    """The benchmark's own, or `validation`: those of its dataset that thresholds are fitted on."""
    sample: Sample | None = None
    """A fixed sample alone; None: all."""


def sample_of(picture_ids: Sequence[str], n: int = N_OF_BAND) -> Sample | None:
    """So many of the pictures; None where there are no more than that, and all of them are asked about."""
    keys = sorted(map(_key, set(picture_ids)))
    return Sample(n, keys[n - 1]) if len(keys) > n else None


def _key(picture_id: str) -> float:
    return fraction(f"sample:{picture_id}")
