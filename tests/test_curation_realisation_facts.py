"""Whether a fact holds, decided from the annotations and from nothing else."""

import pytest

from curation.realisation.facts import Fact, holds
from curation.verification.claims import Annotations, SeenObject, SurveyFacts
from schemas.labels import Truth, label_scheme

P, A, U = Truth.PRESENT, Truth.ABSENT, Truth.UNKNOWN
SURVEY = SurveyFacts("A Survey", 1400.0)


def boxed(name, *box, labels=("COMPACT",)):
    return SeenObject(f"obj-{name}", box, frozenset(labels), is_source="SPURIOUS" not in labels)


def seen(*objects, scheme="caesar_mrcnn", **changed):
    one = label_scheme(scheme)
    held = {label for an_object in objects for label in an_object.labels}
    states = {label: P if label in held else A for label in one.labels}
    given = {"labels": states, "objects": tuple(objects), "side_arcsec": 100.0, "beam_arcsec": (5.0, 5.0)}
    return Annotations("cutout-0", "source-0", one, survey=SURVEY, **(given | changed))


TWO = seen(
    boxed("a", 0.1, 0.1, 0.2, 0.3), boxed("b", 0.6, 0.1, 0.7, 0.2),
    boxed("c", 0.6, 0.6, 0.9, 0.9, labels=["EXTENDED"]), blank_fraction=0.2,
)  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "truth"),
    [
        (Fact("present", "COMPACT"), P), (Fact("present", "FLAGGED"), A), (Fact("absent", "FLAGGED"), P),
        (Fact("contrast", "COMPACT", "FLAGGED"), P), (Fact("contrast", "FLAGGED", "COMPACT"), A),
        (Fact("both", "COMPACT", "EXTENDED"), P), (Fact("both", "COMPACT", "FLAGGED"), A),
        (Fact("neither", "SPURIOUS", "FLAGGED"), P), (Fact("neither", "SPURIOUS", "COMPACT"), A),
        (Fact("listing", labels=("EXTENDED", "COMPACT"), offered=("COMPACT", "EXTENDED", "FLAGGED")), P),
        (Fact("listing", labels=("COMPACT",), offered=("COMPACT", "EXTENDED", "FLAGGED")), A),
        (Fact("count", "COMPACT", number=2), P), (Fact("count", "source", number=3), P),
        (Fact("count", "source", number=0), A), (Fact("count", "FLAGGED", number=0), P),
        (Fact("box", "COMPACT", boxes=((0.1, 0.1, 0.2, 0.3),)), P),
        (Fact("box", "EXTENDED", boxes=((0.1, 0.1, 0.2, 0.3),)), A),
        (Fact("box", "EXTENDED", boxes=((0.62, 0.62, 0.92, 0.92),)), U),
        (Fact("boxes", "COMPACT", boxes=((0.6, 0.1, 0.7, 0.2), (0.1, 0.1, 0.2, 0.3))), P),
        (Fact("boxes", "COMPACT", boxes=((0.6, 0.1, 0.7, 0.2), (0.6, 0.1, 0.7, 0.2))), A),
        (Fact("place", "EXTENDED", place="bottom right"), P), (Fact("place", "EXTENDED", place="left"), A),
        (Fact("place", "COMPACT", place="top"), P), (Fact("place", "COMPACT", place="left"), A),
        (Fact("place", "FLAGGED", place="left"), U), (Fact("place", "EXTENDED", place="centre"), U),
        (Fact("count_at", "source", number=2, place="right"), P),
        (Fact("count_at", "source", number=1, place="top"), A),
        (Fact("more", "COMPACT", "EXTENDED"), P), (Fact("more", "EXTENDED", "COMPACT"), A),
        (Fact("equal", "COMPACT", "EXTENDED"), A), (Fact("largest", "source", place="bottom"), P),
        (Fact("largest", "source", place="top left"), A), (Fact("largest_class", "source", "EXTENDED"), P),
        (Fact("largest_class", "source", "COMPACT"), A), (Fact("beside", "EXTENDED", "COMPACT", place="right"), U),
        (Fact("share", "EXTENDED", number=30, place="width"), P),
        (Fact("share", "EXTENDED", number=60, place="width"), A),
        (Fact("extent", "EXTENDED", number=30, place="height"), P),
        (Fact("extent", "EXTENDED", number=33, place="height"), U),
        (Fact("blank"), P), (Fact("not_blank"), A), (Fact("edge"), U), (Fact("percent", number=20), P),
        (Fact("percent", number=22), U), (Fact("percent", number=40), A), (Fact("survey", "A Survey"), P),
        (Fact("survey", "Another"), A), (Fact("frequency", number=1400), P), (Fact("frequency", number=943), A),
        (Fact("beam", number=5), P), (Fact("beam", number=15), A), (Fact("size", number=100), P),
        (Fact("peculiarity", "ORDINARY"), U), (Fact("islands", number=2), U), (Fact("invented", "FR-V"), A),
        (Fact("invented", "COMPACT"), U),
    ],
)  # fmt: skip
def test_whether_a_fact_holds_follows_from_the_annotations(fact, truth):
    assert holds(fact, TWO) is truth


def test_islands_and_peaks_are_those_of_the_class():
    one = label_scheme("rgz_smorph")
    known = Annotations("c", "s", one, {label: P if label == "2C-3P" else A for label in one.labels})
    assert [holds(Fact(kind, number=2), known) for kind in ("islands", "peaks")] == [P, A]


def test_what_is_peculiar_may_be_complex_too_but_is_not_ordinary():
    one = label_scheme("radioimg_multilabel")
    known = Annotations("c", "s", one, dict.fromkeys(one.labels, A) | {"PECULIAR": P})
    assert [holds(Fact("peculiarity", word), known) for word in ("PECULIAR", "COMPLEX", "ORDINARY")] == [P, U, A]
