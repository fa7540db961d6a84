"""How claims about the picture as a whole are judged: blank pixels, peculiarity, survey, frequency, angles."""

import re
from collections.abc import Mapping

from curation.verification.claims import Annotations, Claim
from curation.verification.compass import ANGLE_FAR_DEG, ANGLE_NEAR_DEG, apart_deg
from curation.verification.surveys import SURVEYS, TELESCOPES
from curation.verification.verdicts import Judgement, Rule, Verdict, told, within
from schemas.labels import Truth

PERCENT_TOLERANCE, PERCENT_FAR = 1.0, 3.0
ROUGHLY_SHARE, BOUND_SHARE = 0.35, 0.1
"""Of what is said: a share, or a bound of one, that is off by less may be meant roughly."""

NEARNESS = 0.01  # of an angle or a frequency: texts have three digits
ROUGHLY = 0.15  # so near it may be said in fewer digits, or with a "slightly" before it
WAVE_NEARNESS, WAVE_FAR = 0.075, 0.15  # of a frequency said as a wavelength: 20 cm is the name of a band
TWO_DIGITS = 10
LIMITS = ("at least", "at most")


def _border(claim: Claim, known: Annotations) -> Verdict:
    if claim.count is not None:
        percent = known.blank_percent
        if percent is None:
            return told(None, claim, "the picture is not square: bands beside it look blank as well")
        compared = f"{percent:.1f} % of the pixels are blank"
        if percent <= 0:
            return told(False, claim, compared)
        if claim.how in ("at least", "at most"):
            may = _unless_far(percent, claim.count, BOUND_SHARE)
            is_true: bool | None = percent >= claim.count - PERCENT_TOLERANCE or may
            if claim.how == "at most":
                is_loose = percent < claim.count / 2  # true, but nobody who knew would say so
                is_true = percent <= claim.count + PERCENT_TOLERANCE or may
                is_true = None if is_loose else is_true
            return told(is_true, claim, compared)
        tolerance = max(PERCENT_TOLERANCE, 0.25 * claim.count) if claim.how == "about" else PERCENT_TOLERANCE
        is_so = abs(percent - claim.count) <= tolerance or _unless_far(percent, claim.count)
        return told(is_so, claim, compared)
    truth = known.edge if claim.subject == "edge" else known.blank
    return told(None if truth is Truth.UNKNOWN else truth is claim.state, claim, f"the catalogue says {truth}")


def _unless_far(percent: float, said: int, roughly: float = ROUGHLY_SHARE) -> bool | None:
    """False of a share that nobody would call so however roughly, else None."""
    return None if abs(percent - said) <= max(PERCENT_FAR, roughly * said) else False


def _peculiarity(claim: Claim, known: Annotations) -> Verdict:
    truth = known.peculiarity
    agrees = (truth == claim.subject) == (claim.state is Truth.PRESENT)
    return told(None if truth is None else agrees, claim, f"the picture is {truth}")


COMMON = frozenset(
    {"the", "of", "and", "survey", "sky", "radio", "map", "data", "field", "fields", "pilot", "main", "part", "release"}
)


def _survey(claim: Claim, known: Annotations) -> Verdict:
    survey = known.survey
    if survey is None:
        return told(None, claim, "no survey is known")
    if claim.how == "title":
        return _title(claim, survey.name)
    if claim.how != "name":
        return told(survey.name == claim.subject, claim, f"another survey: {survey.name}")
    title = SURVEYS.get(claim.subject, claim.subject)
    ours = _short_names(survey.name)
    if claim.subject in TELESCOPES:
        made = {name in TELESCOPES[claim.subject] for name in ours}
        return told(made.pop() if len(made) == 1 else None, claim, survey.name)
    if _plain(survey.name).startswith(title) or claim.subject in ours:
        return told(True if len(ours) == 1 or survey.name == claim.subject else None, claim, survey.name)
    shared = set(re.findall(r"\w+", survey.name.lower())) & set(re.findall(r"\w+", title.lower())) - COMMON
    return told(False if ours and not shared else None, claim, f"another survey: {survey.name}")


def _plain(title: str) -> str:
    return title.replace("Very Large Array", "VLA")


