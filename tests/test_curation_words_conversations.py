"""From tables to descriptions, conversations and verdicts: a small sky, through the functions and the steps."""

import re

import pyarrow as pa
import pytest

from catalogs.survey import surveys
from curation.engine.steps import Step
from curation.extraction.reading import extract_claims
from curation.verification.annotation_tables import CUTOUT_COLUMNS, AnnotationTables
from curation.verification.verify import verify_turn
from curation.words.conversations import conversations, conversations_step
from curation.words.descriptions import angle_words, descriptions, descriptions_step, survey_facts
from curation.words.quality import quality, quality_step
from curation.words.question import questions
from curation.words.quotas import Balance, answers_step, quotas_step
from curation.words.turns import asking
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.llava import llava_record
from schemas.rejection import Sieved
from schemas.tables import CONVERSATIONS, CUTOUTS, DESCRIPTIONS, OBJECTS, QUALITY, SOURCES, SPLITS
from tests.making_conversations import all_asked, an_object, cutout, source, spoken_of, turns_of

SURVEY = surveys()["first"]
ASKED = tuple(questions().values())


def told(cutouts, sources, objects, scheme, dialect="xyxy_norm"):
    """DESCRIPTIONS, CONVERSATIONS and QUALITY of rows, made from cutouts without their pictures."""
    one, facts = label_scheme(scheme), survey_facts(SURVEY)
    seen = CUTOUTS.of(cutouts).select(list(CUTOUT_COLUMNS))
    sources, objects = SOURCES.of(sources), OBJECTS.of(objects)
    texts = descriptions(seen, sources, objects, one, facts)
    spoken = conversations(seen, texts.kept, sources, objects, *all_asked(seen, sources, objects, one, ASKED, dialect))
    verdicts = quality(spoken.kept, seen, sources, objects, one, dialect, facts)
    assert isinstance(verdicts, Sieved)
    DESCRIPTIONS.check(texts.kept), CONVERSATIONS.check(spoken.kept), QUALITY.check(verdicts.kept)
    return texts, spoken, verdicts


def turns(spoken):
    """Every turn of every conversation, by question."""
    return {turn["question_id"]: turn for turn in turns_of(spoken.kept)}


def test_a_picture_of_mirabest_is_described_asked_about_and_found_true():
    texts, spoken, verdicts = told([cutout()], [source(**{"FR-I": "absent", "FR-II": "present"})], [], "mirabest")
    text = texts.kept["text"][0].as_py()
    assert "3.33 arcmin on a side" in text
    assert "Faint Images of the Radio Sky" in text
    assert "FR-II" in text
    assert [[turn["question_id"] for turn in one] for one in spoken.kept["turns"].to_pylist()] == [
        ["describe"], ["fr_class", "border"], ["fr_class_bare", "blank"],
    ]  # fmt: skip
    assert turns(spoken)["fr_class"]["answer"] == "FR-II"
    assert turns(spoken)["describe"]["answer"] == text
    assert set(verdicts.kept["verdict"].to_pylist()) == {"supported"}
    assert verdicts.kept["flags"].to_pylist() == [[]] * 5
    assert verdicts.n_in == 5


def test_every_claim_has_evidence():
    objects = [an_object("o1", 20, 20, label="COMPACT"), an_object("o2", 70, 80, label="EXTENDED")]
    _, spoken, _ = told([cutout()], [source(scheme="caesar_mrcnn")], objects, "caesar_mrcnn")
    for turn in turns_of(spoken.kept):
        assert turn["claims"]
        assert all(claim["evidence"] for claim in turn["claims"]), turn
    (count,) = [one for one in turns(spoken)["count_of_class/EXTENDED"]["claims"]]
    assert count["evidence"] == [f"object:{objects[1]['object_id']}"]


