"""How claims about the picture as a whole are judged: blank pixels, peculiarity, survey, frequency, angles."""

import re
from collections.abc import Mapping

from curation.verification.claims import Annotations, Claim
from curation.verification.compass import ANGLE_FAR_DEG, ANGLE_NEAR_DEG, apart_deg
from curation.verification.surveys import SURVEYS
from curation.verification.verdicts import Judgement, Rule, Verdict, told
from schemas.labels import Truth

PERCENT_TOLERANCE = 1.0

NEARNESS = 0.01  # of an angle or a frequency: texts have three digits
WAVE_NEARNESS = 0.04  # of a frequency said as a wavelength in whole centimetres: bands are called so


def _border(claim: Claim, known: Annotations) -> Verdict:
    if claim.count is not None:
        percent = known.blank_percent
        if percent is None:
            return told(None, claim, "the picture is not square: bands beside it look blank as well")
        compared = f"{percent:.1f} % of the pixels are blank"
        if percent <= 0:
            return told(False, claim, compared)
        if claim.how in ("at least", "at most"):
            is_true: bool | None = percent >= claim.count - PERCENT_TOLERANCE
            if claim.how == "at most":
                is_loose = percent < claim.count / 2  # true, but nobody who knew would say so
                is_true = percent <= claim.count + PERCENT_TOLERANCE and (None if is_loose else True)
            return told(is_true, claim, compared)
        tolerance = max(PERCENT_TOLERANCE, 0.25 * claim.count) if claim.how == "about" else PERCENT_TOLERANCE
        return told(abs(percent - claim.count) <= tolerance, claim, compared)
    truth = known.edge if claim.subject == "edge" else known.blank
    return told(None if truth is Truth.UNKNOWN else truth is claim.state, claim, f"the catalogue says {truth}")


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
    ours = [
        name
        for name, begins in SURVEYS.items()
        if name in survey.name.split() or name in re.findall(r"\w+", survey.name) or survey.name.startswith(begins)
    ]
    if survey.name.startswith(title) or claim.subject in ours:
        return told(True if len(ours) == 1 or survey.name == claim.subject else None, claim, survey.name)
    shared = set(re.findall(r"\w+", survey.name.lower())) & set(re.findall(r"\w+", title.lower())) - COMMON
    return told(None if shared else False, claim, f"another survey: {survey.name}")


def _title(claim: Claim, ours: str) -> Verdict:
    """A title as a text has it: the same but for small words and case, or a part of it."""
    said, own = (
        set(re.findall(r"[a-z0-9.]+", one.lower())) - {"the", "of", "and", "survey", "s"}
        for one in (claim.subject, ours)
    )
    short = next((begins for name, begins in SURVEYS.items() if name in claim.subject.split()), claim.subject)
    if said == own or (said and said < own) or ours.startswith(short):
        return told(True, claim, ours)
    if any(name in ours.split() and title.lower() in claim.subject.lower() for name, title in SURVEYS.items()):
        return told(True, claim, ours)
    return told(None if said & own - COMMON else False, claim, f"another survey: {ours}")


def _frequency(claim: Claim, known: Annotations) -> Verdict:
    mhz = (known.survey.frequency_mhz if known.survey else None) or 0
    near = WAVE_NEARNESS if claim.how == "wavelength" else NEARNESS
    return told(is_near(claim.count, mhz, near) if mhz > 0 else None, claim, f"{mhz} MHz")


def _beam(claim: Claim, known: Annotations) -> Verdict:
    axes = known.beam_arcsec or ()
    return told(any(is_near(claim.count, 1000 * one) for one in axes) if axes else None, claim, f"{axes} arcsec")


def _size(claim: Claim, known: Annotations) -> Verdict:
    sides = [one for one in (known.side_arcsec, known.height_arcsec) if one]
    found = {is_near(claim.count, 1000 * one) for one in sides}
    truth = True in found if claim.how == "one axis" or len(found) == 1 else None  # it says one side, there are two
    return told(truth if sides else None, claim, f"{' by '.join(f'{one:g}' for one in sides)} arcsec")


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


def is_near(count: int | None, value: float, nearness: float = NEARNESS) -> bool:
    """Whether a number is a value, as far as three digits go."""
    return count is not None and abs(count - value) <= nearness * value


def _nothing(claim: Claim, known: Annotations) -> Verdict:
    return Verdict(Judgement.SUPPORTED)


SKY: Mapping[str, Rule] = {
    "border": _border, "peculiarity": _peculiarity, "survey": _survey, "frequency": _frequency, "beam": _beam,
    "size": _size, "orientation": _orientation, "map": _nothing,
}  # fmt: skip
