"""What clauses share: a subject, a noun, a verdict on the sentence before; each against a scene of the exam."""

import pytest

from curation.exams.cases import QUESTION, scenes
from curation.extraction.reading import extract_claims
from curation.verification.verify import verify_turn

YES, NO = "supported", "contradicted"
SAID = [
    ("a-A1", "The image measures 512 by 512 pixels and covers 25 arcminutes on a side.", YES),
    ("a-A1", "The image, taken by ASKAP at 943 MHz, shows nine sources.", YES),
    ("a-A1", "The image, taken by LOFAR at 144 MHz, shows nine sources.", NO),
    ("a-A1", "It contains nine sources, five of which are compact.", YES),
    ("a-A1", "There are nine sources, six of which are compact.", NO),
    ("a-A1", "There are nine sources, all of them compact.", NO),
    ("a-A1", "One source, located on the left side of the image, appears to be poorly imaged.", YES),
    ("a-A1", "There is one source that has been flagged due to poor imaging quality, which is on the left.", YES),
    ("a-A1", "There are two sources that are flagged.", NO),
    ("a-A1", "Flagged: one source, on the left-hand side.", YES),
    ("a-A1", "One might say that there are five compact sources. That is right.", YES),
    ("a-A1", "One might say that there are five compact sources. That is wrong.", NO),
    ("a-A1", "It is not true that there are six compact sources, nor that there is a flagged source.", NO),
    ("a-A1", "The presence of artifacts is evident.", NO),
    ("a-A2", "The compact source is larger than the others.", NO),
    ("a-A2", "Compared with the compact source, the extended one is larger.", YES),
    ("a-A4", "There are nine sources visible in the image, all of them compact.", YES),
    ("a-A4", "Besides compact sources, nothing is visible.", YES),
    ("a-A5", "Extended sources outnumber compact sources by three to one.", YES),
    ("a-B2", "The image shows compact sources alongside a radio galaxy.", NO),
    ("a-B7", "The bright source is surrounded by imaging artifacts.", YES),
    ("a-C1", "As a supernova remnant it has soft edges.", YES),
    ("a-C5", "It is a supernova remnant which also hosts a pulsar.", YES),
    ("a-C5", "The source is both a supernova remnant and associated with a pulsar.", YES),
    ("a-D1", "The bright hotspots at the lobe ends make it an FR II.", NO),
    ("a-D2", "The bright hotspots at the lobe ends make it an FR II.", YES),
    ("a-K3", "Compact galaxies make up the majority of the objects.", YES),
    ("b-M1", "The larger of the two multi-island sources is located in the lower right.", YES),
    ("b-M1", "The larger of the two multi-island sources lies on the left.", NO),
    ("b-M4", "Three extended sources are visible, none of which is compact.", YES),
    ("b-C3", "Both galaxies are resolved.", YES),
    ("c-N1", "Both compact sources lie in the lower half of the image.", NO),
]


@pytest.mark.parametrize(("scene", "text", "expected"), SAID)
def test_clauses_that_share_words_are_read_with_what_they_share(scene, text, expected):
    known = scenes()[scene]
    found = extract_claims(QUESTION, text, known.scheme, "xyxy_norm")
    assert verify_turn(found, known)[0] == expected, [one.claim for one in found]


@pytest.mark.parametrize(
    "text",
    [
        "No source is surrounded by artifacts.",  # of the artefacts it says nothing
        "One might say that blank pixels make up about 55 % of the cutout. That is wrong.",
    ],
)
def test_what_the_denial_of_a_whole_leaves_open_is_not_read(text):
    known = scenes()["a-B7" if "artifacts" in text else "a-B6"]
    assert verify_turn(extract_claims(QUESTION, text, known.scheme, "xyxy_norm"), known)[0] != YES


def test_what_lies_in_the_centre_is_what_lies_most_in_it():
    known = scenes()["a-A2"]
    question = "What is the object in the centre?"
    verdicts = [
        str(verify_turn(extract_claims(question, text, known.scheme, "xyxy_norm"), known)[0])
        for text in ("An extended source.", "A compact source.", "An artifact.")
    ]
    assert verdicts == [YES, NO, NO]
