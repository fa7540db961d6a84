"""Scenes: a picture's Annotations, its true facts and true turns; and pictures that never were, over every scheme."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from curation.pictures.boxes import DIALECTS, Box, Dialect, encode_box
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.facts_of import facts_of
from curation.verification.claims import Annotations, Claim, SeenObject, SurveyFacts
from curation.verification.compass import Orientation
from curation.words.descriptions import description
from curation.words.question import Question, expanded, questions
from curation.words.turns import turns_about
from schemas.labels import LabelScheme, Truth, label_scheme, label_schemes

SURVEYS = (
    None, SurveyFacts("FIRST Survey", 1400.0), SurveyFacts("EMU Pilot Survey", 943.491),
    SurveyFacts("SARAO MeerKAT 1.3 GHz Galactic Plane Survey", 1284.0), SurveyFacts("LoTSS DR1", 144.0),
    SurveyFacts("NRAO VLA Sky Survey", 1400.0), SurveyFacts("ASKAP Scorpio field, part 2", 912.0),
)  # fmt: skip
BLANK = (0.0, 0.0, 0.0, 0.004, 0.021, 0.093, 0.31, 0.5)
BEAMS = (None, (5.4, 5.4), (6.4, 5.4), (13.0, 11.0), (45.0, 45.0))
ORIENTATIONS = (
    None, Orientation(0.0, 90.0), Orientation(1.2, 91.2), Orientation(0.0, 270.0), Orientation(74.2, 164.2),
    Orientation(299.4, 29.4), Orientation(180.0, 90.0), Orientation(31.0, 121.0, 4.0, 1.3),
)  # fmt: skip
SIDE_PX = 256
UNKNOWN_SHARE = 0.15


@dataclass(frozen=True)
class TrueTurn:
    """A question with an answer that is true, and what the answer claims."""

    question: str
    answer: str
    kind: str
    claims: tuple[Claim, ...]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "TrueTurn":
        """A row of the `turns` column."""
        return cls(row["question"], row["answer"], row["kind"], tuple(map(Claim.of, row["claims"] or ())))


@dataclass(frozen=True)
class Scene:
    """What faults are planted in: what is known of a picture, and what was truly said of it."""

    known: Annotations
    turns: tuple[TrueTurn, ...]
    dialect: Dialect
    key: str

    @cached_property
    def facts(self) -> Mapping[str, Sequence[Fact]]:
        """True facts by kind."""
        return facts_of(self.known, Draw(f"{self.key}:facts"))


def synthetic_scenes(seed: str, n: int) -> list[Scene]:
    """Pictures that never were with their turns, over all schemes in turn; the same for the same seed."""
    names = sorted(label_schemes())
    return [synthetic_scene(f"{seed}:{at}", label_scheme(names[at % len(names)])) for at in range(n)]


def synthetic_scene(key: str, scheme: LabelScheme) -> Scene:
    """One such picture."""
    draw = Draw(key)
    known, dialect = synthetic_truths(scheme, draw), draw.one(DIALECTS)
    told = description(known)
    row = {"text": told.text, "claims": [one.row() for one in told.claims]}
    turns = turns_about(known, row, _asked(scheme.name), dialect)
    return Scene(known, tuple(TrueTurn(one.question, one.answer, one.kind, one.claims) for one in turns), dialect, key)


def synthetic_truths(scheme: LabelScheme, draw: Draw) -> Annotations:
    """What could be known of a picture of this scheme."""
    states, seen = _source_states(scheme, draw), None
    if scheme.about == "objects":
        seen = _objects(draw, [draw.one(list(scheme.labels)) for _ in range(draw.whole(0, 7))], scheme)
        held = {label for one in seen for label in one.labels or ()}
        states = {label: Truth.PRESENT if label in held else Truth.ABSENT for label in scheme.labels}
    elif draw.chance(0.4):
        is_one = scheme.about == "source"
        seen = _objects(draw, [None] * (1 if is_one else draw.whole(1, 5)), scheme, at_centre=is_one)
    blank_fraction = draw.one(BLANK)
    if states.get("BORDER") is Truth.PRESENT and not blank_fraction:
        blank_fraction = 0.12
    if blank_fraction and states.get("BORDER") is Truth.ABSENT:
        states["BORDER"] = Truth.UNKNOWN
    return Annotations(
        cutout_id=f"cutout-{draw.whole(0, 2**60):016x}",
        source_id="source-0",
        scheme=scheme,
        labels=states,
        objects=seen,
        blank_fraction=blank_fraction,
        side_arcsec=draw.one((None, draw.real(60, 240), draw.real(240, 3000), draw.real(3600, 9000))),
        beam_arcsec=draw.one(BEAMS),
        survey=draw.one(SURVEYS),
        orientation=draw.to("orientation").one(ORIENTATIONS),
    )


@cache
def _asked(scheme: str) -> list[Question]:
    return expanded(questions().values(), label_scheme(scheme))


def _source_states(scheme: LabelScheme, draw: Draw) -> dict[str, Truth]:
    labels = list(scheme.labels)
    if scheme.kind == "single":
        if draw.chance(UNKNOWN_SHARE / 2):
            return dict.fromkeys(labels, Truth.UNKNOWN)
        one = draw.one(labels)
        return {label: Truth.PRESENT if label == one else Truth.ABSENT for label in labels}
    unknown = draw.one((0.0, 0.0, UNKNOWN_SHARE))
    states = {
        label: Truth.UNKNOWN if draw.chance(unknown) else Truth.PRESENT if draw.chance(0.25) else Truth.ABSENT
        for label in labels
    }
    # One that excludes the others, as a person would label it.
    for first, others in (("SINGLE-ISLAND", ["MULTI-ISLAND"]), ("FR1", ["FR2"]), ("BACKGROUND", labels)):
        for other in others if states.get(first) is Truth.PRESENT else ():
            if other not in (first, "BORDER", "MOSAICKING"):
                states[other] = Truth.ABSENT
    if scheme.name == "smgps_extcat":
        morphology = draw.one(("COMPACT", "EXTENDED", "DIFFUSE"))
        states |= {one: Truth.ABSENT for one in ("COMPACT", "EXTENDED", "DIFFUSE")} | {morphology: Truth.PRESENT}
    held = [label for label, state in states.items() if state is Truth.PRESENT]
    return states | dict.fromkeys(sorted(scheme.with_implied(held)), Truth.PRESENT)


def _objects(
    draw: Draw, labels: Sequence[str | None], scheme: LabelScheme, *, at_centre: bool = False
) -> tuple[SeenObject, ...]:
    boxes: dict[str, tuple[Box, str | None]] = {}
    for label in labels:
        box = _box(draw, at_centre=at_centre)
        boxes.setdefault(encode_box(box), (box, label))
    ordered = sorted(boxes.values(), key=lambda one: (one[0][1], one[0][0]))
    return tuple(
        SeenObject(
            f"obj-{at:016x}",
            box,
            frozenset(scheme.with_implied([label])) if label else None,
            is_source=label != "SPURIOUS",
        )
        for at, (box, label) in enumerate(ordered)
    )


def _box(draw: Draw, *, at_centre: bool = False) -> Box:
    """A box of some pixels of the picture: most are small, some fill a good part of it."""
    most = draw.one((24, 40, 120))
    width, height = draw.whole(9, most), draw.whole(9, most)
    x_min, y_min = draw.whole(0, SIDE_PX - width), draw.whole(0, SIDE_PX - height)
    if at_centre:
        x_min, y_min = (SIDE_PX - width) // 2, (SIDE_PX - height) // 2
    return x_min / SIDE_PX, y_min / SIDE_PX, (x_min + width) / SIDE_PX, (y_min + height) / SIDE_PX
