"""A box with its two axes exchanged, as row and column are."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.faults._boxes import inside, moved
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """The transposed boxes."""
    return moved(scene, lambda box: inside((box[1], box[0], box[3], box[2])))
