"""The wrong side or quadrant of an object."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import HALVES, QUADRANTS, Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Every place where the objects of a class do not lie, the centre too."""
    for fact in scene.facts.get("place", ()):
        yield from (Fact("place", fact.subject, place=place) for place in (*HALVES, *QUADRANTS, "centre"))
