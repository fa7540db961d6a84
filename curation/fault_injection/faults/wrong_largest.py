"""The largest source in the wrong part of the picture, or of the wrong class."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import HALVES, QUADRANTS, Fact
from curation.verification.claims import ANY_OBJECT


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Every place and class that is not its own."""
    yield from (Fact("largest", ANY_OBJECT, place=place) for place in (*HALVES, *QUADRANTS))
    yield from (Fact("largest_class", ANY_OBJECT, label) for label in scene.known.labels)
