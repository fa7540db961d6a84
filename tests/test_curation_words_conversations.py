"""From tables to descriptions, conversations and verdicts: a small sky, through the functions and the steps."""

import re

import pyarrow as pa
import pytest
from astropy.wcs import WCS

from catalogs.survey import surveys
from curation.engine.steps import Step
from curation.verification.annotation_tables import CUTOUT_COLUMNS
from curation.words.conversations import conversations, conversations_step
from curation.words.descriptions import angle_words, descriptions, descriptions_step, survey_facts
from curation.words.quality import quality, quality_step
from curation.words.question import questions
from schemas.fingerprint import content_id
from schemas.labels import label_scheme
from schemas.llava import llava_record
from schemas.rejection import Sieved
from schemas.tables import CONVERSATIONS, CUTOUTS, DESCRIPTIONS, OBJECTS, QUALITY, SOURCES

SIDE_PX, PIXEL_ARCSEC = 100, 2.0
RA_DEG, DEC_DEG = 0.01, 30.0  # east of the centre crosses RA 0
SURVEY = surveys()["first"]
ASKED = tuple(questions().values())


def wcs():
    made = WCS(naxis=2)
    made.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    made.wcs.crval = [RA_DEG, DEC_DEG]
    made.wcs.crpix = [(SIDE_PX + 1) / 2] * 2
    made.wcs.cdelt = [-PIXEL_ARCSEC / 3600, PIXEL_ARCSEC / 3600]
    return made


def cutout(name="a", **changed):
    row = {
        "cutout_id": content_id("cutout", name), "source_id": content_id("source", name), "dataset": "demo",
        "survey": "first", "mosaic": f"{name}.fits", "mosaic_sha256": "0" * 64, "ra_deg": RA_DEG, "dec_deg": DEC_DEG,
        "width_px": SIDE_PX, "height_px": SIDE_PX, "pixel_x_arcsec": PIXEL_ARCSEC, "pixel_y_arcsec": PIXEL_ARCSEC,
        "wcs_header": wcs().to_header().tostring(sep="\n"),
        "beam_major_arcsec": 5.4, "beam_minor_arcsec": 5.4, "beam_pa_deg": 0.0, "beam_from": "survey",
        "blank_fraction": 0.0, "pixels": b"", "png": b"", "png_side_px": 200, "stretch": "zscale", "sha256": "0" * 64,
    }  # fmt: skip
    return row | changed


def source(name="a", scheme="mirabest", **states):
    labels = [
        {"scheme": scheme, "label": label.replace("_", "-"), "original": label, "state": state, "tier": "expert",
         "catalog": "c.csv", "row": 0}
        for label, state in states.items()
    ]  # fmt: skip
    return {
        "source_id": content_id("source", name), "source_name": name, "dataset": "demo", "survey": "first",
        "scheme": scheme, "labels": labels, "origin_catalog": "c.csv", "origin_row": 0,
    }  # fmt: skip


def an_object(name, x_px, y_px, half_px=4.0, label=None, scheme="caesar_mrcnn"):
    """A square on the sky around a FITS pixel."""
    corners = [(x_px - half_px, y_px - half_px), (x_px + half_px, y_px - half_px), (x_px + half_px, y_px + half_px),
               (x_px - half_px, y_px + half_px)]  # fmt: skip
    sky = wcs().all_pix2world(corners, 0)
    found = {"scheme": scheme, "label": label, "original": label, "state": "present", "tier": "model", "row": 0}
    labels = [found | {"catalog": "o.csv"}] if label else []
    return {
        "object_id": content_id("object", name), "object_name": name, "dataset": "demo",
        "sky_polygon_deg": sky.ravel().tolist(), "labels": labels, "detector": "test", "origin_catalog": "o.csv",
        "origin_row": 0,
    }  # fmt: skip


def told(cutouts, sources, objects, scheme, dialect="xyxy_norm"):
    """DESCRIPTIONS, CONVERSATIONS and QUALITY of rows, made from cutouts without their pictures."""
    one, facts = label_scheme(scheme), survey_facts(SURVEY)
    seen = CUTOUTS.of(cutouts).select(list(CUTOUT_COLUMNS))
    sources, objects = SOURCES.of(sources), OBJECTS.of(objects)
    texts = descriptions(seen, sources, objects, one, facts)
    spoken = conversations(seen, texts.kept, sources, objects, one, ASKED, dialect)
    verdicts = quality(spoken.kept, seen, sources, objects, one, dialect, facts)
    assert isinstance(verdicts, Sieved)
    DESCRIPTIONS.check(texts.kept), CONVERSATIONS.check(spoken.kept), QUALITY.check(verdicts.kept)
    return texts, spoken, verdicts


def turns(spoken, row=0):
    return {turn["question_id"]: turn for turn in spoken.kept.to_pylist()[row]["turns"]}


def of_form(flags):
    """The flags without the one that the description earns for what is asked after it."""
    return [[one for one in some if one != "answerable-earlier"] for some in flags.to_pylist()]


def test_a_picture_of_mirabest_is_described_asked_about_and_found_true():
    texts, spoken, verdicts = told([cutout()], [source(**{"FR-I": "absent", "FR-II": "present"})], [], "mirabest")
    text = texts.kept["text"][0].as_py()
    assert "3.33 arcmin on a side" in text
    assert "Faint Images of the Radio Sky" in text
    assert "FR-II" in text
    assert list(turns(spoken)) == ["describe", "fr_class", "fr_class_bare", "border", "blank"]
    assert turns(spoken)["fr_class"]["answer"] == "FR-II"
    assert turns(spoken)["describe"]["answer"] == text
    assert set(verdicts.kept["verdict"].to_pylist()) == {"supported"}
    assert of_form(verdicts.kept["flags"]) == [[]] * 5
    assert verdicts.n_in == 5


