"""The box of an object, given for an object of another class."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.verification.claims import ANY_OBJECT


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Each class's boxes for each other class that is in the picture."""
    for fact in scene.facts.get("box", ()):
        for label in scene.known.labels if fact.subject != ANY_OBJECT else ():
            if scene.known.boxes(label):
                yield Fact("box", label, boxes=fact.boxes)
