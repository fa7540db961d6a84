"""A list of boxes in which one stands twice."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.pictures.boxes import encode_box
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """A box again at the end of its list, or in the place of another one."""
    for fact in scene.facts.get("boxes", ()):
        twice = draw.one(fact.boxes)
        yield Fact("boxes", fact.subject, boxes=(*fact.boxes, twice))
        if len(fact.boxes) > 1:
            yield Fact("boxes", fact.subject, boxes=(*fact.boxes[:-1], fact.boxes[0]))
    for turn in scene.turns:
        boxes = tuple(one.box for one in turn.claims if one.kind == "box" and one.box)
        if turn.kind == "boxes" and boxes and turn.answer.startswith("["):
            subject = next(one.subject for one in turn.claims if one.kind == "box")
            answer = f"{turn.answer}, {encode_box(boxes[0], scene.dialect)}"
            yield Edited(turn.question, answer, Fact("boxes", subject, boxes=(*boxes, boxes[0])))
