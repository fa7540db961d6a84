"""A list of classes with one that does not hold."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Every list with each of the classes offered that it rightly leaves out."""
    for fact in scene.facts.get("listing", ()):
        for more in fact.offered:
            if more not in fact.labels:
                yield Fact("listing", labels=(*fact.labels, more), offered=fact.offered)
