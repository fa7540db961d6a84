"""Entailment: what follows from stated claims, what does not, and that nothing which follows is ever false."""

from dataclasses import replace
from itertools import product

import pytest

from curation.fault_injection.scenes import synthetic_scenes
from curation.realisation.draw import Draw
from curation.realisation.facts_of import PECULIARITIES
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from curation.verification.entailment import entails
from curation.verification.premises import Premises
from curation.verification.verify import Judgement, verify
from schemas.labels import Truth, label_scheme

PRESENT, ABSENT = Truth.PRESENT, Truth.ABSENT
BOX, OTHER_BOX = (0.10, 0.20, 0.20, 0.30), (0.70, 0.60, 0.90, 0.80)


def presence(label, state=PRESENT):
    return Claim("presence", label, state)


def count(subject, n, how=None, state=PRESENT):
    return Claim("count", subject, state, count=n, how=how)


def box(subject, edges=BOX, how=None):
    return Claim("box", subject, box=edges, how=how)


def place(subject, name, how=None, state=PRESENT):
    return Claim("position", subject, state, how=how, other=name)


TWO = [count("COMPACT", 2), box("COMPACT"), box("COMPACT", OTHER_BOX)]
CAESAR, MIRABEST, PICTURE, SMGPS = "caesar_mrcnn", "mirabest", "radioimg_multilabel", "smgps_extcat"


@pytest.mark.parametrize(
    ("scheme", "stated", "read"),
    [
        (CAESAR, [count("COMPACT", 4)], count("COMPACT", 3, "at least")),
        (CAESAR, [count("COMPACT", 4)], count("COMPACT", 4, "at most")),
        (CAESAR, [count("COMPACT", 4)], count("COMPACT", None, "several")),
        (CAESAR, [count("COMPACT", 4)], count("COMPACT", 3, state=ABSENT)),
        (CAESAR, [count("COMPACT", 4)], presence("COMPACT")),
        (CAESAR, [count("COMPACT", 4)], count(ANY_OBJECT, 4, "at least")),
        (CAESAR, [count("COMPACT", 3, "at least")], count("COMPACT", 2, "at least")),
        (CAESAR, [count("COMPACT", 0)], presence("COMPACT", ABSENT)),
        (CAESAR, [box("COMPACT")], presence("COMPACT")),
        (CAESAR, [box("COMPACT")], box(ANY_OBJECT)),
        (CAESAR, [box("COMPACT"), box("COMPACT", OTHER_BOX)], count("COMPACT", 2, "at least")),
        (CAESAR, [box("COMPACT", (0.1004, 0.2, 0.2, 0.3))], box("COMPACT")),
        (CAESAR, [box("COMPACT", (0.104, 0.2, 0.2, 0.3))], box("COMPACT", how="rounded")),
        (CAESAR, [box("COMPACT")], place("COMPACT", "upper left")),
        (CAESAR, [place("COMPACT", "upper left")], place("COMPACT", "left")),
        (CAESAR, [place("COMPACT", "upper left", "all")], place("COMPACT", "left")),
        (CAESAR, [place("COMPACT", "left")], count("COMPACT", 1, "at least")),
        (CAESAR, TWO, Claim("extreme", "COMPACT", how="leftmost", other="in upper left")),
        (CAESAR, TWO, Claim("extreme", "COMPACT", how="largest", other="in right")),
        (CAESAR, TWO, place("COMPACT", "left", state=PRESENT)),
        (CAESAR, [count("COMPACT", 1), box("COMPACT"), count("EXTENDED", 1), box("EXTENDED", OTHER_BOX)],
         Claim("left", "COMPACT", other="EXTENDED")),
        (CAESAR, [count("COMPACT", 3), count("EXTENDED", 1)], Claim("more", "COMPACT", other="EXTENDED")),
        (CAESAR, [Claim("more", "COMPACT", other="EXTENDED")], Claim("fewer", "EXTENDED", other="COMPACT")),
        (CAESAR, [count("COMPACT", 3), count(ANY_OBJECT, 3)], Claim("share", "COMPACT", how="all", other=ANY_OBJECT)),
        (PICTURE, [presence("RADIO-GALAXY")], presence("EXTENDED")),
        (PICTURE, [presence("EXTENDED", ABSENT)], presence("RADIO-GALAXY", ABSENT)),
        (PICTURE, [presence("EXTENDED")], presence("COMPACT|EXTENDED")),
        (PICTURE, [presence("COMPACT", ABSENT), presence("EXTENDED", ABSENT)], presence("COMPACT|EXTENDED", ABSENT)),
        (MIRABEST, [presence("FR-II")], presence("FR-I", ABSENT)),
        (PICTURE, [Claim("border", "blank", count=12)], Claim("border", "blank")),
        (PICTURE, [Claim("border", "blank", count=12)], Claim("border", "blank", count=10, how="at least")),
        (PICTURE, [Claim("peculiarity", "COMPLEX")], Claim("peculiarity", "ORDINARY", ABSENT)),
        (PICTURE, [Claim("frequency", "map", count=943)], Claim("frequency", "map", count=943)),
        (PICTURE, [Claim("frequency", "map", count=1400)], Claim("frequency", "map", count=1404)),
        (PICTURE, [Claim("survey", "Faint Images of the Radio Sky at Twenty-cm FIRST")],
         Claim("survey", "FIRST", how="name")),
        (PICTURE, [], Claim("map", "radio-continuum")),
        (PICTURE, [Claim("orientation", "up", other="north")], Claim("orientation", "down", other="south")),
        ("rgz_smorph", [presence("1C-2P")], Claim("structure", "peaks", count=2)),
    ],
)  # fmt: skip
def test_what_is_no_more_than_what_was_stated_follows(scheme, stated, read):
    assert entails(stated, read, label_scheme(scheme)) is None


