"""A box moved by half its size or more."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.faults._boxes import inside, moved
from curation.fault_injection.scenes import Scene
from curation.pictures.boxes import Box
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """To the side, up or down, by half the box to twice the box."""

    def move(box: Box) -> Box | None:
        by = draw.real(0.5, 2.0) * draw.one((-1, 1))
        dx, dy = draw.one(((by, 0.0), (0.0, by), (by, by)))
        dx, dy = dx * (box[2] - box[0]), dy * (box[3] - box[1])
        return inside((box[0] + dx, box[1] + dy, box[2] + dx, box[3] + dy))

    return moved(scene, move)
