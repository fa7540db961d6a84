"""A list of boxes, said to be of all objects, in which one is left out."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """The lists without one of their boxes."""
    for fact in scene.facts.get("boxes", ()):
        if len(fact.boxes) > 1:
            gone = draw.one(fact.boxes)
            yield Fact("boxes", fact.subject, boxes=tuple(one for one in fact.boxes if one != gone))
    for turn in scene.turns:
        boxes = tuple(one.box for one in turn.claims if one.kind == "box" and one.box)
        if turn.kind == "boxes" and len(boxes) > 1 and turn.answer.startswith("["):
            subject = next(one.subject for one in turn.claims if one.kind == "box")
            yield Edited(turn.question, turn.answer.rsplit(", [", 1)[0], Fact("boxes", subject, boxes=boxes[:-1]))
