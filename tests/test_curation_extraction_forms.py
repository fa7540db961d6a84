"""Forms that are no running prose: lists, tables, JSON, boxes, short answers, replies; each with its verdict."""

import pytest

from curation.extraction.reading import extract_claims
from curation.extraction.text import flattened, sentences
from curation.verification.claims import NO_SOURCE, Annotations, SeenObject
from curation.verification.verify import verify_turn
from schemas.labels import Truth, label_scheme

YES, NO, OPEN = "supported", "contradicted", "unverifiable"
NOT_YES = "not supported"

# Two compact sources, an extended one in the middle, a multi-island one and an artefact.
OBJECTS = (
    ((0.10, 0.10, 0.16, 0.16), "COMPACT"),
    ((0.80, 0.12, 0.86, 0.18), "COMPACT"),
    ((0.40, 0.40, 0.62, 0.58), "EXTENDED"),
    ((0.10, 0.60, 0.40, 0.90), "EXTENDED-MULTISLAND"),
    ((0.80, 0.80, 0.90, 0.90), "SPURIOUS"),
)


def finder():
    scheme = label_scheme("caesar_mrcnn")
    held = {label for _, label in OBJECTS}
    states = {label: Truth.PRESENT if label in held else Truth.ABSENT for label in scheme.labels}
    seen = tuple(
        SeenObject(f"obj-{at}", box, frozenset([label]), label not in NO_SOURCE)
        for at, (box, label) in enumerate(OBJECTS)
    )
    return Annotations("cutout-0", "source-0", scheme, states, objects=seen)


def labelled(scheme, *present):
    one = label_scheme(scheme)
    held = one.with_implied(present)
    states = {label: Truth.PRESENT if label in held else Truth.ABSENT for label in one.labels}
    return Annotations("cutout-0", "source-0", one, states)


def verdict(known, question, answer, dialect="xyxy_norm"):
    return str(verify_turn(extract_claims(question, answer, known.scheme, dialect), known)[0])


def holds(wanted, got):
    return got != YES if wanted == NOT_YES else got == wanted


WHAT = "Describe the picture."

