"""Ways of saying things that a text may choose freely: order, pixels, the clock, what is close, all but so many."""

import json
from pathlib import Path

import pytest

from curation.extraction.reading import extract_claims
from curation.verification.annotation_files import Reading, read_annotations
from curation.verification.claims import Annotations
from curation.verification.policy import Verdicts, refusal
from curation.verification.verify import verify_turn

OBJECTS = [
    ("COMPACT", [0.05, 0.05, 0.15, 0.15]),
    ("COMPACT", [0.80, 0.45, 0.90, 0.55]),
    ("COMPACT", [0.46, 0.86, 0.54, 0.94]),
    ("EXTENDED-MULTISLAND", [0.30, 0.30, 0.60, 0.60]),
    ("SPURIOUS", [0.18, 0.05, 0.24, 0.15]),
]
KEPT, FALSE, OPEN = "kept", "contradicted", "open"
"""True and read; false and read as such; neither kept nor called false."""

TEXTS = [
    # places in any order
    (KEPT, "In the upper left corner there is a compact source."),
    (KEPT, "At the centre sits a multi-island source."),
    (KEPT, "It is at the centre that the multi-island source lies."),
    (FALSE, "At the centre sits a compact source."),
    (OPEN, "Next to the multi-island source there is a fainter companion."),
    # some of those spoken of
    (KEPT, "One of the compact sources sits in the upper left, another at the bottom."),
    (FALSE, "One of the compact sources sits in the upper left, another at the centre."),
    (OPEN, "The fourth one is not."),
    # the clock, seen from the centre
    (KEPT, "One of the compact sources is at the 3 o'clock position."),
    (FALSE, "A compact source is at about twelve o'clock."),
    # pixels of a picture of 200 by 200
    (KEPT, "The multi-island source is about 60 pixels across."),
    (FALSE, "The multi-island source is about 120 pixels across."),
    (KEPT, "The multi-island source is enclosed by the box [60, 60, 120, 120]."),
    (FALSE, "The multi-island source is enclosed by the box [10, 60, 70, 120]."),
    (KEPT, "The multi-island source is centred near pixel (90, 90)."),
    (KEPT, "The image is 200 pixels wide and 200 pixels high."),
    (FALSE, "The image is 512 pixels wide."),
    (KEPT, "The pixel size is about 2 arcseconds."),
    # what is close
    (KEPT, "The artefact lies close to a compact source."),
    (FALSE, "The artefact lies close to the multi-island source at the centre. It is at the bottom."),
    # all but so many
    (KEPT, "All but one of the sources are compact."),
    (FALSE, "All but two of the sources are compact."),
    (KEPT, "Apart from the multi-island source, all sources are compact."),
    # a number of a word for two classes
    (KEPT, "There is one extended source."),
    (FALSE, "There are two extended sources."),
    # islands as a class
    (KEPT, "The extended source consists of several islands."),
    (FALSE, "The extended source consists of a single island."),
    (FALSE, "The multi-island source is compact."),
    # headings, and what is taken back
    (KEPT, "### Artefacts\nOne.\n### Flagged sources\nNone."),
    (OPEN, "A flagged source, no, wait, there is none."),
    # the one and only of a kind, which says nothing of others
    (KEPT, "The only multi-island source lies at the centre."),
    (FALSE, "The only source is compact."),
    (KEPT, "The multi-island source is the largest."),
    (FALSE, "The artefact is the largest."),
    (OPEN, "The artefact is the second largest object."),
    # who "but", "other", "first" and "they" take out or mean
    (OPEN, "No source but the multi-island one lies at the centre."),
    (OPEN, "The other compact sources lie elsewhere."),
    (KEPT, "There are three compact sources. The first is at the bottom, the second at the upper left."),
    (OPEN, "The upper left hosts two objects. One is compact, and the other is spurious."),
    (OPEN, "Two sources lie at the bottom and on the right. They are compact."),
    (OPEN, "There are more compact sources than artefacts and multi-island sources together."),
    # what is half read contradicts nothing
    (OPEN, "Every class but the flagged one occurs."),
    # borders of places, and shares of all that is outlined
    (OPEN, "The right half holds exactly one compact source."),
    (OPEN, "60% of the objects are compact."),
    (FALSE, "20% of the objects are compact."),
    # numbers of its own for each class
    (KEPT, "Three of the four sources are compact, one extended."),
    (FALSE, "Three of the four sources are compact, two extended."),
    # one thing above another, in the other order
    (KEPT, "Above the multi-island source there is an artefact."),
    (FALSE, "Below the multi-island source there is an artefact."),
]  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Annotations:
    file = Path(tmp_path_factory.mktemp("kinds")) / "objects.json"
    held = {
        "scheme": "caesar_mrcnn",
        "objects": [{"label": label, "box": box} for label, box in OBJECTS],
        "picture": {"width_px": 200, "height_px": 200, "side_arcsec": 400, "blank_fraction": 0.0},
    }
    file.write_text(json.dumps(held), encoding="utf-8")
    return read_annotations(file, Reading())


@pytest.mark.parametrize(("wanted", "text"), TEXTS)
def test_a_kind_of_statement_gets_its_verdict(wanted: str, text: str, known: Annotations) -> None:
    found = extract_claims("Describe the image.", text, known.scheme, "xyxy_norm")
    verdict, reasons = verify_turn(found, known)
    is_kept = refusal(found, known, Verdicts()) is None
    assert is_kept == (wanted == KEPT), (text, reasons)
    assert (str(verdict) == "contradicted") == (wanted == FALSE), (text, reasons)


def test_an_answer_about_a_box_is_of_what_lies_in_it(known: Annotations) -> None:
    question = "What is the object at [0.30, 0.30, 0.60, 0.60]?"
    for answer, is_kept in (("A multi-island extended source.", True), ("A compact source.", False)):
        found = extract_claims(question, answer, known.scheme, "xyxy_norm")
        assert (refusal(found, known, Verdicts()) is None) == is_kept, answer


def test_a_sentence_of_very_many_joints_is_given_up_and_so_not_read(known: Annotations) -> None:
    text = ", and ".join(["a compact source is in the upper left corner"] * 20) + " blorb."
    found = extract_claims("Describe the image.", text, known.scheme, "xyxy_norm")
    assert refusal(found, known, Verdicts()) is not None
