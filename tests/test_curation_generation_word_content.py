"""The content of words: what no model can talk away, tried with the worst reader that could be."""

import json

import pytest

from curation.asking.request import Reply
from curation.exams.cases import Half, of_models, scenes, statements
from curation.fault_injection.injections import fault_injections, faults, styles, true_controls
from curation.fault_injection.scenes import synthetic_scenes
from curation.generation.caption import caption
from curation.generation.model_reader import reading_of
from curation.generation.readers import Answered, rule_reader
from curation.verification.verify import Judgement, verify
from tests.test_curation_generation_fates import GALAXY, MISMATCHES, OBJECTS
from tests.worst_reader import passes

TELLERS = styles()
LONGEST = 400
"""Characters of an answer that is tried."""


@pytest.mark.parametrize(("annotations", "stated", "text", "mark"), MISMATCHES, ids=[one[2][:50] for one in MISMATCHES])
def test_no_true_claims_whatever_get_words_through_that_say_something_else(annotations, stated, text, mark):
    own = {one.content for one in stated}
    assert passes(text, annotations, may_say=lambda one: one.content in own) is None


def test_of_the_exam_no_false_or_undecided_statement_gets_through_that_the_reader_by_rule_left_unread():
    """On the half that may be looked at, with all that is true of the scene to choose from."""
    n_tried = 0
    for case in [*statements(Half.DEVELOPMENT), *of_models(Half.DEVELOPMENT)]:
        known = scenes()[case.scene]
        ((read,),) = rule_reader([Answered(case.question, (case.text,))], known.scheme, case.dialect)
        if case.truth is Judgement.SUPPORTED or (read.is_understood and read.claims):
            continue
        n_tried += 1
        assert passes(case.text, known, case.dialect) is None, case.text
    assert n_tried > 20


@pytest.mark.parametrize("seed", range(2))
def test_captions_of_other_pictures_get_through_only_where_they_are_true(seed):
    picked, n_through = synthetic_scenes(f"worst:{seed}", 21), 0
    for one, other in zip(picked, picked[7:], strict=False):
        for said in caption(other.known, one.dialect):
            found = passes(said.text, one.known, one.dialect)
            if not found:
                continue
            n_through += 1
            judgements = {
                verify(each, one.known).judgement
                for each in rule_reader([Answered("", (said.text,))], one.known.scheme, one.dialect)[0][0].claims
            }
            assert Judgement.CONTRADICTED not in judgements, (said.text, found)
    assert n_through


def test_no_planted_fault_gets_through_with_whatever_is_true_of_the_picture():
    planters, n_tried, n_true = faults(), 0, 0
    for scene in synthetic_scenes("worst-faults", 14):
        for one in (*fault_injections(scene, planters, TELLERS), *true_controls(scene, TELLERS)):
            found = passes(one.answer, scene.known, scene.dialect) if len(one.answer) < LONGEST else None
            assert found is None or one.is_true, (one, found)
            n_tried, n_true = n_tried + (not one.is_true), n_true + (found is not None)
    assert n_tried > 100 and n_true


def test_what_it_gives_is_a_reply_that_is_understood():
    for text, known in (("There is one compact source.", OBJECTS), ("No FR-I galaxy is seen.", GALAXY)):
        found = passes(text, known)
        assert found
        reply = Reply("key", json.dumps({"claims": found, "left_over": []}))
        assert reading_of(reply, text, known.scheme, "xyxy_norm").is_understood
