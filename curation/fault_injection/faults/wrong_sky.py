"""A wrong frequency, beam or side of the map, by a factor or from another survey."""

from collections.abc import Iterator
from dataclasses import replace

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import angle

FREQUENCIES_MHZ = (74.0, 144.0, 408.0, 843.0, 944.0, 1284.0, 1400.0, 3000.0, 5000.0)


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Other frequencies that maps are made at; beams and sides between a third and three times the true ones."""
    for fact in scene.facts.get("frequency", ()):
        yield from (replace(fact, number=mhz) for mhz in FREQUENCIES_MHZ)
    for kind in ("beam", "size"):
        for fact in scene.facts.get(kind, ()):
            for factor in (draw.real(0.33, 0.65), draw.real(1.4, 3.0)):
                yield replace(fact, number=angle(factor * (fact.number or 0)))
