"""A box with its two axes exchanged, as row and column are."""

from collections.abc import Iterator

from curation.trials.draw import Draw
from curation.trials.facts import Fact
from curation.trials.faults import Edited
from curation.trials.faults._boxes import inside, moved
from curation.trials.scenes import Scene


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """The transposed boxes."""
    return moved(scene, lambda box: inside((box[1], box[0], box[3], box[2])))
