"""Ordinary for peculiar, complex for ordinary, and so on."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import PECULIARITIES


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """The other two classes, told or written over the true one; and the true one denied."""
    truth = scene.known.peculiarity
    if truth is None:
        return
    yield from (Fact("peculiarity", one) for one in PECULIARITIES)
    yield Fact("not_peculiarity", truth)
    for turn in scene.turns:
        if turn.kind == "peculiarity":
            wrong = draw.one([one for one in PECULIARITIES if one != truth])
            answer = turn.answer.replace(truth, wrong).replace(truth.lower(), wrong.lower())
            yield Edited(turn.question, answer, Fact("peculiarity", wrong))
