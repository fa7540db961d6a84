"""Boxes of a picture with one of them moved: what the files on boxes share."""

from collections.abc import Callable, Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.pictures.boxes import Box, encode_box
from curation.realisation.facts import Fact


def moved(scene: Scene, move: Callable[[Box], Box | None]) -> Iterator[Fact | Edited]:
    """Each box, alone, in its list and in the turns that hold it, after the move; None: it cannot be moved so."""
    for fact in scene.facts.get("box", ()):
        box = move(fact.boxes[0])
        if box:
            yield Fact("box", fact.subject, boxes=(box,))
    for fact in scene.facts.get("boxes", ()):
        box = move(fact.boxes[0])
        if box and len(fact.boxes) > 1:
            yield Fact("boxes", fact.subject, boxes=(box, *fact.boxes[1:]))
    for turn in scene.turns:
        for one in turn.claims if turn.kind == "boxes" else ():
            box = move(one.box) if one.box else None
            old = encode_box(one.box, scene.dialect) if one.box else ""
            if box and old in turn.answer:
                answer = turn.answer.replace(old, encode_box(box, scene.dialect))
                yield Edited(turn.question, answer, Fact("box", one.subject, boxes=(box,)))


def inside(box: Box) -> Box | None:
    """The box where it lies in the picture, with three decimals."""
    rounded = tuple(round(one, 3) for one in box)
    if min(box) < 0 or max(box) > 1 or rounded[0] >= rounded[2] or rounded[1] >= rounded[3]:
        return None
    return rounded[0], rounded[1], rounded[2], rounded[3]
