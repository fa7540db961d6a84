"""A view on its way through the mosaics that cover it, the nearest first: for CUTOUTS and for streams alike."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from curation.pictures.cards import ImageError

Box = TypeVar("Box")
Shown = TypeVar("Shown")
SHOWS_NOTHING = frozenset({"all-blank", "mostly-blank", "constant"})
"""Reasons for which the next mosaic is asked; another one is about a file."""


@dataclass
class Turn(Generic[Box, Shown]):
    """The windows of a view that are still to be tried, and what it has come to."""

    left: list[Box]
    made: Shown | ImageError | None = None
    """What the view comes to; None while another mosaic is to be asked."""
    spare: Shown | None = None
    """The first that shows something, but not where the source is."""
    first_error: ImageError | None = None

    def take(self, shown: Shown, *, is_blank: bool) -> None:
        """What the next window showed; `is_blank`: nothing where the source is."""
        if not is_blank:
            self.made = shown
            return
        self.spare = self.spare or shown
        self._go_on()

    def fail(self, error: ImageError) -> None:
        """Why the next window showed nothing."""
        if error.reason not in SHOWS_NOTHING:
            self.made = error
            return
        self.first_error = self.first_error or error
        self._go_on()

    def _go_on(self) -> None:
        del self.left[0]
        if not self.left:
            self.made = self.spare or self.first_error
