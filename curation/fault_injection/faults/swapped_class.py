"""Another class than the one that holds, said outright or written over the true one."""

import re
from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import absent, present
from schemas.labels import Truth


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Absent classes as present ones, beside a present one or alone; in turns that answer with a name, that name."""
    here, away = present(scene.known), absent(scene.known)
    yield from (Fact("present", label) for label in away if here)
    yield from (Fact("both", one, other) for one in here[:2] for other in away)
    for turn in scene.turns:
        said = [one.subject for one in turn.claims if one.kind == "presence" and one.state is Truth.PRESENT]
        if turn.kind in ("class", "labels") and said and away:
            other, old = draw.one(away), draw.one(said)
            wrong = re.sub(rf"(?<![\w-]){re.escape(old)}(?![\w-])", other, turn.answer)
            if wrong != turn.answer and other not in said:
                yield Edited(turn.question, wrong, Fact("present", other))
