"""A number of objects that is one too large or too small."""

import re
from collections.abc import Iterator

from curation.extraction.text import NUMBER, number
from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.nouns import number_words


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Neighbouring numbers of every subject that is counted; in turns that count, over the true number."""
    for fact in scene.facts.get("count", ()):
        for step in (-1, 1):
            yield Fact("count", fact.subject, number=(fact.number or 0) + step)
    for turn in scene.turns:
        counts = [one for one in turn.claims if one.kind == "count" and one.count]
        found = re.search(rf"(?i)\b{NUMBER}\b", turn.answer)
        if turn.kind == "count" and counts and found and number(found[0]) == counts[0].count:
            wrong = number(found[0]) + draw.one((-1, 1))
            words = str(wrong) if found[0].isdigit() else number_words(wrong)
            answer = turn.answer[: found.start()] + words + turn.answer[found.end() :]
            yield Edited(turn.question, answer, Fact("count", counts[0].subject, number=wrong))
