"""More for fewer, and as many where one is more."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Each true comparison the other way round."""
    for fact in scene.facts.get("more", ()):
        yield Fact("more", fact.other, fact.subject)
        yield Fact("equal", fact.subject, fact.other)
