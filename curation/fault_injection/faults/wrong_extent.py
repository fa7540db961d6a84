"""A wrong size of an object, as a share of the picture or as an angle."""

from collections.abc import Iterator
from dataclasses import replace

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import angle

WHOLE = 100


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Sizes of half, and of one and a half times to four times the true one."""
    for kind in ("share", "extent"):
        for fact in scene.facts.get(kind, ()):
            for factor in (0.5, draw.real(1.5, 4.0)):
                number = factor * (fact.number or 0)
                number = float(round(number)) if kind == "share" else angle(number)
                if number and (kind == "extent" or number <= WHOLE):
                    yield replace(fact, number=number)
