"""A source that is not there: where the picture has none, or one box more than there are objects."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.pictures.boxes import decode_box, encode_box
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import MOST_BOXES, subjects
from curation.verification.claims import ANY_OBJECT


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Boxes amid nothing, with a box in a list of true ones, and numbers where there are none."""
    width, height = draw.real(0.05, 0.15), draw.real(0.05, 0.15)
    x_min, y_min = draw.real(0.0, 1 - width), draw.real(0.0, 1 - height)
    box = decode_box(encode_box((x_min, y_min, x_min + width, y_min + height)))
    for subject in subjects(scene.known):
        boxes = tuple(one.box_norm for one in scene.known.boxes(subject) or () if one.box_norm)
        if subject == ANY_OBJECT or boxes:
            yield Fact("box", subject, boxes=(box,))
            yield Fact("boxes", subject, boxes=(*boxes[: MOST_BOXES - 1], box))
        if not boxes and subject == ANY_OBJECT:
            yield Fact("count", subject, number=draw.whole(1, 4))
    for turn in scene.turns:
        held = [one for one in turn.claims if one.kind == "box" and one.box]
        if turn.kind == "boxes" and held and turn.answer.startswith("["):
            fact = Fact("box", held[0].subject, boxes=(box,))
            yield Edited(turn.question, f"{turn.answer}, {encode_box(box, scene.dialect)}", fact)