@pytest.mark.parametrize(
    ("scheme", "stated", "read"),
    [
        (CAESAR, [count("COMPACT", 4)], count("COMPACT", 5, "at least")),
        (CAESAR, [count("COMPACT", 4)], count("COMPACT", 3)),
        (CAESAR, [count("COMPACT", 4)], presence("COMPACT", ABSENT)),
        (CAESAR, [count("COMPACT", 4)], count(ANY_OBJECT, 4)),
        (CAESAR, [count("COMPACT", 2, "at least")], count("COMPACT", 2)),
        (CAESAR, [count("COMPACT", 2, "at least")], count("COMPACT", 5, state=ABSENT)),
        (CAESAR, [presence("COMPACT")], count("COMPACT", 1)),
        (CAESAR, [presence("COMPACT")], presence("EXTENDED", ABSENT)),
        (CAESAR, [box("COMPACT"), box("COMPACT", OTHER_BOX)], count("COMPACT", 2)),
        (CAESAR, [box("COMPACT")], box("EXTENDED")),
        (CAESAR, [box(ANY_OBJECT)], box("COMPACT")),
        (CAESAR, [box("COMPACT")], box("COMPACT", OTHER_BOX)),
        (CAESAR, [box("COMPACT"), box("COMPACT", OTHER_BOX)], place("COMPACT", "left", "all")),
        (CAESAR, [place("COMPACT", "left")], place("COMPACT", "upper left")),
        (CAESAR, [place("COMPACT", "left")], place("COMPACT", "left", "all")),
        (CAESAR, [place("COMPACT", "left", state=ABSENT)], place("COMPACT", "left")),
        (CAESAR, [box("COMPACT"), box("COMPACT", OTHER_BOX)],
         Claim("extreme", "COMPACT", how="leftmost", other="in left")),
        (CAESAR, [presence("COMPACT"), presence("EXTENDED")], Claim("more", "COMPACT", other="EXTENDED")),
        (CAESAR, [count("COMPACT", 3)], Claim("share", "COMPACT", how="all", other=ANY_OBJECT)),
        (CAESAR, [count("COMPACT", 3)], Claim("only", "COMPACT")),
        (PICTURE, [presence("EXTENDED")], presence("RADIO-GALAXY")),
        (PICTURE, [presence("RADIO-GALAXY", ABSENT)], presence("EXTENDED", ABSENT)),
        (PICTURE, [presence("COMPACT")], presence("COMPACT|EXTENDED", ABSENT)),
        (MIRABEST, [presence("FR-II", ABSENT)], presence("FR-I")),
        (MIRABEST, [box("FR-I")], presence("FR-I")),
        (MIRABEST, [count("FR-I", 0)], presence("FR-I", ABSENT)),
        (PICTURE, [Claim("border", "blank", count=12)], Claim("border", "blank", count=20)),
        (PICTURE, [Claim("border", "blank")], Claim("border", "edge")),
        (PICTURE, [Claim("frequency", "map", count=1400)], Claim("frequency", "map", count=1300)),
        (PICTURE, [Claim("survey", "EMU Pilot Survey")], Claim("survey", "FIRST", how="name")),
        (PICTURE, [presence("COMPACT")], Claim("class", "pulsar")),
        (PICTURE, [presence("COMPACT")], Claim("number", "7 mJy", count=7)),
        (PICTURE, [presence("COMPACT")], Claim("unread", "sentence")),
        (PICTURE, [presence("COMPACT")], presence("other:PULSAR")),
        (PICTURE, [], presence("COMPACT")),
    ],
)  # fmt: skip
def test_what_says_more_or_something_else_does_not_follow_and_the_reason_names_it(scheme, stated, read):
    reason = entails(stated, read, label_scheme(scheme))
    assert reason is not None and read.kind in reason and read.subject in reason


