"""A class for its neighbour in name or meaning: HMXB for LMXB, diffuse for large-scale diffuse, FR-I for FR-II."""

from collections.abc import Iterator
from difflib import SequenceMatcher

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import absent, present

LIKE = 0.6


def plant(scene: Scene, draw: Draw) -> Iterator[Fact]:
    """For each present class, the absent ones whose names or nouns look like its own."""
    labels = scene.known.scheme.labels
    for one in present(scene.known):
        for other in absent(scene.known):
            pairs = ((one, other), (labels[one].noun_one, labels[other].noun_one))
            if max(SequenceMatcher(None, *pair).ratio() for pair in pairs) >= LIKE:
                yield Fact("present", other)
                yield Fact("contrast", other, one)