@pytest.mark.parametrize("dialect", ["xyxy_norm", "xywh_center_norm", "xyxy_1000"])
def test_boxes_come_from_the_sky_and_are_found_true(dialect):
    objects = [an_object("o1", 20, 20, label="COMPACT"), an_object("o2", 70, 80, label="EXTENDED"),
               an_object("far", 400, 400, label="SPURIOUS")]  # fmt: skip
    _, spoken, verdicts = told([cutout()], [source(scheme="caesar_mrcnn")], objects, "caesar_mrcnn", dialect)
    (box,) = [one["box"] for one in turns(spoken)["boxes_of_class/COMPACT"]["claims"] if one["kind"] == "box"]
    # FITS pixel (20, 20) is near the bottom left, so in the picture, whose origin is at the top, it is low.
    assert box == pytest.approx([0.165, 0.755, 0.245, 0.835], abs=0.0015)
    assert re.search(r"(?i)\b(?:not|no|free)\b", turns(spoken)["boxes_of_class/SPURIOUS"]["answer"])
    assert turns(spoken)["boxes_of_sources"]["answer"].count("[") == 2
    assert set(verdicts.kept["verdict"].to_pylist()) == {"supported"}
    assert not any(verdicts.kept["flags"].to_pylist())


def test_a_cutout_without_labels_and_objects_is_still_described():
    _, spoken, verdicts = told(
        [cutout(pixel_x_arcsec=None, beam_major_arcsec=None, wcs_header=None)], [source()], [], "mirabest"
    )
    assert list(turns(spoken)) == ["describe", "border", "blank"]
    assert spoken.kept.num_rows == 3
    # What only the catalogue lacks is not seen in the picture, so nothing is said of it.
    assert not re.search("classif|morpholog|known|label", turns(spoken)["describe"]["answer"])
    assert set(verdicts.kept["verdict"].to_pylist()) == {"supported"}


def test_objects_of_the_survey_but_none_in_the_picture_are_none_and_not_unknown():
    _, spoken, verdicts = told([cutout()], [source(scheme="lomorph")], [an_object("far", 900, 900)], "lomorph")
    (none,) = turns(spoken)["boxes_of_sources"]["claims"]
    assert (none["kind"], none["subject"], none["count"]) == ("count", "source", 0)
    assert none in turns(spoken)["describe"]["claims"]
    assert re.search("(?i)no catalogued|any catalogued", turns(spoken)["describe"]["answer"])
    assert set(verdicts.kept["verdict"].to_pylist()) == {"supported"}


def test_every_label_alone_adds_a_sentence():
    for scheme in ("radioimg_multilabel", "smgps_extcat", "caesar_mrcnn", "rgcat", "mirabest", "rgz_smorph"):
        for label, one in label_scheme(scheme).labels.items():
            texts, _, verdicts = told([cutout()], [source(scheme=scheme, **{label: "present"})], [], scheme)
            text, claims = texts.kept["text"][0].as_py(), texts.kept["claims"][0].as_py()
            words = (one.phrase, one.noun, one.noun_one, label, f"{one.noun[:1].upper()}{one.noun[1:]}")
            assert any(word in text for word in words), text
            assert any((claim["subject"], claim["state"]) == (label, "present") for claim in claims)
            assert set(verdicts.kept["verdict"].to_pylist()) == {"supported"}


def test_at_most_three_absent_labels_are_spoken_of_and_unknown_ones_never():
    states = dict.fromkeys(label_scheme("radioimg_multilabel").labels, "absent") | {"COMPACT": "present"}
    states.pop("FILAMENT")
    texts, _, _ = told([cutout()], [source(scheme="radioimg_multilabel", **states)], [], "radioimg_multilabel")
    claims = texts.kept["claims"][0].as_py()
    assert sum(one["state"] == "absent" for one in claims) == 3
    assert "filament" not in texts.kept["text"][0].as_py()


def test_rows_without_source_or_description_are_refused_with_their_reason():
    cutouts = [cutout("a"), cutout("lost")]
    texts, spoken, _ = told(cutouts, [source("a")], [], "mirabest")
    assert texts.reasons == spoken.reasons == {"no-source": 1}
    assert spoken.rejected["row_id"].to_pylist() == [content_id("cutout", "lost")]
    seen = CUTOUTS.of([cutout("a")])
    empty = DESCRIPTIONS.of([])
    spoken = spoken_of((seen, empty, SOURCES.of([source()]), OBJECTS.of([])), label_scheme("mirabest"), ASKED)
    assert spoken.reasons == {"no-description": 1}


