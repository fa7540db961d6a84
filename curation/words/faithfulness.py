"""Is a text true? Each claim read from it against what is known of the picture, by rule and without a model.

supported: the catalogue or the pixels say so; contradicted: they say otherwise; unverifiable: they do not say.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from curation.pictures.boxes import LEAST_IOU, Box, Dialect, box_iou, encode_box
from curation.words.claims import Claim, SeenObject, Truths
from curation.words.reading import FoundClaim, read_answer, read_question
from schemas.labels import LabelScheme, Truth

BOX_TOLERANCE = 0.0015  # of the picture's side: three decimals, and a rounding of what was rounded
PERCENT_TOLERANCE = 1.0
NEARNESS = 0.01  # of an angle or a frequency: texts have three digits


class Judgement(StrEnum):
    """What became of a claim, or of a turn: a turn is as good as its worst claim."""

    SUPPORTED = "supported"
    UNVERIFIABLE = "unverifiable"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Verdict:
    """A judgement with its reason; no reason where the claim is supported."""

    judgement: Judgement
    reason: str = ""


def read_claims(question: str, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[FoundClaim]:
    """The claims of an answer with their spans, from its text and its question alone."""
    return read_answer(read_question(question, scheme), answer, scheme, dialect)


def judge(found: FoundClaim, known: Truths) -> Verdict:
    """One claim against what is known."""
    claim = found.claim
    if claim.kind == "class":
        return _verdict(False, claim, f"no class of {known.scheme.name}")
    if claim.kind == "topic":
        return Verdict(Judgement.UNVERIFIABLE, f"the answer does not speak of {claim.subject}, which was asked for")
    if claim.kind == "presence":
        return _state(claim, known.state(claim.subject))
    if claim.kind == "count":
        held = known.with_class(claim.subject)
        return _known(claim, held is not None, lambda: len(held or ()) == claim.count, f"{len(held or ())} are known")
    if claim.kind == "box":
        boxes = known.boxes(claim.subject)
        return _known(claim, boxes is not None, lambda: _is_box_of(claim.box, boxes or ()), "no such box")
    if claim.kind == "border":
        return _border(claim, known)
    if claim.kind == "peculiarity":
        truth = known.peculiarity
        agrees = (truth == claim.subject) == (claim.state is Truth.PRESENT)
        return _known(claim, truth is not None, lambda: agrees, f"the picture is {truth}")
    return _sky(claim, known)


def judge_turn(found: Sequence[FoundClaim], known: Truths) -> tuple[Judgement, list[str]]:
    """A turn's judgement, and one reason for each claim that is not supported; without claims it is unverifiable."""
    if not found:
        return Judgement.UNVERIFIABLE, ["no claim was found in the answer"]
    verdicts = [judge(one, known) for one in found]
    boxes = [one.claim.content for one in found if one.claim.kind == "box"]
    if len(set(boxes)) < len(boxes):
        verdicts.append(Verdict(Judgement.CONTRADICTED, "the same box stands twice"))
    order = list(Judgement)
    worst = max((one.judgement for one in verdicts), key=order.index)
    return worst, [one.reason for one in verdicts if one.judgement is not Judgement.SUPPORTED]


def are_equal(recorded: Iterable[Claim], found: Iterable[FoundClaim]) -> bool:
    """Whether what was recorded is what was read, whatever the order and the evidence."""
    return sorted(map(str, (one.content for one in recorded))) == sorted(map(str, (one.claim.content for one in found)))


def _verdict(is_true: bool, claim: Claim, reason: str) -> Verdict:
    if is_true:
        return Verdict(Judgement.SUPPORTED)
    return Verdict(Judgement.CONTRADICTED, f"{_words(claim)}: {reason}")


def _known(claim: Claim, is_known: bool, is_true: Callable[[], bool], reason: str) -> Verdict:
    if not is_known:
        return Verdict(Judgement.UNVERIFIABLE, f"{_words(claim)}: not known")
    return _verdict(is_true(), claim, reason)


def _state(claim: Claim, truth: Truth) -> Verdict:
    return _known(claim, truth is not Truth.UNKNOWN, lambda: truth is claim.state, f"the catalogue says {truth}")


def _border(claim: Claim, known: Truths) -> Verdict:
    if claim.count is not None:
        percent = 100 * known.blank_fraction
        is_true = percent > 0 and abs(percent - claim.count) <= PERCENT_TOLERANCE
        return _verdict(is_true, claim, f"{percent:.1f} % of the pixels are blank")
    return _state(claim, known.edge if claim.subject == "edge" else known.blank)


def _sky(claim: Claim, known: Truths) -> Verdict:
    survey = known.survey
    if claim.kind == "survey":
        return _known(claim, survey is not None, lambda: survey.name == claim.subject, "another survey")
    if claim.kind == "frequency":
        mhz = (survey.frequency_mhz if survey else None) or 0
        return _known(claim, mhz > 0, lambda: _is_near(claim.count, mhz), f"{mhz} MHz")
    if claim.kind == "beam":
        axes = known.beam_arcsec or ()
        return _known(
            claim, bool(axes), lambda: any(_is_near(claim.count, 1000 * one) for one in axes), f"{axes} arcsec"
        )
    if claim.kind == "size":
        side = known.side_arcsec or 0
        return _known(claim, side > 0, lambda: _is_near(claim.count, 1000 * side), f"{side} arcsec")
    return Verdict(Judgement.SUPPORTED)


def _is_near(count: int | None, value: float) -> bool:
    return count is not None and abs(count - value) <= NEARNESS * value


def _is_box_of(box: Box | None, held: Sequence[SeenObject]) -> bool:
    if box is None:
        return False
    boxes = [one.box_norm for one in held if one.box_norm]
    return any(
        max(abs(ours - theirs) for ours, theirs in zip(box, one, strict=True)) <= BOX_TOLERANCE
        or box_iou(box, one) >= LEAST_IOU
        for one in boxes
    )


def _words(claim: Claim) -> str:
    """A claim as a few words of a reason."""
    what = [claim.kind, claim.subject]
    what += [str(claim.state)] if claim.kind in ("presence", "border", "peculiarity") else []
    what += [str(claim.count)] if claim.count is not None else []
    what += [encode_box(claim.box)] if claim.box else []
    return " ".join(what)
