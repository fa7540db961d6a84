"""One claim against what is known: how each kind is judged, what it was compared with."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from curation.pictures.boxes import LEAST_IOU, Box, box_iou, encode_box
from curation.verification.claims import ANY_OBJECT, NO_SOURCE, Annotations, Claim, SeenObject
from curation.verification.regions import firmly, holds
from schemas.labels import Truth

BOX_TOLERANCE = 0.0015  # of the picture's side: three decimals, and a rounding of what was rounded

PAIR, FEW = 2, 4
LEAST = {"dozens": 12, "hundreds": 100, "few": 1}
"""The least number that such words may be said of."""
POINT_NEAR, POINT_FAR, MARGIN = 0.03, 0.05, 0.02
"""Of the picture's side: how far from an object's centre a point may be, and how far from its box."""
ROUNDED = 0.0055  # of the picture's side: two decimals
ABOUT = 0.25  # of a number that "about" stands before

CLEARLY = 1.05  # a size that is larger by less may be called either


class Judgement(StrEnum):
    """What became of a claim, or of a turn: a turn is as good as its worst claim."""

    SUPPORTED = "supported"
    UNVERIFIABLE = "unverifiable"
    CONTRADICTED = "contradicted"


@dataclass(frozen=True)
class Verdict:
    """A judgement with its reason (none where the claim is supported), and what the claim was compared with."""

    judgement: Judgement
    reason: str = ""
    compared: str = ""


def told(truth: bool | None, claim: Claim, compared: str) -> Verdict:
    """A verdict from true, false or not known."""
    if truth is None:
        return Verdict(Judgement.UNVERIFIABLE, f"{words(claim)}: not known", compared)
    if truth:
        return Verdict(Judgement.SUPPORTED, "", compared)
    return Verdict(Judgement.CONTRADICTED, f"{words(claim)}: {compared}", compared)


def state_of(subject: str, known: Annotations) -> Truth:
    """Whether a label holds, or either of "A|B"; of another scheme's label only what follows from ours."""
    if ":" in subject:
        ours = next((one for one in ("RADIO-GALAXY", "GALAXY") if one in known.scheme.labels), None)
        is_galaxy = re.search(r"FR|HYBRID|NAT|WAT|D-D|GALAXY|galaxy", subject.split(":")[1])
        is_denied = ours and is_galaxy and not subject.startswith("?") and known.state(ours) is Truth.ABSENT
        return Truth.ABSENT if is_denied else Truth.UNKNOWN
    states = [known.state(label) for label in subject.split("|")]
    if Truth.PRESENT in states:
        return Truth.PRESENT
    return Truth.ABSENT if all(one is Truth.ABSENT for one in states) else Truth.UNKNOWN


def held_by(subject: str, known: Annotations) -> list[SeenObject] | None:
    """The objects of a label, of either of "A|B", or all sources; None where they are not known."""
    if "|" not in subject:
        return known.with_class(subject)
    found = [known.with_class(label) for label in subject.split("|")]
    if any(one is None for one in found):
        return None
    ids = {one.object_id for each in found for one in each or ()}
    return [one for one in known.objects or () if one.object_id in ids]


def is_central(known: Annotations) -> bool:
    """Whether the labels of the scheme are those of the source at the centre."""
    return known.scheme.about == "source"


def _presence(claim: Claim, known: Annotations) -> Verdict:
    truth = state_of(claim.subject, known)
    compared = f"the catalogue says {truth}"
    if truth is Truth.UNKNOWN:
        return told(None, claim, compared)
    if claim.how == "one" and claim.state is Truth.ABSENT and truth is Truth.PRESENT and not is_central(known):
        held, every = held_by(claim.subject, known), known.objects
        is_false = held is not None and every is not None and len(held) == len(every)
        return told(False if is_false else None, claim, compared)
    return told(truth is claim.state, claim, compared)


def _count(claim: Claim, known: Annotations) -> Verdict:
    held = held_by(claim.subject, known)
    is_yes = claim.state is Truth.PRESENT
    if held is None:
        return told(_count_by_state(claim, known), claim, "their number is not known")
    counts = {len(held)}
    either = set[int]()
    if "|" in claim.subject and claim.how is None and claim.state is Truth.PRESENT:
        either = {len(one) for label in claim.subject.split("|") if (one := known.with_class(label)) is not None}
        counts |= either if claim.other == "either" else set()
    if claim.subject == ANY_OBJECT and known.objects is not None:
        counts |= {len(known.objects)} if claim.other == "objects" else set()
    verdicts = {fits(claim, one) for one in counts}
    truth = True if True in verdicts else None if None in verdicts else False
    if truth is False and claim.count in either:
        truth = None  # of one of the two classes that the word may mean
    if truth is not None:
        truth = truth is is_yes
    return told(truth, claim, f"{' or '.join(map(str, sorted(counts)))} are known")


