"""Whatever beam and side a picture has, the checker reads in the description what the description says of them."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.extraction.reading import extract_claims
from curation.verification.claims import Annotations, SurveyFacts
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify_turn
from curation.words.descriptions import description
from schemas.labels import Truth, label_scheme

SCHEME = label_scheme("mirabest")
ANGLES = st.floats(0.1, 3600, exclude_min=True)


def told(beam_arcsec=None, side_arcsec=None, cutout="cutout-0000000000000000") -> tuple[str, Annotations]:
    annotations = Annotations(
        cutout_id=cutout, source_id="source-0000000000000000", scheme=SCHEME,
        labels=dict.fromkeys(SCHEME.labels, Truth.UNKNOWN), objects=None,
        survey=SurveyFacts("The FIRST survey", 1400.0), side_arcsec=side_arcsec, beam_arcsec=beam_arcsec,
    )  # fmt: skip
    return description(annotations).text, annotations


def faults(text: str, annotations: Annotations) -> list[str]:
    verdict, why = verify_turn(extract_claims("", text, SCHEME, "xyxy_norm"), annotations)
    return [] if verdict is Judgement.SUPPORTED else [text, *why]


@given(major=ANGLES, minor=ANGLES, k=st.integers(0, 9))
@settings(deadline=None, max_examples=300)
def test_any_beam_is_read_as_it_is_told(major, minor, k):
    text, annotations = told((major, minor), cutout=f"cutout-{k:016d}")
    assert re.search("beam|resolution", text) and not faults(text, annotations)
    read = {one.claim.count for one in extract_claims("", text, SCHEME, "xyxy_norm") if one.claim.kind == "beam"}
    assert all(any(abs(mas - 1000 * axis) <= 6 * axis for mas in read) for axis in (major, minor))


@given(side=st.floats(0.4, 300_000), k=st.integers(0, 9))
@settings(deadline=None, max_examples=200)
def test_any_side_is_read_as_it_is_told(side, k):
    text, annotations = told(side_arcsec=side, cutout=f"cutout-{k:016d}")
    assert "on a side" in text and not faults(text, annotations)


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
    found = extract_claims("", f"The map has a synthesised beam of {beam}.", SCHEME, "xyxy_norm")
    assert [one.claim.count for one in found if one.claim.kind == "beam"] == words


def test_a_wrong_axis_is_still_found_wrong():
    _, annotations = told((75.0, 59.0))
    for text in (
        "a beam of 1.25 arcmin by 59 arcmin",
        "a beam of 1.25 arcsec by 59 arcsec",
        "a beam of 75 by 50 arcsec",
    ):
        verdict, _ = verify_turn(extract_claims("", f"The map has {text}.", SCHEME, "xyxy_norm"), annotations)
        assert verdict is Judgement.CONTRADICTED


def test_a_beam_below_a_tenth_of_an_arcsecond_is_not_told():
    text, annotations = told((0.05, 0.04))
    assert "beam" not in text and not faults(text, annotations)
