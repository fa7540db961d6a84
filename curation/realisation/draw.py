"""Choices that depend on a key alone: a stream of them, the same for the same key."""

from collections.abc import Sequence
from typing import TypeVar

from schemas.fingerprint import choose, fraction

Option = TypeVar("Option")


class Draw:
    """A stream of choices; equal keys give equal streams, whatever was drawn elsewhere."""

    def __init__(self, key: str, taken: int = 0) -> None:
        self.key = key
        self._n = taken

    def to(self, name: str) -> "Draw":
        """A stream of its own for a part of the work, untouched by what is drawn from this one."""
        return Draw(f"{self.key}:{name}")

    def ahead(self, n: int) -> "Draw":
        """The next n choices, to be made when they are wanted or not at all; this stream goes on after them."""
        kept = self.copy()
        self._n += n
        return kept

    def copy(self) -> "Draw":
        """The same stream from here on."""
        return Draw(self.key, self._n)

    def one(self, options: Sequence[Option]) -> Option:
        """One of the options."""
        return choose(options, self._next())

    def chance(self, share: float) -> bool:
        """True in this share of the draws."""
        return fraction(self._next()) < share

    def real(self, low: float, high: float) -> float:
        """A number in [low, high)."""
        return low + (high - low) * fraction(self._next())

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both among them."""
        return low + int(fraction(self._next()) * (high - low + 1))

    def some(self, options: Sequence[Option], most: int) -> list[Option]:
        """Up to `most` of the options, in an order of its own."""
        key = self._next()
        order = sorted(range(len(options)), key=lambda at: fraction(f"{key}:{at}"))
        return [options[at] for at in order[:most]]

    def _next(self) -> str:
        self._n += 1
        return f"{self.key}#{self._n}"
