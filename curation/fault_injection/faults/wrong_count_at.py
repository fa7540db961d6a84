"""A wrong number of objects in one half of the picture."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """More objects in a half than the picture has in all, which is false wherever they lie."""
    for fact in scene.facts.get("count_at", ()):
        in_all = len(scene.known.boxes(fact.subject) or ())
        yield Fact("count_at", fact.subject, number=in_all + draw.whole(1, 3), place=fact.place)
        yield Fact("count_at", fact.subject, number=(fact.number or 0) + 1, place=fact.place)