OF_OBJECTS = [
    # a name and what is said of it
    (YES, "Compact: 2. Extended, one island: 1. Extended, several islands: 1. Spurious: 1."),
    (NO, "Compact: 2. Extended, one island: 2. Spurious: 1."),
    (YES, "Compact sources: 2; artefacts: 1; flagged sources: 0"),
    (NO, "Compact sources: 2; artefacts: 0"),
    (YES, "Compact – 2; flagged – 0"),
    (YES, "Compact sources (2), artefacts (1)."),
    (NO, "Compact sources (3), artefacts (1)."),
    (YES, "n_compact = 2, n_flagged = 0"),
    (YES, "Number of compact sources: 2"),
    (NO, "Number of compact sources: 4"),
    (NOT_YES, "Number of compact sources: yes"),
    (YES, "Compact sources: at least 2"),
    (NO, "Compact sources: > 2"),
    (NO, "Compact sources: more than two"),
    (YES, "Compact sources: 1-2"),
    (YES, "Compact sources: 2 (upper left, upper right)"),
    (NO, "Compact sources: 2 (upper left, lower left)"),
    (YES, "Compact sources by quadrant: top left 1, top right 1, bottom left 0, bottom right 0."),
    (NO, "Compact sources by quadrant: top left 2, top right 0."),
    (YES, "Upper left: a compact source. Centre: an extended source of one island."),
    (NO, "Lower right: a compact source."),
    (YES, "Present: compact sources, artefacts. Absent: flagged sources."),
    (NO, "Present: compact sources, flagged sources. Absent: artefacts."),
    (YES, "**Compact sources**: two are visible.\n**Flagged sources**: none are visible."),
    (NO, "**Artefacts**: none are visible."),
    # figures that no form takes
    (OPEN, "Compact sources: 2 mJy"),
    (OPEN, "Compact sources: 2 of 9"),
    (OPEN, "Compact sources: 2/9"),
    (OPEN, "Compact sources: 2.5"),
    (OPEN, "Compact sources: -2"),
    (OPEN, "Compact sources: 2 (90 % confidence)"),
    (OPEN, "Compact sources: 2?"),
    (OPEN, "Compact sources: not sure"),
    # lists
    (YES, "1. Two compact sources\n2. One artefact"),
    (NO, "1. Three compact sources\n2. One artefact"),
    (YES, "(1) There are 2 compact sources. (2) There is an artefact."),
    (YES, "a. compact sources: 2 b. artefacts: 1"),
    (YES, "Compact sources:\n- one at the upper left\n- one at the upper right\n\nFlagged sources:\n- none"),
    (NO, "Compact sources:\n- one at the upper left\n- one at the lower right"),
    (YES, "The image contains:\n• 2 compact sources\n• 1 artefact"),
    (YES, "✅ Compact sources\n❌ Flagged sources"),
    (NO, "Compact sources ✓, artefacts ✗"),
    (YES, "[x] compact sources\n[ ] flagged sources"),
    # tables
    (YES, "| Class | Count |\n|---|---|\n| Compact | 2 |\n| Extended (single island) | 1 |\n| Spurious | 1 |"),
    (NO, "| Class | Count |\n|---|---|\n| Compact | 2 |\n| Extended (multi-island) | 2 |"),
    (YES, "Class | N\nCompact | 2\nFlagged | 0"),
    (YES, "| Compact | Spurious |\n|---|---|\n| 2 | 1 |"),
    (NO, "| Feature | Present? |\n|---|---|\n| Compact sources | Yes |\n| Artefacts | No |"),
    (NOT_YES, "| Feature | Absent? |\n|---|---|\n| Compact sources | Yes |"),
    (YES, "| # | Class | Box |\n|---|---|---|\n| 1 | compact | [0.10, 0.10, 0.16, 0.16] |"),
    (NO, "| # | Class | Box |\n|---|---|---|\n| 1 | artefact | [0.10, 0.10, 0.16, 0.16] |"),
    (YES, "| Class | Location |\n|---|---|\n| Artefact | lower right |"),
    (OPEN, "| Class | Count | Flux |\n|---|---|---|\n| Compact | 2 | 3.4 |"),
    # JSON
    (YES, '{"compact": 2, "flagged": 0}'),
    (NO, '```json\n{"compact": 2, "flagged": 1}\n```'),
    (YES, "{'compact': 2, 'spurious': True}"),
    (NO, '{"has_artifacts": false}'),
    (YES, '{"compact_sources": {"present": true, "count": 2}}'),
    (YES, '{"counts": {"compact": 2, "spurious": 1}}'),
    (NO, '{"compact": 2, "compact": 3}'),
    (NO, '{"artifacts": []}'),
    (YES, 'Here is the JSON: {"objects": [{"class": "compact", "bbox": [0.10, 0.10, 0.16, 0.16]}]}'),
    (NO, '[{"bbox_2d": [0.10, 0.10, 0.16, 0.16], "label": "artefact"}]'),
    (YES, '{"label": "artefact", "bbox": {"x1": 0.8, "y1": 0.8, "x2": 0.9, "y2": 0.9}}'),
    (OPEN, '{"compact": 2, "confidence": 0.9}'),
    (OPEN, '{"compact": null}'),
    (YES, '{"description": "There are two compact sources. An artefact is visible."}'),
    (NO, '{"description": "There are two compact sources. No artefacts are visible."}'),
    # boxes
    (YES, "[0.10, 0.10, 0.16, 0.16] is a compact source."),
    (NO, "[0.10, 0.10, 0.16, 0.16] is an artefact."),
    (NOT_YES, "[0.10, 0.10, 0.16, 0.16] is not a compact source."),
    (YES, "The box [0.80, 0.80, 0.90, 0.90] marks an artefact."),
    (NO, "The box [0.80, 0.80, 0.90, 0.90] encloses a compact source."),
    (NO, "The source in the box [0.10, 0.10, 0.16, 0.16] is an artefact."),
    (YES, "The artefact has the box (80, 80, 90, 90), in per cent of the image size."),
    (YES, "In per cent of the picture's size: the artefact has the box [80, 80, 90, 90]."),
    (YES, "The artefact spans from (0.8, 0.8) in its upper left to (0.9, 0.9) in its lower right corner."),
    (YES, "The artefact extends from (0.8, 0.9), its lower-left corner, to (0.9, 0.8), its upper-right corner."),
    (NO, "The artefact's upper left corner is at (0.1, 0.8) and its lower right corner at (0.3, 0.9)."),
    (OPEN, "The artefact has the box [409, 409, 461, 461]."),
    (OPEN, "The artefact is centred at pixel (435, 435)."),
    (YES, "The two compact sources are at [0.10, 0.10, 0.16, 0.16] and [0.80, 0.12, 0.86, 0.18]."),
    (NOT_YES, "There are two compact sources: [0.10, 0.10, 0.16, 0.16]."),
    (NO, "The compact source is at [0.10, 0.10, 0.16, 0.16], the flagged one at [0.80, 0.80, 0.90, 0.90]."),
    # other languages, slips of the pen
    (OPEN, "Die Karte zeigt zwei kompakte Quellen."),
    (OPEN, "Deux sources compactes et un artefact."),
    (YES, "There are two compct sources and one artifcat."),
    (NO, "There are three compct sources."),
    # what opens and closes a text says nothing; what only looks like it is read
    (YES, "Certainly! Here is a description of the image:\n\n- 2 compact sources\n\nI hope this helps!"),
    (NOT_YES, "Here are two flagged sources. There are compact sources."),
    (NOT_YES, "Let me point out the flagged source. There are compact sources."),
]


