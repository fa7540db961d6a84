"""What is known of a cutout: labels with their implications, objects in the picture, blank pixels; nothing guessed."""

import pytest

from curation.extraction.text import plain
from curation.extraction.tokens import tokens_of
from curation.pictures.boxes import PictureBox
from curation.verification.claims import Claim, Sentence, annotations_of
from schemas.labels import Truth, label_scheme

CUTOUT = {
    "cutout_id": "cutout-0", "blank_fraction": 0.0, "width_px": 100, "height_px": 100,
    "pixel_x_arcsec": 1.8, "pixel_y_arcsec": 1.8,
    "beam_major_arcsec": 5.4, "beam_minor_arcsec": 5.4,
}  # fmt: skip
BOX = (0.1, 0.2, 0.3, 0.4)


def label(scheme, name, state="present"):
    return {"scheme": scheme, "label": name, "state": state}


def known(scheme, said=(), boxes=None, objects=None, *, have_classes=False, **cutout):
    source = {"source_id": "source-0", "labels": [label(scheme, *one) for one in said]}
    of = {name: {"labels": [label(scheme, *one) for one in labels]} for name, labels in (objects or {}).items()}
    return annotations_of(CUTOUT | cutout, source, boxes, of, label_scheme(scheme), have_classes=have_classes)


def test_a_label_nobody_speaks_of_is_unknown():
    found = known("radioimg_multilabel", [("COMPACT", "present"), ("DIFFUSE", "absent")])
    assert (found.state("COMPACT"), found.state("DIFFUSE"), found.state("FILAMENT")) == ("present", "absent", "unknown")
    assert found.state("NO-SUCH-LABEL") is Truth.UNKNOWN


def test_a_radio_galaxy_is_extended_even_where_the_origin_says_otherwise():
    found = known("radioimg_multilabel", [("RADIO-GALAXY", "present"), ("EXTENDED", "absent")])
    assert found.state("EXTENDED") is Truth.PRESENT
    assert found.evidence("EXTENDED") == ("label:source-0:RADIO-GALAXY",)


def test_two_opinions_on_a_label_leave_it_unknown():
    found = known("radioimg_multilabel", [("DIFFUSE", "present"), ("DIFFUSE", "absent")])
    assert found.state("DIFFUSE") is Truth.UNKNOWN


def test_one_class_of_a_single_scheme_denies_the_others_and_two_deny_each_other():
    found = known("mirabest", [("FR-I", "present")])
    assert [found.state(one) for one in found.labels] == ["present", "absent", "absent"]
    assert found.evidence("FR-II") == ("label:source-0:FR-I",)
    assert set(known("mirabest", [("FR-I", "present"), ("FR-II", "present")]).labels.values()) == {Truth.UNKNOWN}


def test_labels_of_another_scheme_say_nothing():
    source = {"source_id": "source-0", "labels": [label("rgz_smorph", "1C-1P")]}
    found = annotations_of(CUTOUT, source, None, {}, label_scheme("mirabest"))
    assert set(found.labels.values()) == {Truth.UNKNOWN}


def test_objects_give_presence_number_and_boxes_of_each_class():
    boxes = [PictureBox("o1", BOX, 1.0), PictureBox("o2", BOX, 0.7), PictureBox("o3", BOX, 0.2)]
    objects = {"o1": [("COMPACT",)], "o2": [("EXTENDED",)], "o3": [("SPURIOUS",)]}
    found = known("caesar_mrcnn", (), boxes, objects, have_classes=True)
    assert found.state("COMPACT") is Truth.PRESENT
    assert found.evidence("COMPACT") == ("object:o1",)
    assert found.state("SPURIOUS") is Truth.ABSENT, "four fifths of it lie outside"
    assert found.evidence("SPURIOUS") == ("objects:cutout-0",)
    assert len(found.with_class("source")) == 2
    assert [one.object_id for one in found.boxes("EXTENDED")] == ["o2"]
    assert found.boxes("SPURIOUS") == []


def test_a_picture_without_objects_of_a_dataset_that_has_them_holds_none():
    found = known("caesar_mrcnn", (), [], {}, have_classes=True)
    assert set(found.labels.values()) == {Truth.ABSENT}
    assert found.with_class("source") == []


def test_a_dataset_without_objects_says_nothing_of_their_number():
    found = known("caesar_mrcnn")
    assert found.with_class("source") is None
    assert set(found.labels.values()) == {Truth.UNKNOWN}


def test_objects_without_a_class_are_counted_and_no_class_is_denied():
    boxes = [PictureBox("o1", BOX, 1.0), PictureBox("o2", BOX, 1.0)]
    found = known("rgcat", (), boxes, {"o1": [("C",)], "o2": []}, have_classes=True)
    assert len(found.with_class("source")) == 2
    assert found.with_class("C") is None
    assert found.state("FR-I") is Truth.UNKNOWN


def test_an_artefact_is_no_radio_source_and_what_may_be_one_leaves_their_number_unknown():
    boxes = [PictureBox("o1", BOX, 1.0), PictureBox("o2", (0.5, 0.5, 0.7, 0.7), 1.0)]
    found = known("caesar_mrcnn", (), boxes, {"o1": [("COMPACT",)], "o2": [("SPURIOUS",)]}, have_classes=True)
    assert [one.object_id for one in found.with_class("source")] == ["o1"]
    assert [one.object_id for one in found.boxes("SPURIOUS")] == ["o2"]
    unsure = known("caesar_mrcnn", (), boxes, {"o1": [("COMPACT",)], "o2": []}, have_classes=True)
    assert unsure.with_class("source") is None