def test_without_questions_nothing_is_asked_and_that_is_said():
    seen, sources, objects = CUTOUTS.of([cutout()]), SOURCES.of([source()]), OBJECTS.of([])
    texts = descriptions(seen, sources, objects, label_scheme("mirabest")).kept
    spoken = spoken_of((seen, texts, sources, objects), label_scheme("mirabest"), ())
    assert spoken.reasons == {"nothing-asked": 1}


def test_turns_of_a_conversation_without_its_cutout_are_refused_one_by_one():
    _, spoken, _ = told([cutout()], [source(**{"FR-I": "present"})], [], "mirabest")
    verdicts = quality(
        spoken.kept, CUTOUTS.of([]), SOURCES.of([source()]), OBJECTS.of([]), label_scheme("mirabest"), "xyxy_norm"
    )
    assert verdicts.n_in == len(turns(spoken))
    assert verdicts.reasons == {"no-cutout": len(turns(spoken))}


def test_a_doctored_turn_is_contradicted_flagged_and_explained():
    _, spoken, _ = told([cutout()], [source(**{"FR-I": "present"})], [], "mirabest")
    row = spoken.kept.to_pylist()[0]
    row["turns"] = turns_of(spoken.kept)
    row["turns"][1]["answer"] = "FR-II"
    row["turns"][3]["answer"] = "As the caption says, it is FR-I."
    row["turns"][4]["question"] = row["turns"][2]["question"]
    verdicts = quality(
        CONVERSATIONS.of([row]), CUTOUTS.of([cutout()]), SOURCES.of([source(**{"FR-I": "present"})]), OBJECTS.of([]),
        label_scheme("mirabest"), "xyxy_norm", survey_facts(SURVEY),
    ).kept.to_pylist()  # fmt: skip
    assert verdicts[1]["verdict"] == "contradicted"
    assert "presence FR-II present: the catalogue says absent" in verdicts[1]["reasons"]
    assert verdicts[1]["flags"] == ["claims-differ"]
    assert "names-caption" in verdicts[3]["flags"]
    assert "duplicate-turn" in verdicts[2]["flags"]
    assert "duplicate-turn" in verdicts[4]["flags"]


def test_the_same_tables_give_the_same_conversations_in_any_order():
    rows, sources = [cutout("a"), cutout("b")], [source("a", **{"FR-I": "present"}), source("b")]
    one = told(rows, sources, [], "mirabest")[1].kept.to_pylist()
    other = told(rows[::-1], sources[::-1], [], "mirabest")[1].kept.to_pylist()
    assert sorted(one, key=str) == sorted(other, key=str)
    assert len({each["conversation_id"] for each in one}) == len(one) == 6


def test_turns_fit_the_hand_over():
    _, spoken, _ = told([cutout()], [source(**{"FR-I": "present"})], [], "mirabest")
    pairs = [(turn["question"], turn["answer"]) for turn in turns_of(spoken.kept)]
    record = llava_record("sample-0", f"images/00/{'0' * 64}.png", pairs)
    assert [(turn.question, turn.answer) for turn in record.turns()] == pairs


def test_the_steps_run_what_their_inputs_declare():
    scheme, how = label_scheme("mirabest"), asking(label_scheme("mirabest"), ASKED, "xyxy_norm")
    tables = {
        "cutouts": CUTOUTS.of([cutout("a"), cutout("b")]),
        "sources": SOURCES.of([source("a", **{"FR-I": "present"}), source("b", **{"FR-II": "present"})]),
        "objects": OBJECTS.of([]),
        "splits": SPLITS.of([]),
    }
    steps = {
        name: Step(f"{name}/demo", make=lambda: None, table=table)
        for name, table in (("cutouts", CUTOUTS), ("sources", SOURCES), ("objects", OBJECTS), ("splits", SPLITS))
    }
    cutouts, sources, objects, splits = steps.values()
    steps["descriptions"] = descriptions_step("demo", cutouts, sources, objects, scheme, SURVEY)
    steps["answers"] = answers_step("demo", cutouts, sources, objects, how)
    steps["quotas"] = quotas_step("demo", steps["answers"], splits, Balance())
    steps["conversations"] = conversations_step(
        "demo", cutouts, steps["descriptions"], sources, objects, steps["quotas"], splits, how
    )
    steps["quality"] = quality_step(
        "demo", steps["conversations"], cutouts, sources, objects, scheme, "xyxy_norm", SURVEY
    )
    for name in ("descriptions", "answers", "quotas", "conversations", "quality"):
        step = steps[name]
        read = [tables[one.step.name.split("/")[0]].select(list(one.columns or [])) if one.columns else
                tables[one.step.name.split("/")[0]] for one in step.inputs]  # fmt: skip
        tables[name] = step.run(read).kept
        assert isinstance(tables[name], pa.Table)
        assert step.is_by_part == (name != "quotas")
        assert len(step.address) > len(name)
    # Of neither picture a pixel is blank, so nobody needs to look for one; each has another class.
    assert sorted(turn["question_id"] for turn in turns_of(tables["conversations"])) == [
        "describe", "describe", "fr_class", "fr_class", "fr_class_bare", "fr_class_bare",
    ]  # fmt: skip
    assert set(tables["quality"]["verdict"].to_pylist()) == {"supported"}


