"""Another survey than the one the picture is from."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import SURVEYS, Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Titles of other surveys, told or written over the true one."""
    survey = scene.known.survey
    others = [one.name for one in SURVEYS if one and survey and one.name != survey.name]
    yield from (Fact("survey", one) for one in others)
    for turn in scene.turns:
        if survey and f"({survey.name})" in turn.answer:
            other = draw.one(others)
            yield Edited(turn.question, turn.answer.replace(f"({survey.name})", f"({other})"), Fact("survey", other))