def test_what_another_detector_calls_an_artefact_is_no_radio_galaxy_either():
    boxes = [PictureBox("o1", BOX, 1.0), PictureBox("o2", (0.5, 0.5, 0.7, 0.7), 1.0)]
    objects = {"o1": {"labels": [label("rgcat", "C")]}, "o2": {"labels": [label("caesar_mrcnn", "SPURIOUS")]}}
    source = {"source_id": "source-0", "labels": []}
    found = annotations_of(CUTOUT, source, boxes, objects, label_scheme("rgcat"), have_classes=True)
    assert [one.object_id for one in found.with_class("source")] == ["o1"]
    assert [one.object_id for one in found.with_class("C")] == ["o1"]
    assert found.state("FR-I") is Truth.ABSENT


def test_a_box_that_cannot_be_told_is_counted_but_leaves_the_boxes_unknown():
    found = known("lomorph", (), [PictureBox("o1", BOX, 1.0, "box-too-small")], {"o1": []})
    assert len(found.with_class("source")) == 1
    assert found.boxes("source") is None


@pytest.mark.parametrize("third", [(), ("R",), ("FR-II",)])
def test_the_class_of_the_source_in_the_middle_denies_no_class_of_the_others(third):
    """With an object of which no class is known, only what is there can be told of the picture."""
    classes = {"o1": [("FR-II",)], "o2": [("C",)], "o3": [third] if third else []}
    boxes = [PictureBox(name, BOX, 1.0) for name in classes]
    found = known("rgcat", [("FR-II", "present")], boxes, classes, have_classes=True)
    assert found.state("C") is Truth.PRESENT
    assert found.state("FR-II") is Truth.PRESENT
    assert found.state("FR-I") is (Truth.ABSENT if third else Truth.UNKNOWN)
    alone = known("rgcat", [("FR-II", "present")], None, {})
    assert {alone.state(label) for label in alone.scheme.labels} == {Truth.PRESENT, Truth.UNKNOWN}


def test_where_source_and_objects_disagree_nothing_is_known():
    found = known("caesar_mrcnn", [("SPURIOUS", "present"), ("COMPACT", "absent")], [PictureBox("o1", BOX, 1.0)],
                  {"o1": [("COMPACT",)]}, have_classes=True)  # fmt: skip
    assert found.state("SPURIOUS") is Truth.UNKNOWN
    assert found.state("COMPACT") is Truth.UNKNOWN
    assert found.with_class("COMPACT") is None


def test_an_edge_is_not_said_to_be_free_where_pixels_are_blank():
    assert known("radioimg_multilabel", [("BORDER", "absent")]).edge is Truth.ABSENT
    assert known("radioimg_multilabel", [("BORDER", "absent")], blank_fraction=0.1).edge is Truth.UNKNOWN
    assert known("radioimg_multilabel", [("BORDER", "present")], blank_fraction=0.1).edge is Truth.PRESENT
    assert known("mirabest").edge is Truth.ABSENT
    assert known("mirabest", blank_fraction=0.1).edge is Truth.UNKNOWN


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ([("PECULIAR", "present")], "PECULIAR"),
        ([("PECULIAR", "absent"), ("FILAMENT", "present")], "COMPLEX"),
        ([("PECULIAR", "absent"), ("DIFFUSE-LARGE", "present")], "COMPLEX"),
        ([("PECULIAR", "absent"), ("COMPACT", "present")], None),
        ([("COMPACT", "present"), ("EXTENDED", "present")], None),
        ([(one, "absent") for one in ("PECULIAR", "RADIO-GALAXY", "EXTENDED", "DIFFUSE", "DIFFUSE-LARGE", "FILAMENT")],
         "ORDINARY"),
    ],
)  # fmt: skip
def test_peculiarity_follows_from_labels_or_is_not_known(said, kind):
    assert known("radioimg_multilabel", said).peculiarity == kind


def test_a_scheme_that_does_not_speak_of_it_has_no_peculiarity():
    assert known("mirabest", [("FR-I", "present")]).peculiarity is None


def test_the_side_is_told_of_square_pictures_with_a_scale_only():
    assert known("mirabest").side_arcsec == pytest.approx(180)
    assert known("mirabest", height_px=90).side_arcsec is None
    assert known("mirabest", pixel_x_arcsec=None).side_arcsec is None
    assert known("mirabest", beam_major_arcsec=None).beam_arcsec is None


def test_a_claim_goes_into_its_row_and_back():
    claim = Claim("box", "source", count=None, box=BOX, evidence=("object:o1",))
    assert Claim.of(claim.row()) == claim
    assert Claim("count", "source", count=0).content != Claim("count", "source").content
    assert Sentence("Nothing is claimed.").claims == ()


def test_text_keeps_its_length_when_it_is_made_plain():
    text = "Artefacts — ARTEFACT – “x” İ 1C‑2P\u00a0!"
    assert len(plain(text)) == len(text)
    assert "ARTIFACT" in plain(text)


def test_names_are_found_longest_first_and_whole():
    assert named("radioimg_multilabel", "DIFFUSE-LARGE, an extended radio galaxy, COMPACTED") == [
        "DIFFUSE-LARGE", "RADIO-GALAXY",
    ]  # fmt: skip
    assert named("mirabest", "an FR-II radio galaxy") == ["FR-II"]
    assert named("mirabest", "a supernova remnant") == ["smgps_extcat:SNR"]


def named(scheme, text):
    """The labels that a text names."""
    tokens = tokens_of(text, label_scheme(scheme), "xyxy_norm")
    values = [one.value for one in tokens if one.category in ("noun", "sign", "adjective")]
    return [one[0] if isinstance(one, tuple) else one for one in values]