def _count_by_state(claim: Claim, known: Annotations) -> bool | None:
    """Without known objects: a number of what is absent is wrong, as is none of what is there."""
    if claim.state is Truth.ABSENT:
        return None
    if claim.subject == ANY_OBJECT:
        is_there = any(
            state is Truth.PRESENT and label not in NOT_SOURCES for label, state in known.labels.items()
        ) or bool(known.objects and any(one.is_source for one in known.objects))
        if known.state("BACKGROUND") is Truth.PRESENT and not is_there:  # noise only, with no source that stands out
            return True if claim.count == 0 else False if claim.how != "at most" else None
        return False if is_there and claim.count == 0 else None
    truth = state_of(claim.subject, known)
    if truth is Truth.ABSENT and not claim.count and claim.count is not None:  # of others than the one at the centre?
        return None if is_central(known) else True
    if truth is Truth.ABSENT and claim.how not in ("at most",):
        return False
    if truth is Truth.PRESENT and claim.count == 0:
        return False
    is_some = (claim.how == "at least" and claim.count == 1) or (claim.how == "several" and claim.count is None)
    return True if truth is Truth.PRESENT and is_some else None


NOT_SOURCES = frozenset({*NO_SOURCE, "BACKGROUND", "ARTIFACT", "BORDER", "MOSAICKING", "FLAGGED"})


def fits(claim: Claim, n: int) -> bool | None:
    """Whether a number is what a claim says it is; None where the words leave it open."""
    count, how = claim.count, claim.how
    if count is None:
        return _fits_vaguely(how, n)
    if how == "some":  # so many that are bright, or the like
        return False if n < count else True if n == count else None
    low = count if how in (None, "told", "at least") else int(how.split()[0]) if how.endswith(" to") else 0
    high = count if how in (None, "told", "at most") or how.endswith(" to") else n
    if how == "about":
        slack = max(1.0 if count >= FEW else 0.0, ABOUT * count)
        return abs(n - count) <= slack
    return low <= n <= high


def _fits_vaguely(how: str | None, n: int) -> bool | None:
    """Whether "several" or "a couple" may be said of so many; nobody knows of two and of many."""
    if n < LEAST.get(how or "", PAIR):
        return False
    if how == "few":
        return None
    return None if (n == PAIR) is (how == "several") else True


def _box(claim: Claim, known: Annotations) -> Verdict:
    if claim.box is None:
        return told(False, claim, "no box at all")
    held = held_by(claim.subject, known) if ":" not in claim.subject else None
    if held is None or any(one.box_norm is None for one in held):
        if known.objects is not None and all(one.box_norm for one in known.objects):
            is_any = is_box_of(claim.box, known.objects, is_rounded=claim.how == "rounded")
            return told(None if is_any else False, claim, "no such box")
        return told(None, claim, "no boxes are known")
    return told(is_box_of(claim.box, held, is_rounded=claim.how == "rounded"), claim, "no such box")


def is_box_of(box: Box | None, held: Sequence[SeenObject], *, is_rounded: bool = False) -> bool:
    """Whether a box is that of one of the objects; `is_rounded`: as far as two decimals tell."""
    tolerance = ROUNDED if is_rounded else BOX_TOLERANCE
    return box is not None and any(
        max(abs(ours - theirs) for ours, theirs in zip(box, one.box_norm, strict=True)) <= tolerance
        or box_iou(box, one.box_norm) >= LEAST_IOU
        for one in held
        if one.box_norm
    )


def _point(claim: Claim, known: Annotations) -> Verdict:
    held = held_by(claim.subject, known)
    if claim.box is None or held is None or any(one.box_norm is None for one in held):
        return told(None, claim, "no boxes are known")
    x, y = claim.box[:2]
    gaps = [max(abs(x - cx), abs(y - cy)) for cx, cy in map(centre, held)]
    near = min(gaps, default=1.0)
    may = near <= POINT_FAR or any(_is_in(x, y, one.box_norm) for one in held if one.box_norm)
    return told(True if near <= POINT_NEAR else None if may else False, claim, f"the nearest centre is {near:.2f} away")


def _is_in(x: float, y: float, box: Box) -> bool:
    return box[0] - MARGIN <= x <= box[2] + MARGIN and box[1] - MARGIN <= y <= box[3] + MARGIN


