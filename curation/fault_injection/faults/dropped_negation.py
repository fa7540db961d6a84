"""What is known to be absent, said to be there: a no or a not that got lost."""

import re
from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Absent labels as present ones; in turns, the sentence that denies one without its negation."""
    for fact in scene.facts.get("absent", ()):
        yield Fact("present", fact.subject)
        phrase = scene.known.scheme.labels[fact.subject].absent_phrase
        affirmed = re.sub(r"^No (\w)", lambda one: one[1].upper(), phrase)
        affirmed = re.sub(r"\bnot ", "", affirmed).replace(" does have", " has")
        for turn in scene.turns if affirmed != phrase else ():
            if phrase and phrase in turn.answer:
                answer = re.sub(r"^No\. ", "Yes. ", turn.answer.replace(phrase, affirmed))
                yield Edited(turn.question, answer, Fact("present", fact.subject))
    for fact in scene.facts.get("not_peculiarity", ()):
        yield Fact("peculiarity", fact.subject)
    for fact in scene.facts.get("neither", ()):
        yield Fact("both", fact.subject, fact.other)
