"""A box about the right middle, but much too large or too small."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.faults._boxes import inside, moved
from curation.fault_injection.scenes import Scene
from curation.pictures.boxes import Box
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Sides of half or of twice their length."""

    def move(box: Box) -> Box | None:
        grow = draw.one((-0.25, 0.5))
        dx, dy = grow * (box[2] - box[0]), grow * (box[3] - box[1])
        return inside((box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy))

    return moved(scene, move)
