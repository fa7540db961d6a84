"""Text that no template wrote: how classes, numbers, boxes and blank pixels are read from it, and judged."""

import pytest

from curation.extraction.constructions import EXAMPLES
from curation.extraction.reading import extract_claims
from curation.pictures.boxes import encode_box
from curation.verification.claims import Annotations, SeenObject, SurveyFacts
from curation.verification.verify import Judgement, verify_turn
from curation.words.descriptions import description
from schemas.labels import Truth, label_scheme, label_schemes


def verdict(question, answer, known, dialect="xyxy_norm"):
    return verify_turn(extract_claims(question, answer, known.scheme, dialect), known)


def known_of(scheme, objects=None, blank_fraction=0.0, **states):
    one = label_scheme(scheme)
    said = {name.replace("_", "-"): state for name, state in states.items()}
    labels = {name: Truth(said.get(name, "unknown")) for name in one.labels}
    seen = None if objects is None else tuple(SeenObject(f"obj-{at}", *each) for at, each in enumerate(objects))
    return Annotations("cutout-0", "source-0", one, labels, objects=seen, blank_fraction=blank_fraction)


def read(answer, scheme="radioimg_multilabel", question="What is seen?"):
    found = extract_claims(question, answer, label_scheme(scheme), "xyxy_norm")
    read = [one.claim for one in found if one.claim.kind != "unread"]
    return [(one.kind, one.subject, str(one.state), one.count) for one in read]


@pytest.mark.parametrize(
    ("answer", "present", "absent"),
    [
        ("There are compact sources and a filamentary structure.", "COMPACT FILAMENT", ""),
        ("The image contains no diffuse sources.", "", "DIFFUSE"),
        ("The image does not contain any extended radio sources or imaging artifacts.", "", "EXTENDED ARTIFACT"),
        ("The image is free of imaging artefacts, but extended sources are visible.", "EXTENDED", "ARTIFACT"),
        ("No compact sources; extended sources abound.", "EXTENDED", "COMPACT"),
        ("Extended sources are not visible.", "", "EXTENDED"),
        ("Not only compact sources but also an extended source can be seen.", "COMPACT EXTENDED", ""),
        ("The image is without diffuse sources, and shows extended sources.", "EXTENDED", "DIFFUSE"),
        ("It isn't known whether there are diffuse sources. The type is unknown.", "", ""),
        ("Diffuse sources of unknown origin are seen.", "", ""),
        ("Whether there are diffuse sources is not known.", "", ""),
        ("The image shows DIFFUSE–LARGE.", "DIFFUSE-LARGE", ""),
        ("A diffuse glow of compact shape.", "", ""),
        ("One or more extended sources; at least one compact source.", "EXTENDED COMPACT", ""),
    ],
)
def test_free_text_is_read_with_its_negations(answer, present, absent):
    wanted = {("presence", one, "present", None) for one in present.split()}
    wanted |= {("presence", one, "absent", None) for one in absent.split()}
    assert set(read(answer)) == wanted


def test_numbers_are_read_in_digits_and_words():
    assert read("Two compact sources and 14 extended sources.") == [
        ("count", "COMPACT", "present", 2), ("count", "EXTENDED", "present", 14),
    ]  # fmt: skip
    assert read("There are three catalogued radio sources.") == [("count", "source", "present", 3)]
    assert read("7", question="How many compact sources are there?") == [("count", "COMPACT", "present", 7)]
    assert read("No catalogued sources lie in it.") == [("count", "source", "present", 0)]


def test_hmxb_said_of_an_lmxb_is_contradicted_in_every_form():
    known = known_of("smgps_extcat", LMXB="present", HMXB="absent")
    for answer in (
        "It is associated with a high-mass X-ray binary.", "A high-mass X-ray binary.", "HMXB", "The type is HMXB.",
    ):  # fmt: skip
        assert verdict("Which type is it?", answer, known)[0] is Judgement.CONTRADICTED
    assert verdict("Which type is it?", "LMXB", known)[0] is Judgement.SUPPORTED


@pytest.mark.parametrize("answer", ["1C-4P", "2C-5P", "The class is 7C-2P.", "spiral", "FR-II", "A supernova remnant."])
def test_a_class_that_the_scheme_does_not_have_is_not_supported(answer):
    known = known_of("rgz_smorph", **{"1C-2P": "present"})
    assert verdict("Which class is the source?", answer, known)[0] is not Judgement.SUPPORTED