def _short_names(title: str) -> list[str]:
    """The short names of the surveys that a title means."""
    words, plain = re.findall(r"\w+", title), _plain(title)
    return [name for name, begins in SURVEYS.items() if name in words or plain.startswith(begins)]


def _title(claim: Claim, ours: str) -> Verdict:
    """A title as a text has it: the same but for small words and case, or a part of it."""
    said, own = (
        set(re.findall(r"[a-z0-9.]+", one.lower())) - {"the", "of", "and", "survey", "s"}
        for one in (_plain(claim.subject), _plain(ours))
    )
    short = next((begins for name, begins in SURVEYS.items() if name in claim.subject.split()), claim.subject)
    if said == own or (said and said < own) or _plain(ours).startswith(short):
        return told(True, claim, ours)
    if any(name in ours.split() and title.lower() in claim.subject.lower() for name, title in SURVEYS.items()):
        return told(True, claim, ours)
    is_other = _short_names(claim.subject) and _short_names(ours) and not said & own - COMMON
    return told(False if is_other else None, claim, f"another survey: {ours}")


def _frequency(claim: Claim, known: Annotations) -> Verdict:
    mhz = (known.survey.frequency_mhz if known.survey else None) or 0
    if mhz <= 0:
        return told(None, claim, "no frequency is known")
    if claim.how == "wavelength":
        return told(closeness(claim.count, mhz, WAVE_NEARNESS, WAVE_FAR), claim, f"{mhz} MHz")
    if claim.how in LIMITS and claim.count:
        return told(within([mhz], claim.count, claim.how), claim, f"{mhz} MHz")
    is_rounded = claim.count is not None and abs(round(mhz, -2) - claim.count) < 1 and mhz >= TWO_DIGITS * 100
    return told(True if is_rounded else closeness(claim.count, mhz), claim, f"{mhz} MHz")


def _beam(claim: Claim, known: Annotations) -> Verdict:
    axes = known.beam_arcsec or ()
    if axes and claim.how in LIMITS and claim.count:
        return told(within([1000 * one for one in axes], claim.count, claim.how), claim, f"{axes} arcsec")
    found = [closeness(claim.count, 1000 * one) for one in axes]
    return told(True if True in found else None if None in found or not found else False, claim, f"{axes} arcsec")


def _size(claim: Claim, known: Annotations) -> Verdict:
    sides = [one for one in (known.side_arcsec, known.height_arcsec) if one]
    found = {closeness(claim.count, 1000 * one) for one in sides}
    if sides and claim.how in LIMITS and claim.count:
        found = {within([1000 * one for one in sides], claim.count, claim.how)}
    truth = next(iter(found)) if len(found) == 1 else True if True in found and claim.how == "one axis" else None
    return told(truth, claim, f"{' by '.join(f'{one:g}' for one in sides)} arcsec")


def _orientation(claim: Claim, known: Annotations) -> Verdict:
    sky = known.orientation
    if sky is None:
        return told(None, claim, "which way north is is not known")
    if claim.how == "mirrored":
        truth: bool | None = sky.is_mirrored
    elif claim.count is not None:
        off = apart_deg(claim.count / 100, sky.up_pa_deg)
        truth = True if off <= ANGLE_NEAR_DEG else False if off > ANGLE_FAR_DEG else None
    else:
        truth = sky.says_so(claim.subject, claim.other or "")
    compared = f"up is at position angle {sky.up_pa_deg:.1f} deg, left at {sky.left_pa_deg:.1f} deg"
    return told(truth if truth is None else truth is (claim.state is Truth.PRESENT), claim, compared)


def closeness(count: int | None, value: float, near: float = NEARNESS, far: float = ROUGHLY) -> bool | None:
    """Whether a number is a value, as far as three digits go; None where it may be one, said roughly."""
    off = abs((count or 0) - value)
    return True if off <= near * value else None if off <= far * value else False


def _nothing(claim: Claim, known: Annotations) -> Verdict:
    return Verdict(Judgement.SUPPORTED)


SKY: Mapping[str, Rule] = {
    "border": _border, "peculiarity": _peculiarity, "survey": _survey, "frequency": _frequency, "beam": _beam,
    "size": _size, "orientation": _orientation, "map": _nothing,
}  # fmt: skip
