"""Is a text true? Each claim read from it against what is known of the picture, by rule and without a model.

supported: the catalogue or the pixels say so; contradicted: they say otherwise; unverifiable: they do not say.
"""

from collections.abc import Sequence

from curation.verification.alternatives import KIND, sets_of
from curation.verification.claims import Annotations, Claim, ExtractedClaim
from curation.verification.pixel_verdicts import PIXELS
from curation.verification.relations import RELATIONS
from curation.verification.sky_verdicts import SKY
from curation.verification.verdicts import BASIC, Judgement, Verdict, told, words
from schemas.labels import Truth

RULES = {**BASIC, **SKY, **RELATIONS, **PIXELS}
ORDER = list(Judgement)
STATELESS = frozenset({"survey", "frequency", "beam", "size", "map", "box", "point"})
"""Kinds whose rules judge what is claimed, not its denial."""


def verify(found: ExtractedClaim, known: Annotations) -> Verdict:
    """One claim against what is known. What was said to be possible only is never false."""
    rule = _either if found.claim.kind == KIND else RULES.get(found.claim.kind)
    if rule is None:
        reason = f"{words(found.claim)}: {found.text!r:.120}" if found.text else words(found.claim)
        return Verdict(Judgement.UNVERIFIABLE, f"nothing is known of {reason}")
    said = rule(found.claim, known)
    if found.claim.state is Truth.ABSENT and (found.claim.kind in STATELESS or _is_blank_share(found.claim)):
        said = _turned(said, found.claim)
    if found.is_hedged and said.judgement is Judgement.CONTRADICTED:
        return Verdict(Judgement.UNVERIFIABLE, f"said to be possible only: {said.reason}", said.compared)
    return said


def _is_blank_share(claim: Claim) -> bool:
    return claim.kind == "border" and claim.count is not None


def _turned(said: Verdict, claim: Claim) -> Verdict:
    """Of the denial of a claim, by the verdict on the claim."""
    if said.judgement is Judgement.UNVERIFIABLE:
        return said
    return told(said.judgement is Judgement.CONTRADICTED, claim, said.compared)


def _either(claim: Claim, known: Annotations) -> Verdict:
    """A set of claims is as good as its worst, and sets of which one holds are as good as the best of them."""
    sets = [[verify(ExtractedClaim(one, 0, 0), known) for one in each] for each in sets_of(claim)]
    worst = [max((one.judgement for one in each), key=ORDER.index) for each in sets]
    compared = "; or ".join(", ".join(filter(None, (one.compared for one in each))) for each in sets)
    best = min(worst, key=ORDER.index)
    return Verdict(
        best, "" if best is Judgement.SUPPORTED else f"none of what is said to hold does: {compared}", compared
    )


def verify_turn(found: Sequence[ExtractedClaim], known: Annotations) -> tuple[Judgement, list[str]]:
    """A turn's judgement, and one reason for each claim that is not supported; without claims it is unverifiable."""
    if not found:
        return Judgement.UNVERIFIABLE, ["no claim was found in the answer"]
    verdicts = [verify(one, known) for one in found]
    boxes = [one.claim.content for one in found if one.claim.kind == "box"]
    if len(set(boxes)) < len(boxes):
        verdicts.append(Verdict(Judgement.CONTRADICTED, "the same box stands twice"))
    worst = max((one.judgement for one in verdicts), key=ORDER.index)
    return worst, [one.reason for one in verdicts if one.judgement is not Judgement.SUPPORTED]


def is_number(claim: Claim) -> bool:
    """Whether a claim is one of number, size or place in figures: a policy may refuse those that nobody can verify."""
    return claim.count is not None or claim.box is not None or claim.kind == "number"


def is_class(claim: Claim) -> bool:
    """Whether a claim names a class that the scheme does not have: one of another scheme, or of none."""
    return claim.kind == "class" or ":" in claim.subject or ":" in (claim.other or "")
