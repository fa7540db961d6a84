"""Blank pixels where there are none, none where there are some, and a wrong share of them."""

from collections.abc import Iterator

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import FAR_PERCENT, Fact

WHOLE = 100


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """The opposite of all that is known of blank pixels; shares that are plainly off."""
    yield from (Fact(kind) for kind in ("blank", "not_blank", "edge", "not_edge"))
    percent = scene.known.blank_percent or 0.0
    for _ in range(3):
        number = float(draw.whole(int(FAR_PERCENT) + 1, 95))
        if number <= WHOLE and abs(number - percent) > FAR_PERCENT:
            yield Fact("percent", number=number)
