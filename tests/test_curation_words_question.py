"""The doors of questions: each loads, and each answers its own examples; and the paper's rules for what is true."""

import re
from dataclasses import replace

import pytest

from curation.extraction.reading import extract_claims
from curation.pictures.boxes import PictureBox
from curation.verification.claims import Annotations, SeenObject, annotations_of
from curation.verification.verify import Judgement, verify_turn
from curation.words.descriptions import description
from curation.words.question import ANSWERS_OF, ExampleObject, Question, ask, expanded, for_scheme, questions
from curation.words.turns import turns_about
from schemas.errors import RecipeError
from schemas.folder import read_door
from schemas.labels import Truth, label_scheme, label_schemes
from tests.making_schemes import INVENTED, invented

DOORS = questions()
EXAMPLES = [(name, at) for name, door in DOORS.items() for at in range(len(door.example))]
ENOUGH_KEYS, MANY_KEYS = 64, 1000


def known_of(scheme_name, labels, objects=None, blank_fraction=0.0):
    """Annotations by hand, as `annotations_of` would give them: implied labels hold, objects decide on theirs."""
    scheme = invented(scheme_name) if scheme_name in INVENTED else label_scheme(scheme_name)
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
    return Annotations("cutout-0", "source-0", scheme, states, objects=seen, blank_fraction=blank_fraction)


def answers(door, known, label="", dialect="xyxy_norm", n_keys=ENOUGH_KEYS):
    """Every answer that the keys bring about."""
    (question,) = [one for one in expanded([door], known.scheme) if one.label == (label or one.label)]
    asked = [ask(question, known, f"key {at}", dialect) for at in range(n_keys)]
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
    asked_of = [one for one in (*label_schemes().values(), *map(invented, INVENTED)) if door.is_for(one)]
    assert asked_of
    assert all(expanded([door], one) for one in asked_of)
    assert set(door.schemes) <= label_schemes().keys()
    assert set(door.replaces) <= DOORS.keys()


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
        known = Annotations("cutout-0", "source-0", scheme, dict.fromkeys(scheme.labels, Truth.UNKNOWN))
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
    known = known_of("sky_fields", {"DOUBLE": "present", "EMPTY": "absent", "CROWDED": "absent"})
    if door.example:
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
    known = Annotations("cutout-0", "source-0", label_scheme("lomorph"), {}, objects=objects)
    assert ask(DOORS["boxes_of_sources"], known, "key", "xyxy_norm") is None
    assert ask(DOORS["count_of_sources"], known, "key", "xyxy_norm").claims[0].count == 61


def test_a_box_that_cannot_be_written_leaves_boxes_unasked_but_counts():
    objects = (SeenObject("o1", None), SeenObject("o2", (0.1, 0.1, 0.2, 0.2)))
    known = Annotations("cutout-0", "source-0", label_scheme("lomorph"), {}, objects=objects)
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


def asked_of(scheme_name):
    scheme = invented(scheme_name) if scheme_name in INVENTED else label_scheme(scheme_name)
    return [(one.name, one.label) for one in expanded(DOORS.values(), scheme) if one.needs != "pixels"]


@pytest.mark.parametrize(
    ("scheme", "wanted"),
    [
        ("my_sources", {"class_of_source", "class_of_source_bare", "count_of_class", "boxes_of_class"}),
        ("my_objects", {"presence_of_class", "count_of_class", "boxes_of_class"}),
        ("my_kinds", {"label_of_source", "labels_of_source", "count_of_class", "boxes_of_class"}),
        ("my_pictures", {"label_of_picture", "labels_of_picture"}),
        ("sky_fields", {"class_of_picture", "class_of_picture_bare"}),
    ],
)
def test_a_new_scheme_is_asked_by_what_it_has(scheme, wanted):
    asked = asked_of(scheme)
    assert {name for name, _ in asked} == wanted | {"describe", "boxes_of_sources", "count_of_sources"}
    labels = list(invented(scheme).labels)
    for name in wanted & {one.name for one in DOORS.values() if one.each}:
        assert [label for one, label in asked if one == name] == labels


def test_the_class_of_a_new_scheme_is_asked_and_answered_and_unknown_asks_nothing():
    known = known_of("my_sources", {"HII": "absent", "Shell": "present", "FR0": "absent"})
    (with_definitions,) = answers(DOORS["class_of_source"], known)
    (bare,) = answers(DOORS["class_of_source_bare"], known)
    assert with_definitions == bare == "Shell"
    asked = ask(DOORS["class_of_source"], known, "key", "xyxy_norm").question
    assert "FR0: an unresolved radio galaxy" in asked and asked.endswith("\nHII\nShell\nFR0")
    unknown = known_of("my_sources", {})
    for door in DOORS.values():
        if door.needs == "labels":
            assert all(ask(one, unknown, "key", "xyxy_norm") is None for one in expanded([door], unknown.scheme))


def test_objects_of_a_new_scheme_are_counted_and_boxed_by_class():
    objects = [ExampleObject(box=(0.1, 0.2, 0.3, 0.4), labels=("BLOB",)),
               ExampleObject(box=(0.5, 0.5, 0.6, 0.6), labels=("BLOB",))]  # fmt: skip
    known = known_of("my_objects", {}, objects)
    assert all(re.search("^2$|[Tt]wo", one) for one in answers(DOORS["count_of_class"], known, "BLOB"))
    assert "There are no arcs in the image." in answers(DOORS["count_of_class"], known, "ARC", n_keys=MANY_KEYS)
    assert {"Yes.", "Yes. Blobs are visible."} < answers(DOORS["presence_of_class"], known, "BLOB")
    assert all(
        "[0.100, 0.200, 0.300, 0.400], [0.500, 0.500, 0.600, 0.600]" in one
        for one in answers(DOORS["boxes_of_class"], known, "BLOB")
    )
    unsure = [*objects, ExampleObject(box=(0.7, 0.7, 0.8, 0.8))]
    for door in ("count_of_class", "presence_of_class", "boxes_of_class"):
        assert answers(DOORS[door], known_of("my_objects", {}, unsure), "BLOB") == {""}


