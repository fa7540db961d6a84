"""Statements about statements, denials of several claims, and readings that used to be wrong, held against scenes."""

import pytest

from curation.exams.cases import scenes
from curation.extraction.constructions import negated
from curation.extraction.reading import extract_claims
from curation.verification.alternatives import either, sets_of
from curation.verification.claims import Claim, ExtractedClaim
from curation.verification.entailment import entails
from curation.verification.policy import Verdicts, refusal
from curation.verification.verdicts import Judgement
from curation.verification.verify import verify, verify_turn
from schemas.labels import Truth, package_schemes

YES, NO, OPEN = Judgement.SUPPORTED, Judgement.CONTRADICTED, Judgement.UNVERIFIABLE
FIVE, SIX = Claim("count", "COMPACT", count=5), Claim("count", "COMPACT", count=6)
FLAGGED, NONE_FLAGGED = Claim("presence", "FLAGGED"), Claim("presence", "FLAGGED", Truth.ABSENT)
UNKNOWN = Claim("unread", "sentence")
FIELD = "a-A1"
"""Five compact sources, two extended ones, one of several islands, one flagged; EMU, 943 MHz, 25 arcmin, 15 arcsec."""


@pytest.mark.parametrize(
    ("expected", "sets"),
    [
        (YES, [[SIX], [FIVE]]), (YES, [[FIVE, FLAGGED]]), (NO, [[SIX], [NONE_FLAGGED]]), (NO, [[FIVE, NONE_FLAGGED]]),
        (YES, [[UNKNOWN], [FIVE]]), (OPEN, [[UNKNOWN], [SIX]]), (OPEN, [[FIVE, UNKNOWN]]),
    ],
)  # fmt: skip
def test_one_set_of_claims_is_enough(expected, sets):
    claim = either(*sets)
    assert sets_of(claim) == sets
    assert sets_of(Claim.of(claim.row())) == sets
    assert verify(ExtractedClaim(claim, 0, 0), scenes()[FIELD]).judgement is expected


def test_a_box_survives_in_a_set():
    box = Claim("box", "EXTENDED", box=(0.4, 0.42, 0.6, 0.58))
    assert sets_of(either([box], [FIVE])) == [[box], [FIVE]]


def test_what_one_set_needs_follows_from_what_was_stated():
    scheme = package_schemes()["caesar_mrcnn"]
    assert entails([FIVE], either([FIVE], [NONE_FLAGGED]), scheme) is None
    assert entails([FIVE], either([SIX], [NONE_FLAGGED]), scheme) is not None


@pytest.mark.parametrize("claims", [[FIVE], [FIVE, FLAGGED], [SIX, FLAGGED], [either([SIX], [FIVE])], [SIX]])
def test_a_denial_is_true_where_what_is_denied_is_false(claims):
    denied = negated(claims)
    assert denied is not None
    said, turned = (
        verify_turn([ExtractedClaim(one, 0, 0) for one in some], scenes()[FIELD])[0] for some in (claims, denied)
    )
    assert {said, turned} == {YES, NO}


def test_nothing_is_said_by_the_denial_of_what_cannot_be_denied():
    assert negated([UNKNOWN, Claim("only", "COMPACT")]) is None


@pytest.mark.parametrize(
    ("expected", "scene", "question", "answer"),
    [
        (YES, FIELD, "Aren't there any artefacts?", "No, there are none."),
        (NO, "a-A2", "Aren't there any artefacts?", "No, there are none."),
        (OPEN, FIELD, "How many sources are not compact?", "Four."),
        (YES, FIELD, "How many sources are flagged?", "There is a single flagged source."),
        (OPEN, FIELD, "Which class is the most frequent?", "Compact, with five sources."),
        (OPEN, FIELD, "Is the central source not compact?", "Right, it is extended."),
        (YES, "a-A2", "What lies at the centre?", "An extended source lies at the centre."),
        (OPEN, "a-A2", "What lies at the centre?", "An artefact lies at the centre."),
        (NO, "a-K1", "Which galaxy lies at the centre?", "A peculiar galaxy lies at the centre."),
    ],
)
def test_answers_to_questions(expected, scene, question, answer):
    known = scenes()[scene]
    found = extract_claims(question, answer, known.scheme, "xyxy_norm")
    assert verify_turn(found, known)[0] is expected, [one.claim for one in found]


@pytest.mark.parametrize(
    ("expected", "scene", "text"),
    [
        (YES, FIELD, "At least one of these two holds: six sources are compact, or one source is flagged."),
        (NO, FIELD, "At least one of these two holds: six sources are compact, or no source is flagged."),
        (OPEN, FIELD, "At least one of these two holds: six sources are compact, or the moon is full."),
        (YES, FIELD, "Neither of these holds: six sources are compact, or no source is flagged."),
        (NO, FIELD, "Neither of these holds: six sources are compact, or one source is flagged."),
        (YES, FIELD, "Both of these hold: five sources are compact, and one source is flagged."),
        (NO, FIELD, "Both of these hold: five sources are compact, and no source is flagged."),
        (YES, FIELD, "It is not the case that there are six compact sources and two artefacts."),
        (NO, FIELD, "It is not the case that there are five compact sources and one flagged source."),
        (YES, FIELD, "One might say that there are six compact sources and two artefacts. That is wrong."),
        # what the rules of the sky judge is turned round when it is denied
        (NO, FIELD, "It is not true that the map has a beam of 15 arcsec."),
        (YES, FIELD, "It is not true that the map has a beam of 45 arcsec."),
        (NO, FIELD, "It is not true that the frequency is 943 MHz."),
        # what a denial belongs to
        (YES, "a-D1", "It looks like an FR-I radio galaxy and not like an FR-II radio galaxy."),
        (NO, "a-D1", "It looks like an FR-II radio galaxy and not like an FR-I radio galaxy."),
        (OPEN, "a-A2", "The compact source keeps to the upper left corner, far from the artefacts."),
        (OPEN, FIELD, "There are four sources that are not compact."),
        (NO, "a-E2", "Each of the two components has a single peak."),
        (OPEN, "a-A4", "Compact sources, nine of them, make up the entire content of the field."),
        (YES, "a-K3", "Besides two FR-I galaxies there are only compact ones."),
        (OPEN, FIELD, "The extended source in the upper right is not the largest one."),
        (YES, "a-B6", "There are no sources in this image, only background noise."),
        (YES, "a-A4", "There are no extended sources, only compact ones."),
        (OPEN, "a-A4", "There are no artefacts, extended sources."),
        # one after the other
        (YES, "a-K1", "Three compact galaxies: one at the centre, one at the lower left, one at the upper right."),
        (OPEN, "b-C3", "The image shows two resolved galaxies, one at the top and one at the bottom."),
        (YES, FIELD, "Nine radio sources can be identified in this EMU image at 943 MHz."),
        (NO, FIELD, "Nine radio sources can be identified in this VLASS image at 3 GHz."),
        (YES, "a-A2", "Of the six objects only two are real."),
        (NO, "a-A2", "Of the six objects only three are real."),
        (YES, "a-A4", "Nine point-like sources are scattered over the image, mostly in the right half."),
        (NO, "a-A4", "Nine point-like sources are scattered over the image, mostly in the left half."),
    ],
)  # fmt: skip
def test_statements_of_scenes(expected, scene, text):
    known = scenes()[scene]
    found = extract_claims("Describe the image.", text, known.scheme, "xyxy_norm")
    assert verify_turn(found, known)[0] is expected, [one.claim for one in found]
    assert (refusal(found, known, Verdicts()) is None) is (expected is YES)
