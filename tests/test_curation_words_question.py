"""The doors of questions: each loads, and each answers its own examples; and the paper's rules for what is true."""

import pytest

from curation.checker.claims import SeenObject, Truths
from curation.words.question import ANSWERS_OF, Question, ask, expanded, questions
from schemas.errors import RecipeError
from schemas.folder import read_door
from schemas.labels import Truth, label_scheme, label_schemes

DOORS = questions()
EXAMPLES = [(name, at) for name, door in DOORS.items() for at in range(len(door.example))]
ENOUGH_KEYS = 64


def known_of(scheme_name, labels, objects=None, blank_fraction=0.0):
    """Truths by hand, as `truths` would give them: implied labels hold, objects with classes decide on theirs."""
    scheme = label_scheme(scheme_name)
    states = {label: Truth(labels.get(label, "unknown")) for label in scheme.labels}
    states |= dict.fromkeys(scheme.with_implied([one for one in labels if labels[one] == "present"]), Truth.PRESENT)
    seen = None
    if objects is not None:
        seen = tuple(
            SeenObject(f"obj-{at}", one.box, frozenset(scheme.with_implied(one.labels)) if one.labels else None)
            for at, one in enumerate(objects)
        )
        if all(one.labels for one in seen) and not labels:
            states = {
                one: Truth.PRESENT if any(one in each.labels for each in seen) else Truth.ABSENT for one in states
            }
    return Truths("cutout-0", "source-0", scheme, states, objects=seen, blank_fraction=blank_fraction)


def answers(door, known, label="", dialect="xyxy_norm"):
    """Every answer that the keys bring about."""
    (question,) = [one for one in expanded([door], known.scheme) if one.label == (label or one.label)]
    asked = [ask(question, known, f"key {at}", dialect) for at in range(ENOUGH_KEYS)]
    return {turn.answer if turn else "" for turn in asked}


@pytest.mark.parametrize(("name", "at"), EXAMPLES)
def test_a_question_answers_its_examples(name, at):
    door, example = DOORS[name], DOORS[name].example[at]
    known = known_of(example.scheme, example.labels, example.objects, example.blank_fraction)
    found = answers(door, known, example.label)
    assert example.answer in found
    assert ("" in found) == (example.answer == "")


@pytest.mark.parametrize("name", DOORS)
def test_a_question_is_for_schemes_and_labels_that_exist(name):
    door = DOORS[name]
    for scheme in label_schemes().values():
        if door.is_for(scheme):
            assert expanded([door], scheme)
    assert set(door.schemes) - {"*"} <= label_schemes().keys()
    assert (
        not door.label or door.kind == "border" or all(door.label in label_scheme(one).labels for one in door.schemes)
    )


@pytest.mark.parametrize(
    ("scheme", "wanted"),
    [
        (
            "radioimg_multilabel",
            {"describe", "boxes_of_sources", "radio_galaxy", "morphology_classes", "artefact", "border", "ordinary"},
        ),
        ("caesar_mrcnn", {"describe", "boxes_of_class", "border"}),
        ("mirabest", {"describe", "fr_class", "border"}),
        ("rgz_smorph", {"describe", "rgz_class", "border"}),
        ("smgps_extcat", {"describe", "radio_galaxy_smgps", "morphology_smgps", "border"}),
    ],
)
def test_the_questions_that_the_paper_requires_exist_where_labels_allow(scheme, wanted):
    assert wanted <= {one.name for one in expanded(DOORS.values(), label_scheme(scheme))}


def test_the_description_has_twelve_wordings_and_comes_first():
    assert next(iter(DOORS)) == "describe"
    assert len(set(DOORS["describe"].wordings)) == 12


def test_diffuse_large_or_a_filament_alone_is_complex():
    for label in ("DIFFUSE-LARGE", "FILAMENT"):
        absent = dict.fromkeys(
            ["PECULIAR", "RADIO-GALAXY", "EXTENDED", "DIFFUSE", "DIFFUSE-LARGE", "FILAMENT"], "absent"
        )
        known = known_of("radioimg_multilabel", absent | {label: "present"})
        assert answers(DOORS["peculiarity_class"], known) == {"COMPLEX"}


def test_a_radio_galaxy_alone_is_answered_as_extended():
    known = known_of("radioimg_multilabel", {"RADIO-GALAXY": "present", "DIFFUSE": "absent", "DIFFUSE-LARGE": "absent"})
    assert answers(DOORS["morphology_classes"], known) == {"EXTENDED"}


def test_nothing_is_asked_of_labels_that_are_not_known():
    for scheme in label_schemes().values():
        known = Truths("cutout-0", "source-0", scheme, dict.fromkeys(scheme.labels, Truth.UNKNOWN))
        asked = [ask(one, known, "key", "xyxy_norm") for one in expanded(DOORS.values(), scheme)]
        assert {turn.kind for turn in asked if turn} == {"border"}


