"""One island for several, or a wrong number of islands or peaks."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import absent

MOST = 4


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Absent labels whose partner in islands is present; other numbers of islands and peaks."""
    for label in absent(scene.known):
        if "ISLAND" in label or (label == "EXTENDED" and "EXTENDED-MULTISLAND" in scene.known.labels):
            yield Fact("present", label)
    for kind in ("islands", "peaks"):
        if scene.facts.get(kind):
            yield from (Fact(kind, number=n) for n in range(1, MOST + 1))