def test_several_labels_of_a_source_are_asked_one_by_one_and_together():
    known = known_of("my_kinds", {"JET": "present", "YSO": "absent", "X-RAY": "present"})
    assert answers(DOORS["labels_of_source"], known) == {"JET, X-RAY"}
    assert {"No.", "No. The source at the centre is no YSO."} < answers(DOORS["label_of_source"], known, "YSO")
    asked = {ask(one, known, f"key {at}", "xyxy_norm").question for at in range(ENOUGH_KEYS)
             for one in expanded([DOORS["label_of_source"]], known.scheme)}  # fmt: skip
    assert {"Is the source at the centre a YSO?", "Is the source at the centre an X-ray source?"} <= asked
    in_part = known_of("my_kinds", {"JET": "present"})
    assert answers(DOORS["labels_of_source"], in_part) == {""}
    assert answers(DOORS["label_of_source"], in_part, "YSO") == {""}


def test_a_question_of_one_scheme_replaces_the_one_for_all():
    asked = asked_of("mirabest")
    assert not {"class_of_source", "class_of_source_bare"} & {name for name, _ in asked}
    assert [label for name, label in asked_of("smgps_extcat") if name == "label_of_source"] == [
        label for label in label_scheme("smgps_extcat").labels if label != "GALAXY"
    ]
    only = expanded([DOORS["class_of_source"]], label_scheme("mirabest"))
    assert [one.name for one in only] == ["class_of_source"]  # where a corpus asks for nothing else


@pytest.mark.parametrize("scheme", sorted(label_schemes()))
def test_no_label_is_asked_for_twice_in_one_way(scheme):
    asked = [one for one in expanded(DOORS.values(), label_scheme(scheme)) if one.label and one.needs != "pixels"]
    assert len({(one.kind, one.label) for one in asked}) == len(asked)


def test_a_question_for_another_scheme_moves_no_conversation():
    scheme, doors = label_scheme("mirabest"), tuple(DOORS.values())
    new = DOORS["class_of_source"].model_copy(update={"name": "new", "schemes": ("rgz_smorph",)})
    assert for_scheme((*doors, new), scheme) == for_scheme(doors, scheme)
    assert for_scheme((*doors, new), label_scheme("rgz_smorph")) != for_scheme(doors, label_scheme("rgz_smorph"))


def seen_by_both(central, beside):
    """What is known of a source at the centre and another beside it, each a row, with a class or without."""
    scheme = invented("my_sources")
    said = {"centre": central, "beside": beside}
    rows = {
        name: {"labels": [{"scheme": scheme.name, "label": one, "state": "present"}] if one else []}
        for name, one in said.items()
    }
    boxes = [PictureBox("centre", (0.4, 0.4, 0.6, 0.6), 1.0), PictureBox("beside", (0.1, 0.1, 0.2, 0.2), 1.0)]
    cutout = {
        "cutout_id": "cutout-0", "blank_fraction": 0.0, "width_px": 100, "height_px": 100,
        "pixel_x_arcsec": 1.8, "pixel_y_arcsec": 1.8,
        "beam_major_arcsec": 5.4, "beam_minor_arcsec": 5.4,
    }  # fmt: skip
    source = {"source_id": "source-0", **rows["centre"]}
    return annotations_of(cutout, source, boxes, rows, scheme, have_classes=True)


def test_what_lies_beside_a_source_is_counted_and_changes_nothing_of_what_is_said_of_it():
    known = seen_by_both("HII", "Shell")
    assert answers(DOORS["class_of_source"], known) == {"HII"}
    for text, label in (("1|.*ne shell of emission.*|.* is one.", "Shell"), ("0|.*[Nn]o FR0 .*|.*any FR0 .*", "FR0")):
        assert all(re.fullmatch(text, one) for one in answers(DOORS["count_of_class"], known, label))
    told = {description(replace(known, cutout_id=f"cutout-{key}")).text for key in range(50)}
    assert any("The source at the centre is an HII region." in one for one in told)
    assert any("Among them there is one HII region and one shell of emission." in one for one in told)
    told = description(known).text
    asked = turns_about(known, {"text": told, "claims": []}, expanded(DOORS.values(), known.scheme), "xyxy_norm")
    for turn in asked[1:]:
        found = extract_claims(turn.question, turn.answer, known.scheme, "xyxy_norm")
        assert verify_turn(found, known) == (Judgement.SUPPORTED, []), turn


def test_a_source_of_unknown_class_does_not_get_the_class_of_its_neighbour():
    known = seen_by_both(None, "Shell")
    assert set(known.labels.values()) == {Truth.UNKNOWN}
    asked = [ask(one, known, "key", "xyxy_norm") for one in expanded(DOORS.values(), known.scheme)]
    assert {turn.question_id for turn in asked if turn} == {"blank", "border", "boxes_of_sources", "count_of_sources"}
    assert "Shell" not in description(known).text and "shell" not in description(known).text