@pytest.mark.parametrize(("wanted", "text"), OF_OBJECTS)
def test_a_form_about_objects_gets_its_verdict(wanted, text):
    assert holds(wanted, verdict(finder(), WHAT, text)), extract_claims(WHAT, text, finder().scheme, "xyxy_norm")


THOUSANDTHS = [
    (YES, "<ref>artefact</ref><box>[[800, 800, 900, 900]]</box>"),
    (NO, "<ref>compact source</ref><box>[[800, 800, 900, 900]]</box>"),
    (YES, "<|object_ref_start|>artefact<|object_ref_end|><|box_start|>(800,800),(900,900)<|box_end|>"),
    (NO, "<|object_ref_start|>flagged source<|object_ref_end|><|box_start|>(800,800),(900,900)<|box_end|>"),
    (YES, '{"bbox_2d": [800, 800, 900, 900], "label": "artefact"}'),
    (YES, "The artefact has the box [0.80, 0.80, 0.90, 0.90]."),
]


@pytest.mark.parametrize(("wanted", "text"), THOUSANDTHS)
def test_a_box_in_thousandths_gets_its_verdict(wanted, text):
    assert holds(wanted, verdict(finder(), WHAT, text, "xyxy_1000"))


MULTILABEL = ("radioimg_multilabel", "COMPACT", "RADIO-GALAXY")
OF_LABELS = [
    (MULTILABEL, YES, "Is there a radio galaxy?", "Yes – the image shows a radio galaxy."),
    (MULTILABEL, NO, "Is there a radio galaxy?", "**Answer:** No"),
    (MULTILABEL, NO, "Is there a radio galaxy?", "Nope, I'm afraid there is no radio galaxy."),
    (MULTILABEL, NO, "Are there filaments?", "Unfortunately, yes: filaments are visible."),
    (MULTILABEL, YES, "Are there filaments?", "No, not at all."),
    (MULTILABEL, YES, "Are there filaments?", "I don't see any."),
    (MULTILABEL, OPEN, "Are there filaments?", "Yes and no."),
    (MULTILABEL, NO, "Is there a radio galaxy?", "You asked whether the image contains a radio galaxy. It does not."),
    (
        MULTILABEL,
        YES,
        "Is there a radio galaxy?",
        "To answer the question of whether a radio galaxy is present: it is.",
    ),
    (MULTILABEL, YES, WHAT, "Radio galaxies? Yes. Filaments? None."),
    (MULTILABEL, NO, WHAT, "Radio galaxies? None. Filaments? None."),
    (MULTILABEL, YES, WHAT, "- point sources: found\n- radio galaxy: found\n- filaments: not found"),
    (MULTILABEL, NO, WHAT, "Radio galaxy = yes; filaments = yes"),
    (MULTILABEL, YES, WHAT, '{"present": ["COMPACT", "RADIO-GALAXY"], "absent": ["FILAMENT"]}'),
    (MULTILABEL, NO, WHAT, '{"radio galaxy": "no"}'),
    (MULTILABEL, YES, "Is there a filament?", '{"answer": "no"}'),
    (("mirabest", "FR-II"), YES, "Is it FR-I or FR-II?", "The latter."),
    (("mirabest", "FR-II"), NO, "Is it FR-I or FR-II?", "The first one."),
    (("mirabest", "FR-II"), YES, "Which class is it?", "Class: FR-II"),
    (("mirabest", "FR-II"), NO, "Which class is it?", "Classification — FR-I."),
    (("mirabest", "FR-II"), OPEN, "Which class is it?", '{"class": "FR-II", "confidence": 0.97}'),
    (("mirabest", "FR-II"), NOT_YES, "Is it an FR-I?", "It is, in fact, an FR-II, and not what you think."),
    (("rgz_smorph", "2C-3P"), YES, "Fill in the form.", "components: 2, peaks: 3"),
    (("rgz_smorph", "2C-3P"), NO, "Fill in the form.", "1) Number of islands: 2\n2) Number of peaks: 2"),
    (("rgz_smorph", "2C-3P"), NO, "How many peaks does the source have?", "2."),
    (("rgz_smorph", "2C-3P"), YES, "How many peaks does the source have?", "Three, I think."),
    (("rgz_smorph", "1C-1P"), YES, "How many peaks does the source have?", "A single one."),
    (("smgps_extcat", "HII", "EXTENDED"), YES, "Fill in the form.", "PN = no, SNR = no, HII = yes"),
    (("smgps_extcat", "HII", "EXTENDED"), NO, "Fill in the form.", "PN = yes, HII = yes"),
    (("smgps_extcat", "HII", "EXTENDED"), YES, "Is it compact or extended?", "Not compact: extended."),
    (("smgps_extcat", "HII", "EXTENDED"), NO, "Return JSON.", '{"morphology": "EXTENDED", "class": "PN"}'),
]


