"""Which turns may stand in one conversation: none that tells another's answer, by what it says or leaves out."""

import pytest

from curation.fault_injection.scenes import synthetic_scenes
from curation.verification.claims import Annotations, Claim, SeenObject
from curation.words.flags import flags_of
from curation.words.question import AskedTurn, expanded, questions
from curation.words.topics import apart, topics
from curation.words.turns import turns_about
from schemas.labels import Truth, label_scheme, label_schemes

SCENES = synthetic_scenes("topics", 8 * len(label_schemes()))


def talks_of(known, description=None):
    asked = expanded(questions().values(), known.scheme)
    return apart(turns_about(known, description, asked, "xyxy_norm"), known.scheme)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.key)
def test_no_turn_says_what_an_earlier_one_of_its_conversation_has_said(scene):
    given = [AskedTurn(one.question, one.answer, one.kind, "", one.claims) for one in scene.turns]
    talks = apart(given, scene.known.scheme)
    assert sorted(turn.question for talk in talks for turn in talk) == sorted(turn.question for turn in given)
    for talk in talks:
        flagged = flags_of([turn.row() for turn in talk], [turn.claims for turn in talk], scene.known.scheme)
        assert not [one for one in flagged if "answerable-earlier" in one or "near-duplicate" in one], talk


def test_together_they_would_say_it_so_the_test_above_can_fail():
    known, turns = SCENES[0].known, SCENES[0].turns
    flagged = flags_of([{"question": one.question, "answer": one.answer, "kind": one.kind} for one in turns],
                       [one.claims for one in turns], known.scheme)  # fmt: skip
    assert sum("answerable-earlier" in one for one in flagged) > 1


@pytest.mark.parametrize("name", sorted(label_schemes()))
def test_a_description_tells_all_that_holds_so_nothing_known_is_asked_after_it(name):
    scheme = label_scheme(name)
    known = Annotations("c", "s", scheme, dict.fromkeys(scheme.labels, Truth.ABSENT), objects=())
    talks = talks_of(known, {"text": "It is a cutout.", "claims": [Claim("map", "radio-continuum").row()]})
    assert [turn.kind for turn in talks[0]] == ["description"]
    assert all(turn.kind != "description" for talk in talks[1:] for turn in talk)


def picture(scheme, state, blank_fraction):
    labels = dict.fromkeys(scheme.labels, state)
    one = SeenObject("o", (0.1, 0.1, 0.2, 0.2), frozenset(scheme.labels) if state is Truth.PRESENT else frozenset())
    return Annotations("c", "s", scheme, labels, objects=(one,), blank_fraction=blank_fraction)


@pytest.mark.parametrize("name", sorted(label_schemes()))
def test_what_stands_together_does_not_depend_on_the_answers(name):
    scheme = label_scheme(name)
    if scheme.kind == "single" and scheme.about != "objects":
        first, second = list(scheme.labels)[:2]
        pictures = [
            Annotations(
                "c", "s", scheme, {one: Truth.PRESENT if one == held else Truth.ABSENT for one in scheme.labels}
            )
            for held in (first, second)
        ]
    else:
        pictures = [picture(scheme, Truth.PRESENT, 0.0), picture(scheme, Truth.ABSENT, 0.0)]
    asked = [[[turn.question_id for turn in talk] for talk in talks_of(one)] for one in pictures]
    both = {one for talk in asked[0] for one in talk} & {one for talk in asked[1] for one in talk}
    assert both
    kept = [[[one for one in talk if one in both] for talk in talks] for talks in asked]
    assert [talk for talk in kept[0] if talk] == [talk for talk in kept[1] if talk]


@pytest.mark.parametrize(
    ("scheme", "one", "other", "is_apart"),
    [
        ("radioimg_multilabel", Claim("presence", "RADIO-GALAXY"), Claim("presence", "EXTENDED"), True),  # implied
        ("radioimg_multilabel", Claim("presence", "FILAMENT"), Claim("peculiarity", "COMPLEX"), True),
        ("radioimg_multilabel", Claim("border", "blank"), Claim("border", "edge", Truth.ABSENT), True),
        ("radioimg_multilabel", Claim("border", "blank"), Claim("presence", "BORDER", Truth.ABSENT), True),
        ("radioimg_multilabel", Claim("presence", "COMPACT"), Claim("presence", "ARTIFACT"), False),
        ("mirabest", Claim("presence", "FR-I"), Claim("presence", "FR-II", Truth.ABSENT), True),  # exclusive
        ("mirabest", Claim("presence", "FR-I"), Claim("border", "blank"), False),
        ("rgz_smorph", Claim("structure", "islands", count=2), Claim("presence", "2C-2P"), True),
        ("caesar_mrcnn", Claim("count", "COMPACT", count=2), Claim("presence", "COMPACT"), True),
        ("caesar_mrcnn", Claim("count", "source", count=2), Claim("count", "COMPACT", count=2), True),
        ("caesar_mrcnn", Claim("box", "COMPACT", box=(0, 0, 1, 1)), Claim("count", "source", count=1), True),
        ("caesar_mrcnn", Claim("count", "COMPACT", count=2), Claim("presence", "EXTENDED", Truth.ABSENT), False),
        ("mirabest", Claim("size", "image", count=3), Claim("presence", "FR-I"), False),
    ],
)  # fmt: skip
def test_claims_share_a_topic_where_one_tells_something_of_the_other(scheme, one, other, is_apart):
    first, second = (topics("generated", [claim], label_scheme(scheme)) for claim in (one, other))
    assert bool(first & second) is is_apart
