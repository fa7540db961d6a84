"""Topics: what a turn gives away, and which turns may stand in one conversation.

An earlier answer gives a later one away by what it says, and also by what it leaves out: a description tells every
label that holds, so one that it does not tell is not there. Turns are therefore put together by what they speak of, and
never by what they say: no two turns of a conversation share a topic. A description speaks of everything, so nothing
that is known of the picture is asked after it.
"""

import re
from collections.abc import Iterable, Sequence

from curation.verification.claims import ANY_OBJECT, COMPLEX_LABELS, PECULIAR, Claim
from curation.words.question import AskedTurn
from schemas.labels import LabelScheme

BLANK = "blank pixels"
BORDER = "BORDER"
OF_ALL_LABELS = ("class", "labels")
"""Kinds of turns that offer many labels, of which an answer may name some alone."""


def apart(turns: Iterable[AskedTurn], scheme: LabelScheme) -> list[list[AskedTurn]]:
    """The turns as conversations, each turn in the first one with which it shares no topic; order is kept."""
    talks: list[tuple[set[str], list[AskedTurn]]] = []
    for turn in turns:
        about = topics(turn.kind, turn.claims, scheme)
        fit = next((talk for talk in talks if not talk[0] & about), None)
        if fit is None:
            talks.append(fit := (set(), []))
        fit[0].update(about)
        fit[1].append(turn)
    return [said for _, said in talks]


def topics(kind: str, claims: Sequence[Claim], scheme: LabelScheme) -> set[str]:
    """What a turn speaks of: labels with those related to them, objects, blank pixels, or a kind of claim."""
    if kind == "description":
        return {*scheme.labels, ANY_OBJECT, BLANK, *(one.kind for one in claims)}
    if kind in OF_ALL_LABELS:
        return _with_blank(set(scheme.labels))
    return {topic for claim in claims for topic in _of_claim(claim, scheme)}


def _of_claim(claim: Claim, scheme: LabelScheme) -> set[str]:
    if claim.kind == "border":
        return {BLANK}
    if claim.kind == "structure":  # of islands and peaks: the classes of some schemes are nothing else
        return {claim.kind, *scheme.labels}
    if claim.kind == "peculiarity":
        return _related({PECULIAR, *COMPLEX_LABELS} & scheme.labels.keys(), scheme)
    named = {*claim.subject.split("|"), *re.sub("^is ", "", claim.other or "").split("|")}
    if ANY_OBJECT in named:
        return {ANY_OBJECT, *scheme.labels}
    return _related(named & scheme.labels.keys(), scheme) or {claim.kind}


def _related(labels: set[str], scheme: LabelScheme) -> set[str]:
    """The labels with all that tell something of them: exclusive ones, those that they imply or are implied by."""
    if labels and scheme.kind == "single" and scheme.about != "objects":
        return set(scheme.labels)
    implying = {one for one in scheme.labels if labels & scheme.with_implied([one])}
    return _with_blank(scheme.with_implied(labels) | implying)


def _with_blank(labels: set[str]) -> set[str]:
    return labels | {BLANK} if BORDER in labels else labels