def test_every_claim_has_evidence():
    objects = [an_object("o1", 20, 20, label="COMPACT"), an_object("o2", 70, 80, label="EXTENDED")]
    _, spoken, _ = told([cutout()], [source(scheme="caesar_mrcnn")], objects, "caesar_mrcnn")
    for turn in spoken.kept["turns"][0].as_py():
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
    assert not any(of_form(verdicts.kept["flags"]))


def test_a_cutout_without_labels_and_objects_is_still_described():
    _, spoken, verdicts = told(
        [cutout(pixel_x_arcsec=None, beam_major_arcsec=None, wcs_header=None)], [source()], [], "mirabest"
    )
    assert list(turns(spoken)) == ["describe", "border", "blank"]
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
    spoken = conversations(
        seen, empty, SOURCES.of([source()]), OBJECTS.of([]), label_scheme("mirabest"), ASKED, "xyxy_norm"
    )
    assert spoken.reasons == {"no-description": 1}


def test_without_questions_nothing_is_asked_and_that_is_said():
    seen, sources, objects = CUTOUTS.of([cutout()]), SOURCES.of([source()]), OBJECTS.of([])
    texts = descriptions(seen, sources, objects, label_scheme("mirabest")).kept
    spoken = conversations(seen, texts, sources, objects, label_scheme("mirabest"), (), "xyxy_norm")
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
    row["turns"][1]["answer"] = "FR-II"
    row["turns"][2]["answer"] = "As the caption says, it is FR-I."
    row["turns"][4]["question"] = row["turns"][3]["question"]
    verdicts = quality(
        CONVERSATIONS.of([row]), CUTOUTS.of([cutout()]), SOURCES.of([source(**{"FR-I": "present"})]), OBJECTS.of([]),
        label_scheme("mirabest"), "xyxy_norm", survey_facts(SURVEY),
    ).kept.to_pylist()  # fmt: skip
    assert verdicts[1]["verdict"] == "contradicted"
    assert "presence FR-II present: the catalogue says absent" in verdicts[1]["reasons"]
    assert verdicts[1]["flags"] == ["claims-differ"]
    assert "names-caption" in verdicts[2]["flags"]
    assert "duplicate-turn" in verdicts[3]["flags"]
    assert "duplicate-turn" in verdicts[4]["flags"]


def test_the_same_tables_give_the_same_conversations_in_any_order():
    rows, sources = [cutout("a"), cutout("b")], [source("a", **{"FR-I": "present"}), source("b")]
    one = told(rows, sources, [], "mirabest")[1].kept.to_pylist()
    other = told(rows[::-1], sources[::-1], [], "mirabest")[1].kept.to_pylist()
    assert one == other[::-1]
    assert len({each["conversation_id"] for each in one}) == 2


def test_turns_fit_the_hand_over():
    _, spoken, _ = told([cutout()], [source(**{"FR-I": "present"})], [], "mirabest")
    pairs = [(turn["question"], turn["answer"]) for turn in spoken.kept["turns"][0].as_py()]
    record = llava_record("sample-0", f"images/00/{'0' * 64}.png", pairs)
    assert [(turn.question, turn.answer) for turn in record.turns()] == pairs


def test_the_steps_run_what_their_inputs_declare():
    scheme = label_scheme("mirabest")
    tables = {
        "cutouts": CUTOUTS.of([cutout()]),
        "sources": SOURCES.of([source(**{"FR-I": "present"})]),
        "objects": OBJECTS.of([]),
    }
    steps = {
        name: Step(f"{name}/demo", make=lambda: None, table=table)
        for name, table in (("cutouts", CUTOUTS), ("sources", SOURCES), ("objects", OBJECTS))
    }
    cutouts, sources, objects = steps.values()
    steps["descriptions"] = descriptions_step("demo", cutouts, sources, objects, scheme, SURVEY)
    steps["conversations"] = conversations_step(
        "demo", cutouts, steps["descriptions"], sources, objects, scheme, ASKED, "xyxy_norm"
    )
    steps["quality"] = quality_step(
        "demo", steps["conversations"], cutouts, sources, objects, scheme, "xyxy_norm", SURVEY
    )
    for name in ("descriptions", "conversations", "quality"):
        step = steps[name]
        read = [tables[one.step.name.split("/")[0]].select(list(one.columns or [])) if one.columns else
                tables[one.step.name.split("/")[0]] for one in step.inputs]  # fmt: skip
        tables[name] = step.run(read).kept
        assert isinstance(tables[name], pa.Table)
        assert step.is_by_part
        assert len(step.address) > len(name)
    assert tables["quality"]["verdict"].to_pylist() == ["supported"] * 5


def test_a_question_for_another_scheme_moves_no_address():
    steps = [
        Step(f"{name}/demo", make=lambda: None, table=CUTOUTS) for name in ("cutouts", "told", "sources", "objects")
    ]
    scheme = label_scheme("mirabest")
    some = [one for one in ASKED if one.name != "rgz_class"]
    addresses = {conversations_step("demo", *steps, scheme, asked, "xyxy_norm").address for asked in (ASKED, some)}
    assert len(addresses) == 1


@pytest.mark.parametrize(
    ("arcsec", "words", "mas"),
    [(5.4, "5.4 arcsec", 5_400), (540, "9 arcmin", 540_000), (59.96, "60 arcsec", 60_000), (0.5, "0.5 arcsec", 500),
     (20_000, "5.56 deg", 20_016_000), (3599.9, "60 arcmin", 3_600_000)],
)  # fmt: skip
def test_angles_have_three_digits_in_the_unit_that_suits_them(arcsec, words, mas):
    assert angle_words(arcsec) == (words, mas)
