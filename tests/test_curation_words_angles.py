"""Whatever beam and side a picture has, the checker reads in the description what the description says of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.checker.claims import SurveyFacts, Truths
from curation.checker.faithfulness import judge_turn, read_claims
from curation.checker.verdicts import Judgement
from curation.words.descriptions import description
from schemas.labels import Truth, label_scheme

SCHEME = label_scheme("mirabest")
ANGLES = st.floats(0.1, 3600, exclude_min=True)


def told(beam_arcsec=None, side_arcsec=None, cutout="cutout-0000000000000000") -> tuple[str, Truths]:
    truths = Truths(
        cutout_id=cutout, source_id="source-0000000000000000", scheme=SCHEME,
        labels=dict.fromkeys(SCHEME.labels, Truth.UNKNOWN), objects=None,
        survey=SurveyFacts("The FIRST survey", 1400.0), side_arcsec=side_arcsec, beam_arcsec=beam_arcsec,
    )  # fmt: skip
    return description(truths).text, truths


def faults(text: str, truths: Truths) -> list[str]:
    verdict, why = judge_turn(read_claims("", text, SCHEME, "xyxy_norm"), truths)
    return [] if verdict is Judgement.SUPPORTED else [text, *why]


@given(major=ANGLES, minor=ANGLES, k=st.integers(0, 9))
@settings(deadline=None, max_examples=300)
def test_any_beam_is_read_as_it_is_told(major, minor, k):
    text, truths = told((major, minor), cutout=f"cutout-{k:016d}")
    assert "beam" in text and not faults(text, truths)
    read = {one.claim.count for one in read_claims("", text, SCHEME, "xyxy_norm") if one.claim.kind == "beam"}
    assert all(any(abs(mas - 1000 * axis) <= 6 * axis for mas in read) for axis in (major, minor))


@given(side=st.floats(0.4, 300_000), k=st.integers(0, 9))
@settings(deadline=None, max_examples=200)
def test_any_side_is_read_as_it_is_told(side, k):
    text, truths = told(side_arcsec=side, cutout=f"cutout-{k:016d}")
    assert "on a side" in text and not faults(text, truths)


@pytest.mark.parametrize(
    ("beam", "words"),
    [
        ("1.25 arcmin by 59 arcsec", [75_000, 59_000]),
        ("75 by 59 arcsec", [75_000, 59_000]),
        ("75 arcsec x 59 arcsec", [75_000, 59_000]),
        ("1.25' × 59\"", [75_000, 59_000]),
        ("1.25 deg by 59 arcminutes", [4_500_000, 3_540_000]),
        ("2 by 1.5 arcminutes", [120_000, 90_000]),
    ],
)
def test_each_axis_of_a_beam_has_its_own_unit(beam, words):
    found = read_claims("", f"The map has a synthesised beam of {beam}.", SCHEME, "xyxy_norm")
    assert [one.claim.count for one in found if one.claim.kind == "beam"] == words


def test_a_wrong_axis_is_still_found_wrong():
    _, truths = told((75.0, 59.0))
    for text in (
        "a beam of 1.25 arcmin by 59 arcmin",
        "a beam of 1.25 arcsec by 59 arcsec",
        "a beam of 75 by 50 arcsec",
    ):
        verdict, _ = judge_turn(read_claims("", f"The map has {text}.", SCHEME, "xyxy_norm"), truths)
        assert verdict is Judgement.CONTRADICTED


def test_a_beam_below_a_tenth_of_an_arcsecond_is_not_told():
    text, truths = told((0.05, 0.04))
    assert "beam" not in text and not faults(text, truths)
