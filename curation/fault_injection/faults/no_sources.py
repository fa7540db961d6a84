"""An empty field, said of a picture that has catalogued sources."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """None of any subject that is counted."""
    yield from (Fact("count", one.subject, number=0) for one in scene.facts.get("count", ()))
