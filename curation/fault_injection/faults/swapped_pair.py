"""This but not that, the wrong way round."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Each true contrast with its two sides exchanged."""
    yield from (Fact("contrast", one.other, one.subject) for one in scene.facts.get("contrast", ()))
