"""Yes for no, and no for yes."""

import re
from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.verification.claims import Claim
from schemas.labels import Truth

FLIPPED = {"Yes": "No", "No": "Yes"}


def plant(scene: Scene, draw: Draw) -> Iterator[Edited]:
    """Turns that begin with a reply, with the other one; what follows it stays, or goes."""
    for turn in scene.turns:
        reply = re.match(r"(Yes|No)\b(?=[.,])", turn.answer)
        if reply and turn.kind in ("yes-no", "border"):
            rest = turn.answer[reply.end() :] if draw.chance(0.5) else "."
            yield Edited(turn.question, FLIPPED[reply[1]] + rest, _denied(turn.claims[0]))


def _denied(claim: Claim) -> Fact:
    is_present = claim.state is Truth.PRESENT
    if claim.kind == "border":
        return Fact(f"{'not_' if is_present else ''}{claim.subject}")
    return Fact("absent" if is_present else "present", claim.subject)