# -- whatever is entailed by what is supported is true --------------------------------------------------------------

PLACES = ("left", "right", "upper", "lower", "upper left", "lower right", "centre", "upper edge", "left third")
HOWS = (None, "at least", "at most", "about", "several", "dozens", "2 to")


def every_claim(known):
    """All sorts of claims about a picture, true or not, many of them near what is true."""
    labels = [*known.scheme.labels]
    subjects = [*labels, ANY_OBJECT]
    edges = [one.box_norm for one in known.objects or () if one.box_norm][:3]
    shifted = [tuple(min(1.0, edge + off) for edge in one) for one in edges for off in (0.0, 0.001, 0.004, 0.2)]
    yield from (presence(label, state) for label, state in product(labels, (PRESENT, ABSENT)))
    yield from (presence(f"{one}|{other}", state) for one, other in zip(labels, labels[1:], strict=False)
                for state in (PRESENT, ABSENT))  # fmt: skip
    yield from (count(one, n, how, state) for one, n, how, state in
                product(subjects, range(6), HOWS[:4], (PRESENT, ABSENT)))  # fmt: skip
    yield from (count(one, None if how != "2 to" else 4, how) for one, how in product(subjects, HOWS[4:]))
    yield from (box(one, edge, how) for one, edge, how in product(subjects, shifted, (None, "rounded")))
    yield from (Claim("position", one, state, n, how=how, other=name) for one, name, (n, how), state in product(
        subjects, PLACES, ((None, None), (None, "all"), (None, "most"), (1, None), (1, "at least")),
        (PRESENT, ABSENT)))  # fmt: skip
    yield from (Claim(kind, one, state, other=other) for kind, one, other, state in product(
        ("more", "fewer", "equal", "larger", "left", "above", "nearer"), subjects, subjects[-3:],
        (PRESENT, ABSENT)))  # fmt: skip
    yield from (Claim("extreme", one, how=how, other=f"in {name}") for one, how, name in product(
        subjects, ("largest", "smallest", "leftmost"), PLACES[:6]))  # fmt: skip
    yield from (Claim("extreme", ANY_OBJECT, how="largest", other=f"is {label}") for label in labels)
    yield from (Claim("share", label, state, how=how, other=ANY_OBJECT) for label, how, state in product(
        labels, ("all", "most", "half"), (PRESENT, ABSENT)))  # fmt: skip
    yield from (Claim("only", label) for label in labels)
    yield from (Claim("peculiarity", one, state) for one, state in product(PECULIARITIES, (PRESENT, ABSENT)))
    yield from (Claim("border", where, state) for where, state in product(("blank", "edge"), (PRESENT, ABSENT)))
    share = round(100 * known.blank_fraction)
    yield from (Claim("border", "blank", count=n, how=how) for n, how in product((share, share + 2), HOWS[:4]))
    yield from (Claim("structure", what, count=n) for what, n in product(("islands", "peaks"), (1, 2, 3)))
    yield from (Claim("extent", one, count=n, how=f"across {axis}") for one, n, axis in product(
        subjects, (5, 20, 40), ("width", "height")))  # fmt: skip


def is_supported(claim, known):
    return verify(ExtractedClaim(claim, 0, 0), known).judgement is Judgement.SUPPORTED


@pytest.mark.parametrize("seed", range(2))
def test_what_follows_from_supported_claims_is_never_contradicted_by_the_same_annotations(seed):
    n_followed = n_new = 0
    for scene in synthetic_scenes(f"entailment:{seed}", 14):
        known = scene.known
        draw = Draw(scene.key)
        candidates = draw.some([*every_claim(known)], 700)
        candidates += [claim for turn in scene.turns for claim in turn.claims]
        supported = [one for one in candidates if is_supported(one, known)]
        for at in range(3):
            stated = draw.to(str(at)).some(supported, (3, 10, 40)[at])
            premises = Premises(stated, known.scheme)
            for read in candidates:
                if entails(premises, read, known.scheme) is None:
                    verdict = verify(ExtractedClaim(read, 0, 0), known)
                    assert verdict.judgement is not Judgement.CONTRADICTED, (known, stated, read, verdict)
                    n_followed += 1
                    n_new += read.content not in premises.contents
    assert n_followed > 300 and n_new > 60


def test_the_turns_of_templates_follow_from_the_claims_recorded_with_them():
    for scene in synthetic_scenes("recorded", 14):
        for turn in scene.turns:
            stated = [replace(claim, evidence=()) for claim in turn.claims]
            assert not [claim for claim in turn.claims if entails(stated, claim, scene.known.scheme)]
