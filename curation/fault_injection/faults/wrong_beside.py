"""Two objects with their places exchanged: left of for right of, above for below."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import OPPOSITE, Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Each true relation the other way round."""
    for fact in scene.facts.get("beside", ()):
        yield Fact("beside", fact.subject, fact.other, place=OPPOSITE[fact.place])