@pytest.mark.parametrize("answer", ["1C-2P", "1c 2p", "1C_2P.", "1C–2P", "**1C-2P**", "1C-2C", "The class is 1C-2P."])
def test_a_class_is_read_in_all_its_spellings(answer):
    known = known_of("rgz_smorph", **{"1C-2P": "present"})
    assert verdict("Which class is the source?", answer, known) == (Judgement.SUPPORTED, [])


def test_options_left_out_are_denied():
    question = "Which do you see?\nEXTENDED\nDIFFUSE\nDIFFUSE-LARGE"
    assert set(read("EXTENDED", question=question)) == {
        ("presence", "EXTENDED", "present", None),
        ("presence", "DIFFUSE", "absent", None),
        ("presence", "DIFFUSE-LARGE", "absent", None),
    }
    assert {one[2] for one in read("NONE", question=question)} == {"absent"}
    assert ("class", "NONE", "present", None) in read("NONE, EXTENDED", question=question)


def test_what_is_not_known_is_unverifiable_and_not_contradicted():
    known = known_of("radioimg_multilabel", EXTENDED="present")
    judgement, reasons = verdict("What is seen?", "Diffuse sources, and 3 compact sources.", known)
    assert judgement is Judgement.UNVERIFIABLE
    assert reasons == ["presence DIFFUSE present: not known", "count COMPACT 3: not known"]


def test_an_answer_without_claims_is_unverifiable():
    known = known_of("radioimg_multilabel", EXTENDED="present")
    assert verdict("What is seen?", "A lovely picture.", known)[0] is Judgement.UNVERIFIABLE


@pytest.mark.parametrize("box", ["[0.3, 0.2, 0.1, 0.4]", "[0.1, 0.2, 0.3]", "[1.1, 0.2, 1.3, 0.4]", "[a, b, c, d]"])
def test_a_box_that_is_none_is_contradicted(box):
    known = known_of("lomorph", objects=[((0.1, 0.2, 0.3, 0.4), None)])
    question = "Give the bounding boxes of all catalogued radio sources."
    assert verdict(question, "[0.100, 0.200, 0.300, 0.400]", known)[0] is Judgement.SUPPORTED
    assert verdict(question, box, known)[0] is Judgement.CONTRADICTED


def test_a_box_in_another_dialect_than_the_declared_one_is_contradicted():
    known = known_of("lomorph", objects=[((0.1, 0.2, 0.3, 0.4), None)])
    question = "Give the bounding boxes of all catalogued radio sources."
    answer = encode_box((0.1, 0.2, 0.3, 0.4), "xywh_center_norm")
    assert verdict(question, answer, known, "xywh_center_norm")[0] is Judgement.SUPPORTED
    assert verdict(question, answer, known, "xyxy_norm")[0] is Judgement.CONTRADICTED


def test_blank_pixels_and_their_share_are_judged_on_the_pixels():
    known = known_of("mirabest", blank_fraction=0.093)
    assert verdict("What is seen?", "About 9 % of the image is blank.", known)[0] is Judgement.SUPPORTED
    assert verdict("What is seen?", "About 20 per cent of the image is blank.", known)[0] is Judgement.CONTRADICTED
    assert verdict("What is seen?", "There are no blank pixels.", known)[0] is Judgement.CONTRADICTED
    assert verdict("What is seen?", "Blank pixels lie along the edges.", known)[0] is Judgement.UNVERIFIABLE


def test_swapping_size_and_beam_or_naming_another_survey_is_contradicted():
    known = Annotations(
        "cutout-0", "source-0", label_scheme("mirabest"), {}, side_arcsec=540.0, beam_arcsec=(5.4, 5.4),
        survey=SurveyFacts("FIRST", 1400),
    )  # fmt: skip
    good = description(known).text
    assert verdict("Describe it.", good, known)[0] is Judgement.SUPPORTED
    swaps = {"9 arcmin": "5 arcmin", "5.4 arcsec": "45 arcsec", "FIRST": "EMU", "1400 MHz": "944 MHz"}
    for ours, other in swaps.items():
        assert ours in good
        assert verdict("Describe it.", good.replace(ours, other), known)[0] is Judgement.CONTRADICTED


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_example_of_a_construction_is_understood(example):
    read_by_scheme = [extract_claims("What is seen?", example, one, "xyxy_norm") for one in label_schemes().values()]
    assert any(found and all(one.claim.kind != "unread" for one in found) for found in read_by_scheme)
