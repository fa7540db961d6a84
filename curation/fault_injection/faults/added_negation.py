"""What is there, said to be absent: a no or a not too many."""

import re
from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact

VERB = re.compile(r"\b(is|are|has|stands? out|surround|crosses|fills)\b")
DENIED = {"is": "is not", "are": "are not", "has": "does not have", "stand out": "do not stand out",
          "stands out": "does not stand out", "surround": "do not surround", "crosses": "does not cross",
          "fills": "does not fill"}  # fmt: skip


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Present labels as absent ones; in turns, the sentence that tells one with its verb denied."""
    for fact in scene.facts.get("present", ()):
        yield Fact("absent", fact.subject)
        phrase = scene.known.scheme.labels[fact.subject].phrase
        denied = VERB.sub(lambda one: DENIED[one[0]], phrase, count=1)
        for turn in scene.turns if denied != phrase else ():
            if phrase in turn.answer and not turn.answer.startswith("Yes"):
                yield Edited(turn.question, turn.answer.replace(phrase, denied), Fact("absent", fact.subject))
    for fact in scene.facts.get("both", ()):
        yield Fact("neither", fact.subject, fact.other)
