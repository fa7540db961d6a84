"""Who says that a claim holds: evidence for what was read from a text that no template wrote."""

from dataclasses import replace

from curation.pictures.boxes import box_iou
from curation.verification.claims import COMPLEX_LABELS, PECULIAR, Annotations, Claim, ExtractedClaim
from curation.verification.verify import Judgement, verify
from schemas.labels import Truth

OF_THE_PIXELS = frozenset({"map", "survey", "frequency", "size", "beam", "orientation"})


def with_evidence(found: ExtractedClaim, known: Annotations) -> Claim:
    """The claim with its evidence where it is supported, and with none where it is not."""
    is_supported = verify(found, known).judgement is Judgement.SUPPORTED
    return replace(found.claim, evidence=_evidence(found.claim, known) if is_supported else ())


def _evidence(claim: Claim, known: Annotations) -> tuple[str, ...]:
    taken_together = (f"objects:{known.cutout_id}",)
    if claim.kind in ("presence", "structure", "only"):
        named = claim.subject.split("|")
        wanted = claim.state if claim.kind == "presence" else Truth.PRESENT
        labels = [one for one in (known.labels if claim.kind == "structure" else named) if known.state(one) is wanted]
        return tuple(dict.fromkeys(said for label in labels for said in known.evidence(label)))
    if claim.kind == "count":
        held = known.with_class(claim.subject) or ()
        return tuple(f"object:{one.object_id}" for one in held) or taken_together
    if claim.kind == "box" and claim.box:
        box = claim.box
        held = [one for one in known.boxes(claim.subject) or () if one.box_norm]
        best = max(held, key=lambda one: box_iou(box, one.box_norm or box), default=None)
        return (f"object:{best.object_id}",) if best else taken_together
    if claim.kind == "peculiarity":
        labels = [PECULIAR, *(one for one in COMPLEX_LABELS if one in known.labels)]
        return tuple(dict.fromkeys(said for label in labels for said in known.evidence(label)))
    if claim.kind == "border":
        by_label = claim.subject == "edge" and known.state("BORDER") is known.edge
        return known.evidence("BORDER") if by_label else known.pixels
    is_of_objects = claim.kind not in OF_THE_PIXELS and known.objects is not None
    return taken_together if is_of_objects else known.pixels
