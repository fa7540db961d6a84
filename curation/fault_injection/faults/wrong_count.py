"""A number of objects that is far from the true one."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Numbers two to nine above, and the doubled one."""
    for fact in scene.facts.get("count", ()):
        n = fact.number or 0
        yield Fact("count", fact.subject, number=n + draw.whole(2, 9))
        yield Fact("count", fact.subject, number=2 * n)
