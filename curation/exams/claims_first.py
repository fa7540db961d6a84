"""The exam claims first: each text as a sentence that a model wrote, with the claims that it states beside it.

A true text states what a person stated for it. A false or undecided one is tried with what it says itself, where a
person stated that; with the claims of the true text of its scene that has most words in common with it; and with every
true claim that is known of its scene, which is more than any sentence would state.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from curation.exams.cases import Case
from curation.generation.fates import Fate, fate
from curation.verification.claims import ANY_OBJECT, Annotations, Claim, ExtractedClaim
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify
from curation.words.descriptions import sentences
from schemas.labels import Truth


def fate_of(case: Case, claims: Sequence[Claim], known: Annotations) -> Fate:
    """What becomes of a text that states these claims."""
    return fate(case.question, case.text, claims, known, case.dialect, key=case.text).fate


def true_claims(cases: Iterable[Case], known: Mapping[str, Annotations]) -> dict[str, tuple[Claim, ...]]:
    """By scene all claims that hold there: those of true cases, those of templates, and each label, number and box."""
    found = {scene: [*_known(one), *_told(one)] for scene, one in known.items()}
    for one in cases:
        if one.truth is Judgement.SUPPORTED:
            found[one.scene] += one.claims or ()
    return {scene: _supported(claims, known[scene]) for scene, claims in found.items()}


def nearest(case: Case, cases: Iterable[Case]) -> tuple[Claim, ...]:
    """The claims of the true text of the same scene that shares most words with this one; none where there is none."""
    others = [one for one in cases if one.scene == case.scene and one.truth is Judgement.SUPPORTED and one.claims]
    words = _words(case)
    best = max(others, key=lambda one: (len(words & _words(one)) / len(words | _words(one)), one.text), default=None)
    return (best.claims if best else None) or ()


def _words(case: Case) -> set[str]:
    return set(re.findall(r"\w+", case.text.lower()))


def _supported(claims: Iterable[Claim], known: Annotations) -> tuple[Claim, ...]:
    different = {one.content: one for one in claims}.values()
    return tuple(one for one in different if verify(ExtractedClaim(one, 0, 0), known).judgement is Judgement.SUPPORTED)


def _told(known: Annotations) -> list[Claim]:
    return [claim for one in sentences(known) for claim in one.claims]


def _known(known: Annotations) -> list[Claim]:
    labels = [Claim("presence", label, state) for label, state in known.labels.items() if state is not Truth.UNKNOWN]
    if known.objects is None:
        return labels
    subjects = [ANY_OBJECT, *known.scheme.labels]
    counts = [Claim("count", one, count=len(held)) for one in subjects if (held := known.with_class(one)) is not None]
    boxes = [
        Claim("box", label, box=one.box_norm) for one in known.objects if one.box_norm for label in one.labels or ()
    ]
    return [*labels, *counts, *boxes]