@pytest.mark.parametrize("dialect", ["xyxy_norm", "xywh_center_norm", "xyxy_1000"])
def test_the_dialect_is_named_in_the_question(dialect):
    known = known_of("lomorph", {}, DOORS["boxes_of_sources"].example[0].objects)
    turn = ask(DOORS["boxes_of_sources"], known, "key", dialect)
    assert {"xyxy_norm": "[x_min", "xywh_center_norm": "[x_center", "xyxy_1000": "thousandths"}[
        dialect
    ] in turn.question
    assert turn.answer.count("[") == 2


@pytest.mark.parametrize(
    "name", [name for name, door in DOORS.items() if any("{options}" in one for one in door.wordings)]
)
def test_the_options_stand_one_to_a_line_with_their_definitions(name):
    door = DOORS[name]
    known = known_of(door.example[0].scheme, door.example[0].labels)
    lines = ask(door, known, "key", "xyxy_norm").question.split("\n")
    offered = list(door.classes or door.labels or known.scheme.labels)
    assert [line for line in lines if line in offered] == offered
    assert [line.split(":")[0] for line in lines if line.split(":")[0] in offered and ":" in line] == offered


def test_the_wording_depends_on_the_key_alone_and_all_are_used():
    known = known_of("mirabest", {"FR-I": "present", "FR-II": "absent", "HYBRID": "absent"})
    asked = [ask(DOORS["fr_class"], known, f"cutout {at}", "xyxy_norm").question for at in range(40)]
    assert len(set(asked)) == len(DOORS["fr_class"].wordings)
    assert asked == [ask(DOORS["fr_class"], known, f"cutout {at}", "xyxy_norm").question for at in range(40)]


def test_a_box_too_many_leaves_the_question_unasked():
    boxes = [(0.01 * at, 0.1, 0.01 * at + 0.02, 0.2) for at in range(61)]
    objects = tuple(SeenObject(f"o{at}", box) for at, box in enumerate(boxes))
    known = Truths("cutout-0", "source-0", label_scheme("lomorph"), {}, objects=objects)
    assert ask(DOORS["boxes_of_sources"], known, "key", "xyxy_norm") is None
    assert ask(DOORS["count_of_sources"], known, "key", "xyxy_norm").claims[0].count == 61


def test_a_box_that_cannot_be_written_leaves_boxes_unasked_but_counts():
    objects = (SeenObject("o1", None), SeenObject("o2", (0.1, 0.1, 0.2, 0.2)))
    known = Truths("cutout-0", "source-0", label_scheme("lomorph"), {}, objects=objects)
    assert ask(DOORS["boxes_of_sources"], known, "key", "xyxy_norm") is None
    assert ask(DOORS["count_of_sources"], known, "key", "xyxy_norm").claims[0].count == 2


GOOD = """
schemes = ["mirabest"]
needs = "labels"
kind = "yes-no"
label = "FR-I"
order = 1
wordings = ["Is it an {noun_one}?"]
answers = { yes = ["Yes."], no = ["No."] }
example = [{ scheme = "mirabest", answer = "" }]
"""


@pytest.mark.parametrize(
    ("line", "bad", "message"),
    [
        ('wordings = ["Is it an {noun_one}?"]', 'wordings = ["Is it {what}?"]', "no slot {what}"),
        ('wordings = ["Is it an {noun_one}?"]', "wordings = []", "at least 1"),
        ('answers = { yes = ["Yes."], no = ["No."] }', 'answers = { yes = ["Yes."] }', "needs answers for no"),
        (
            'answers = { yes = ["Yes."], no = ["No."] }',
            'answers = { yes = ["Yes {it}."], no = ["No."] }',
            "no slot {it}",
        ),
        ('label = "FR-I"', "", "needs a label"),
        ("order = 1", "ordre = 1", "ordre"),
        ('kind = "yes-no"', 'kind = "maybe"', "kind"),
    ],
)
def test_a_door_that_says_something_impossible_is_refused_by_name(tmp_path, line, bad, message):
    file = tmp_path / "is_it.toml"
    file.write_text(GOOD)
    assert read_door(Question, file).name == "is_it"
    file.write_text(GOOD.replace(line, bad))
    with pytest.raises(RecipeError, match=message) as error:
        read_door(Question, file)
    assert "is_it.toml" in str(error.value)


def test_a_label_that_the_scheme_does_not_have_is_refused():
    door = DOORS["fr_class"].model_copy(update={"labels": ("FR-I", "FR-3")})
    with pytest.raises(RecipeError, match="no label FR-3; known: FR-I"):
        expanded([door], label_scheme("mirabest"))


def test_every_kind_of_question_is_used():
    assert {door.kind for door in DOORS.values()} == set(ANSWERS_OF)
