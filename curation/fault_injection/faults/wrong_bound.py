"""At least so many, where there are fewer; at most so many, where there are more."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Bounds that the true number breaks by one to three."""
    for fact in scene.facts.get("count", ()):
        n, off = fact.number or 0, draw.whole(1, 3)
        yield Fact("at_least", fact.subject, number=max(n + off, 2))
        if n - off > 1:
            yield Fact("at_most", fact.subject, number=n - off)
