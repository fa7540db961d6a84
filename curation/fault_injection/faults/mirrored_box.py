"""A box mirrored at the middle of the picture: left for right, or up for down, as a flip that was forgotten makes."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.faults._boxes import inside, moved
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Both mirrors."""
    yield from moved(scene, lambda box: inside((1 - box[2], box[1], 1 - box[0], box[3])))
    yield from moved(scene, lambda box: inside((box[0], 1 - box[3], box[2], 1 - box[1])))