def centre(one: SeenObject) -> tuple[float, float]:
    """The centre of an object's box."""
    box = one.box_norm or (0.0, 0.0, 0.0, 0.0)
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _position(claim: Claim, known: Annotations) -> Verdict:
    place = claim.other or ""
    held = held_by(claim.subject, known) if ":" not in claim.subject else None
    if held is None or any(one.box_norm is None for one in held):
        return told(_position_by_state(claim, known), claim, "no positions are known")
    if claim.state is Truth.PRESENT and not held and claim.count != 0:
        return told(False, claim, "there is none in the picture")
    boxes = [one.box_norm for one in held if one.box_norm]
    inside = [holds(place, one, known.orientation) for one in boxes]
    truth = _so_many_inside(claim, inside)
    if truth is False and _so_many_inside(claim, [_surely(place, one, known) for one in boxes]) is not False:
        truth = None
    return told(truth, claim, f"{sum(one is True for one in inside)} of {len(held)} lie there")


def _surely(place: str, box: Box, known: Annotations) -> bool | None:
    """Whether a box lies in a place beyond dispute: what lies near the centre may be told as being there instead."""
    inside = firmly(place, box, known.orientation)
    return None if inside and not place.startswith("compass") and holds("centre", box) else inside


def _so_many_inside(claim: Claim, inside: Sequence[bool | None]) -> bool | None:
    """Whether as many lie there as is said, by which of them lie there."""
    sure, may = sum(one is True for one in inside), sum(one is not False for one in inside)
    if claim.how in ("all", "not all", "most"):
        return _shared(claim, sure, may, len(inside))
    if claim.how == "told" and claim.count is not None:
        return True if sure == claim.count else None if claim.count <= may else False
    if claim.count is not None or claim.how is not None:
        verdicts = {fits(claim, n) for n in range(sure, may + 1)}
        return verdicts.pop() if len(verdicts) == 1 else None
    truth = True if sure else None if may else False
    return truth if claim.state is Truth.PRESENT or truth is None else not truth


def _shared(claim: Claim, sure: int, may: int, n: int) -> bool | None:
    if claim.state is Truth.ABSENT:  # "it is not on the left": false where all are, true where none is
        return True if may == 0 else False if sure == n else None
    if claim.how == "most":
        return True if 2 * sure > n else None if 2 * may > n else False
    whole = True if sure == n else None if may == n else False
    return whole if claim.how == "all" else None if whole is None else not whole


def _position_by_state(claim: Claim, known: Annotations) -> bool | None:
    """Without known objects: what is absent lies nowhere; the source of the labels lies at the centre."""
    truth = Truth.PRESENT if claim.subject == ANY_OBJECT else state_of(claim.subject, known)
    if truth is Truth.ABSENT:
        return claim.state is Truth.ABSENT
    if truth is Truth.PRESENT and is_central(known) and claim.count in (None, 1):
        if claim.other == "centre":
            return claim.state is Truth.PRESENT
        if claim.subject != ANY_OBJECT and known.objects is None:
            return claim.state is Truth.ABSENT if not (claim.other or "").startswith("compass") else None
    return None


def _class(claim: Claim, known: Annotations) -> Verdict:
    return told(False, claim, f"no class of {known.scheme.name}")


def _topic(claim: Claim, known: Annotations) -> Verdict:
    return Verdict(Judgement.UNVERIFIABLE, f"the answer does not speak of {claim.subject}, which was asked for")


def words(claim: Claim) -> str:
    """A claim as a few words of a reason."""
    what = [claim.kind, claim.subject]
    is_stated = (
        claim.kind in ("presence", "border", "peculiarity", "position", "extreme", "share") and claim.count is None
    )
    what += [str(claim.state)] if is_stated or claim.state is Truth.ABSENT else []
    what += [claim.how] if claim.how else []
    what += [str(claim.count)] if claim.count is not None else []
    what += [claim.other] if claim.other else []
    what += [encode_box(claim.box)] if claim.box else []
    return " ".join(what)


LIMIT_FAR = 0.15
"""Of what is said: a measure may be off a limit by as much, and the limit be meant roughly."""


def within(values: Sequence[float], limit: float, how: str) -> bool | None:
    """Whether measures are at least, or at most, as large as a limit; None where they are not far from it."""
    sign = 1 if how == "at least" else -1
    off = [sign * (limit - value) / limit for value in values]
    return True if max(off) <= 0 else False if min(off) > LIMIT_FAR else None


Rule = Callable[[Claim, Annotations], Verdict]
BASIC: Mapping[str, Rule] = {
    "presence": _presence, "count": _count, "box": _box, "point": _point, "position": _position, "class": _class,
    "topic": _topic,
}  # fmt: skip