@pytest.mark.parametrize(("labels", "wanted", "question", "answer"), OF_LABELS)
def test_a_form_about_labels_gets_its_verdict(labels, wanted, question, answer):
    known = labelled(*labels)
    assert holds(wanted, verdict(known, question, answer)), extract_claims(question, answer, known.scheme, "xyxy_norm")


ANSWERS = [
    (YES, "How many compact sources are there?", "2"),
    (YES, "How many compact sources are there?", "Two, as far as I can tell."),
    (NO, "How many compact sources are there?", "None."),
    (NO, "How many compact sources are there?", "There are 5."),
    (YES, "How many flagged sources are there?", "Not any."),
    (YES, "Are there artefacts?", "Yes, one."),
    (NO, "Are there artefacts?", "Yes, two of them."),
    (YES, "Where is the artefact?", "Lower right"),
    (NO, "Where is the artefact?", "In the upper left corner, I would say."),
    (YES, "How many compact sources are there?", "One in the upper left and one in the upper right: two altogether."),
    (NO, "How many compact sources are there?", "One in the upper left and one in the centre."),
    (NOT_YES, "How many compact sources are there?", "There is an artefact."),
]


@pytest.mark.parametrize(("wanted", "question", "answer"), ANSWERS)
def test_an_answer_of_a_few_words_leans_on_its_question(wanted, question, answer):
    assert holds(wanted, verdict(finder(), question, answer))


SPLIT = [
    ("There are 2.5 arcsec pixels. It is fine.", 2),
    ("Sources, e.g. compact ones, are visible, i.e. present. None is extended.", 2),
    ("1) one 2) two 3) three", 3),
    ("There are about 2 sources (approx. 3). Good.", 2),
    ("- one\n- two\n\n3. three", 3),
    ("A line that is long enough to be wrapped goes on\nin the next one.", 1),
]


@pytest.mark.parametrize(("text", "n"), SPLIT)
def test_a_text_falls_into_its_statements(text, n):
    plain = flattened(text)[0]
    assert len(list(sentences(plain, 0, len(plain)))) == n


@pytest.mark.parametrize("answer", ["{[1, 2], 3}", "{'a': {[1]: 2}}", "{{'a': 1}}", "[{1, [2]}]", "{1: {2: {[3]}}}"])
def test_what_only_looks_like_data_is_read_like_any_other_text(answer):
    assert extract_claims("What is seen?", answer, label_scheme("caesar_mrcnn"), "xyxy_norm")
