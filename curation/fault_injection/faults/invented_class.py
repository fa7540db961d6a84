"""A class that no scheme has."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from schemas.labels import Truth

NAMES = ("FR-V", "FR-III", "4C-7P", "5C-5P", "FR-IV", "3C-7P", "6C-8P")


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Names of that make, told or in the place of a true one."""
    yield from (Fact("invented", name) for name in NAMES)
    for turn in scene.turns:
        said = [one.subject for one in turn.claims if one.kind == "presence" and one.state is Truth.PRESENT]
        if turn.kind in ("class", "labels") and said and turn.answer == ", ".join(said):
            name = draw.one((*NAMES, "QUASIROID", "TRIPLE-TRIPLE", "OTHER"))
            yield Edited(turn.question, ", ".join([*said[:-1], name]), Fact("invented", name))
