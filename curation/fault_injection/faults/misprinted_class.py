"""The misprint of the paper's prompt: a class of components and components, where it is not the one that was meant."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from schemas.labels import Truth


def plant(scene: Scene, draw: Draw) -> Iterator[Edited]:
    """1C-2C, which is read as 1C-2P at best, in turns about a source of another class; others that mean nothing."""
    for turn in scene.turns:
        said = [one.subject for one in turn.claims if one.kind == "presence" and one.state is Truth.PRESENT]
        for label in said:
            if label in turn.answer and "C-" in label:
                if label != "1C-2P":
                    yield Edited(turn.question, turn.answer.replace(label, "1C-2C"), Fact("present", "1C-2P"))
                wrong = f"{label[0]}C-{draw.whole(4, 9)}P"
                yield Edited(turn.question, turn.answer.replace(label, wrong), Fact("invented", wrong))