def test_a_question_for_another_scheme_moves_no_address():
    cutouts, texts, sources, objects, quotas, splits = (
        Step(f"{name}/demo", make=lambda: None, table=CUTOUTS)
        for name in ("cutouts", "told", "sources", "objects", "quotas", "splits")
    )
    some = [one for one in ASKED if one.name != "rgz_class"]
    addresses = {
        step.address
        for asked in (ASKED, some)
        for how in [asking(label_scheme("mirabest"), asked, "xyxy_norm")]
        for step in (
            answers_step("demo", cutouts, sources, objects, how),
            conversations_step("demo", cutouts, texts, sources, objects, quotas, splits, how),
        )
    }
    assert len(addresses) == 2


@pytest.mark.parametrize(
    ("arcsec", "words", "mas"),
    [(5.4, "5.4 arcsec", 5_400), (540, "9 arcmin", 540_000), (59.96, "60 arcsec", 60_000), (0.5, "0.5 arcsec", 500),
     (20_000, "5.56 deg", 20_016_000), (3599.9, "60 arcmin", 3_600_000)],
)  # fmt: skip
def test_angles_have_three_digits_in_the_unit_that_suits_them(arcsec, words, mas):
    assert angle_words(arcsec) == (words, mas)


@pytest.mark.parametrize("blank_fraction", [0.0, 0.2])
def test_bands_beside_a_picture_that_is_not_square_look_blank_so_none_is_denied_and_no_share_is_told(blank_fraction):
    said = [source(scheme="radioimg_multilabel", BORDER="absent", COMPACT="present")]
    wide = cutout(width_px=100, height_px=60, blank_fraction=blank_fraction)
    texts, spoken, verdicts = told([wide], said, [], "radioimg_multilabel")
    assert "%" not in texts.kept["text"][0].as_py() and "blank" not in texts.kept["text"][0].as_py()
    asked = turns(spoken)
    assert "border" not in asked
    assert asked.get("blank", {}).get("answer") == ("Yes." if blank_fraction else None)
    assert set(verdicts.kept["verdict"].to_pylist()) == {"supported"}
    square = turns(told([cutout(blank_fraction=blank_fraction)], said, [], "radioimg_multilabel")[1])
    assert "blank" in square and ("border" in square) == (not blank_fraction)


@pytest.mark.parametrize(
    ("text", "padded", "whole"),
    [
        ("No pixel of the image is blank.", "unverifiable", "supported"),
        ("There are no blank pixels along the edges of the image.", "unverifiable", "supported"),
        ("About 40 % of the image is blank.", "unverifiable", "contradicted"),
    ],
)
def test_sentences_about_blank_pixels_are_held_against_what_is_seen(text, padded, whole):
    for expected, height_px in ((padded, 60), (whole, 100)):
        rows, sources = [cutout(height_px=height_px)], SOURCES.of([source()])
        known = AnnotationTables(sources, OBJECTS.of([]), label_scheme("mirabest")).of(rows[0])
        found = extract_claims("What is blank in the image?", text, known.scheme, "xyxy_norm")
        assert verify_turn(found, known)[0] == expected
