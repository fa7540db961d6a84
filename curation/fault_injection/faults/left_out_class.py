"""A list of classes in which a true one is missing, in answer to a question that shows all of them."""

from collections.abc import Iterator

from curation.fault_injection.faults import Edited
from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from schemas.labels import Truth


def plant(scene: Scene, draw: Draw) -> Iterator[Fact | Edited]:
    """Every list without one of its classes."""
    for fact in scene.facts.get("listing", ()):
        for gone in fact.labels:
            labels = tuple(one for one in fact.labels if one != gone)
            yield Fact("listing", labels=labels, offered=fact.offered)
    for turn in scene.turns:
        said = [one.subject for one in turn.claims if one.kind == "presence" and one.state is Truth.PRESENT]
        if turn.kind == "labels" and said and len(turn.claims) > len(said) and turn.answer == ", ".join(said):
            gone = draw.one(said)
            rest = tuple(one for one in said if one != gone)
            offered = tuple(one.subject for one in turn.claims)
            yield Edited(turn.question, ", ".join(rest) or "NONE", Fact("listing", labels=rest, offered=offered))
