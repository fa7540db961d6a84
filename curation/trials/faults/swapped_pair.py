"""This but not that, the wrong way round."""

from collections.abc import Iterator

from curation.trials.draw import Draw
from curation.trials.facts import Fact
from curation.trials.scenes import Scene


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """Each true contrast with its two sides exchanged."""
    yield from (Fact("contrast", one.other, one.subject) for one in scene.facts.get("contrast", ()))
