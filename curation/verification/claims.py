"""Claims, which are what a text says as data, and Annotations, which are what is known of a picture.

A text is made together with its claims; the reader extracts claims from a text alone; both are verified against
Annotations.

kinds of claim, and what their fields hold:
    presence     subject: a label; state
    count        subject: a label, or "source" for any catalogued object; count
    box          subject: the same; box
    border       subject: "blank" (any pixel) or "edge" (along the sides); state; count: per cent as written, or null
    peculiarity  subject: ORDINARY, COMPLEX or PECULIAR
    map          subject: "radio-continuum"
    survey       subject: its title
    frequency    count: MHz; how, of this and of other measures: "at least" or "at most" so much
    size, beam   count: milliarcseconds, of the picture's side and of the beam's axes; how: "one axis" of two
    orientation  subject: "up", "left" …, a side of the picture; other: the direction on the sky that it is, or count:
                 its position angle in hundredths of a degree · subject: "image", how: "mirrored"
The rest is only ever read, never written; "A|B" is either label, "scheme:label" one of another scheme:
    class        subject: a word that is no class of the scheme
    topic        subject: what was asked for, in an answer that counts or locates something else
    position     subject; other: a place (see places.py); count, how: as many, else one at least; state
    extreme      subject; how: "largest", "leftmost" …; other: "in <place>" or "is <label>"
    share        subject: a label; how: "all", "some", "most", "half" or "all but" `count` of `other`; state
    only         subject: a label that is the only one
    more, fewer, equal           subject, other: of which there are more, fewer, or as many; count: so many times
    larger, smaller, left, north … near   subject, other: the one against the other, by their boxes
    extent       subject; count: per cent of the picture, or milliarcseconds; how: "area", "angle", "angle at least" …
    point        subject; box: a point twice, where one is centred
    pixels       subject: a label, other: "box" or "point", box: in pixels · other: "width", "height" or "across",
                 count: its size in pixels · subject "image": those of the picture · "pixel": count: milliarcseconds
    near         subject; other: what one of it is close to
    structure    subject: "islands" or "peaks"; count; how
    either       other: sets of claims of which one holds (see alternatives.py)
    number       subject: the words; count: a number that belongs to nothing known
    unread       subject: "sentence", a sentence of which nothing was understood, or what it speaks of
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from curation.pictures.boxes import Box, PictureBox
from curation.verification.compass import Orientation
from schemas.labels import LabelScheme, Truth

ANY_OBJECT = "source"
LEAST_INSIDE = 0.5
"""Share of an object's box that must lie in the picture before the object counts as in it."""
SAME_SIDES = 0.005
"""By how much of itself a side may differ from the other where a text gives one for both; a text has three digits."""
PECULIAR = "PECULIAR"
NO_SOURCE = frozenset({"SPURIOUS"})
"""Classes of what a source finder outlined but is no source: it never counts as a catalogued radio source."""
COMPLEX_LABELS = ("RADIO-GALAXY", "EXTENDED", "DIFFUSE", "DIFFUSE-LARGE", "FILAMENT")
"""Any of them makes a picture complex. The original code left the last two out, against its own definition."""


@dataclass(frozen=True)
class Claim:
    """One statement of a text; see the module for what its fields hold."""

    kind: str
    subject: str
    state: Truth = Truth.PRESENT
    count: int | None = None
    box: Box | None = None
    how: str | None = None
    """Of a count: None for exactly so many, "at least", "at most", "about", "several", "2 to" (up to the count), "told"
    at a place where the others are told to be elsewhere."""
    other: str | None = None
    evidence: tuple[str, ...] = ()
    """"label:<source_id>:<label>", "object:<object_id>", "objects:<cutout_id>" (all of its catalogued objects taken
    together), "pixels:<cutout_id>"."""

    @property
    def content(self) -> tuple[object, ...]:
        """What is claimed, without the evidence; equal for equal statements."""
        box = tuple(round(edge, 3) for edge in self.box) if self.box else None
        return (self.kind, self.subject, str(self.state), self.count, box, self.how, self.other)

    def row(self) -> dict[str, Any]:
        """The claim as a row of the `claims` column."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "state": str(self.state),
            "count": self.count,
            "box": list(self.box) if self.box else None,
            "how": self.how,
            "other": self.other,
            "evidence": list(self.evidence),
        }

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Claim":
        """A row of the `claims` column as a claim."""
        box = row["box"]
        return cls(
            row["kind"], row["subject"], Truth(row["state"]), row["count"], tuple(box) if box else None,
            row.get("how"), row.get("other"), tuple(row["evidence"] or ()),
        )  # fmt: skip


@dataclass(frozen=True)
class ExtractedClaim:
    """A claim, and where in the answer it stands: [start, end)."""

    claim: Claim
    start: int
    end: int
    text: str = ""
    is_hedged: bool = False
    """Said to be possible only: where it does not hold, nothing false was said."""


@dataclass(frozen=True)
class Sentence:
    """A piece of text and what it says: made together, so that they cannot differ."""

    text: str
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class SurveyFacts:
    """What a text may say of a survey."""

    title: str
    frequency_mhz: float | None = None

    @property
    def name(self) -> str:
        """The title as it may stand in brackets."""
        return " ".join(re.sub(r"[()\[\]]", " ", self.title).split())


@dataclass(frozen=True)
class SeenObject:
    """A catalogued object in the picture.

    `box_norm` is None where its box cannot be written. `labels` are those it is known to have, with all they imply;
    None where its class is not known.
    """

    object_id: str
    box_norm: Box | None
    labels: frozenset[str] | None = None
    is_source: bool | None = True
    """Whether it is a radio source, not an artefact; None where its class is not known, but might say so."""


@dataclass(frozen=True)
class Annotations:
    """What is known of one cutout."""

    cutout_id: str
    source_id: str
    scheme: LabelScheme
    labels: Mapping[str, Truth]
    """Every label of the scheme."""
    says: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Evidence for each label that is not unknown."""
    objects: tuple[SeenObject, ...] | None = None
    """From the top left; None: the dataset has no objects, so that nothing is known of their number."""
    blank_fraction: float = 0.0
    """Of the cutout's pixels."""
    is_padded: bool = False
    """The cutout is not square, so that whoever sees the picture sees bands beside it, which look like blank pixels."""
    side_arcsec: float | None = None
    """None where the picture is not square or has no scale; its width, where its height is another on the sky."""
    height_arcsec: float | None = None
    """Where it is not its width, by more than SAME_SIDES."""
    width_px: int | None = None
    """Of the picture, as its height; None where a text is checked without knowing."""
    height_px: int | None = None
    orientation: Orientation | None = None
    """None without WCS."""
    beam_arcsec: tuple[float, float] | None = None
    survey: SurveyFacts | None = None

    @property
    def pixels(self) -> tuple[str, ...]:
        """Evidence from the picture's pixels and header."""
        return (f"pixels:{self.cutout_id}",)

    def evidence(self, label: str) -> tuple[str, ...]:
        """Who says so of a label."""
        return self.says.get(label, (f"label:{self.source_id}:{label}",))

    def state(self, label: str) -> Truth:
        """Whether a label holds; unknown for one that the scheme does not have."""
        return self.labels.get(label, Truth.UNKNOWN)

    @property
    def blank(self) -> Truth:
        """Whether any pixel is blank; not known where none is but bands beside the picture look so."""
        if self.blank_fraction > 0:
            return Truth.PRESENT
        return Truth.UNKNOWN if self.is_padded else Truth.ABSENT

    @property
    def blank_percent(self) -> float | None:
        """Share of what is seen that is blank; None beside bands that look so."""
        return None if self.is_padded else 100 * self.blank_fraction

    @property
    def edge(self) -> Truth:
        """Whether a side is blank: as the label BORDER says, else no where no pixel is blank, else not known.

        That it is not is never known of a picture with bands at its sides.
        """
        said = self.state("BORDER")
        if said is Truth.UNKNOWN and self.blank is Truth.ABSENT:
            return Truth.ABSENT
        return said

    @property
    def peculiarity(self) -> str | None:
        """PECULIAR, COMPLEX or ORDINARY; None where it is not known, or the scheme does not say."""
        if PECULIAR not in self.labels or COMPLEX_LABELS[1] not in self.labels:
            return None
        states = [self.state(label) for label in COMPLEX_LABELS if label in self.labels]
        if self.state(PECULIAR) is not Truth.ABSENT:
            return PECULIAR if self.state(PECULIAR) is Truth.PRESENT else None
        if Truth.PRESENT in states:
            return "COMPLEX"
        return None if Truth.UNKNOWN in states else "ORDINARY"

    def with_class(self, subject: str) -> list[SeenObject] | None:
        """The objects in the picture of a label, or all for "source"; None where it is not known which they are."""
        if self.objects is None:
            return None
        if subject == ANY_OBJECT:
            is_known = all(one.is_source is not None for one in self.objects)
            return [one for one in self.objects if one.is_source] if is_known else None
        if any(one.labels is None for one in self.objects):
            return None
        found, state = [one for one in self.objects if subject in (one.labels or ())], self.state(subject)
        if self.scheme.about == "source" and found:
            return found  # the state is that of the one at the centre, others may be what it is not
        return found if state is (Truth.PRESENT if found else Truth.ABSENT) else None

    def boxes(self, subject: str) -> list[SeenObject] | None:
        """The same, and None also where a box cannot be written."""
        found = self.with_class(subject)
        return None if found is None or any(one.box_norm is None for one in found) else found


def annotations_of(
    cutout: Mapping[str, Any],
    source: Mapping[str, Any],
    boxes: Iterable[PictureBox] | None,
    objects: Mapping[str, Mapping[str, Any]],
    scheme: LabelScheme,
    survey: SurveyFacts | None = None,
    *,
    have_classes: bool = False,
) -> Annotations:
    """What is known of a cutout: its row, its source's row, its PictureBoxes and the objects behind them by id.

    `boxes` is None where the dataset has no objects; `have_classes` says that its objects bear labels of the scheme, so
    that a class of which none is in the picture is absent from it; labels said of the source alone stay as they are
    said. Implied labels hold. A label on which the source and
    the objects disagree is unknown, as is BORDER where it denies pixels that are blank, or look so: no text contradicts
    another, or what is seen.
    """
    seen = None if boxes is None else _seen(boxes, objects, scheme)
    labels, says = _source_labels(source, scheme)
    if (
        scheme.about == "objects" and scheme.kind == "single"
    ):  # what the one in the middle is not, another in the picture may be
        labels = {label: Truth.UNKNOWN if state is Truth.ABSENT else state for label, state in labels.items()}
    if seen is not None and have_classes and scheme.about != "source":
        labels, says = _with_objects(labels, says, seen, scheme, cutout["cutout_id"])
    is_padded = cutout["width_px"] != cutout["height_px"]
    if (cutout["blank_fraction"] > 0 or is_padded) and labels.get("BORDER") is Truth.ABSENT:
        labels["BORDER"] = Truth.UNKNOWN
    side, height = _sides(cutout)
    major, minor = cutout["beam_major_arcsec"], cutout["beam_minor_arcsec"]
    return Annotations(
        cutout_id=cutout["cutout_id"],
        source_id=source["source_id"],
        scheme=scheme,
        labels=labels,
        says=says,
        objects=seen,
        blank_fraction=cutout["blank_fraction"],
        is_padded=is_padded,
        side_arcsec=side,
        height_arcsec=height,
        width_px=cutout["width_px"],
        height_px=cutout["height_px"],
        orientation=_orientation(cutout),
        beam_arcsec=(major, minor) if major and minor else None,
        survey=survey,
    )


SIDE_AXES = (("width", "x"), ("height", "y"))


def _sides(cutout: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Side of a square picture on the sky; width and height where these differ."""
    x_arcsec, y_arcsec = cutout["pixel_x_arcsec"], cutout["pixel_y_arcsec"]
    if not x_arcsec or not y_arcsec or cutout["width_px"] != cutout["height_px"]:
        return None, None
    width, height = cutout["width_px"] * x_arcsec, cutout["height_px"] * y_arcsec
    if abs(width - height) <= SAME_SIDES * max(width, height):
        return math.sqrt(width * height), None
    return width, height


def _orientation(cutout: Mapping[str, Any]) -> Orientation | None:
    angles = [cutout.get(name) for name in ("up_pa_deg", "left_pa_deg", "turn_deg")]
    up, left, turn = angles
    if up is None or left is None or turn is None:
        return None
    width, height = (cutout[f"{side}_px"] * (cutout[f"pixel_{axis}_arcsec"] or 1.0) for side, axis in SIDE_AXES)
    return Orientation(up, left, turn, height / width)


def _source_labels(
    source: Mapping[str, Any], scheme: LabelScheme
) -> tuple[dict[str, Truth], dict[str, tuple[str, ...]]]:
    states: dict[str, set[str]] = {}
    for one in source["labels"] or ():
        if one["scheme"] == scheme.name:
            states.setdefault(one["label"], set()).add(one["state"])
    told = {
        label: Truth(next(iter(said))) for label, said in states.items() if len(said) == 1 and label in scheme.labels
    }
    labels = {label: told.get(label, Truth.UNKNOWN) for label in scheme.labels}
    present = [label for label, state in labels.items() if state is Truth.PRESENT]
    if scheme.kind == "single" and present:
        rest = Truth.ABSENT if len(present) == 1 else Truth.UNKNOWN
        labels = {label: Truth.PRESENT if present == [label] else rest for label in labels}
        present = present if len(present) == 1 else []
    says = {label: (f"label:{source['source_id']}:{label}",) for label in labels}
    if scheme.kind == "single" and present:
        says = {label: says[present[0]] for label in labels}
    for label in present:
        for implied in scheme.with_implied([label]) - {label}:
            if labels[implied] is not Truth.PRESENT:
                labels[implied], says[implied] = Truth.PRESENT, says[label]
    return labels, says


def _classes(one: Mapping[str, Any], scheme: LabelScheme) -> tuple[frozenset[str] | None, bool | None]:
    """The labels of an object with all they imply, and whether it is a source.

    One that has a class has no other; None where it has none. What is no source in any scheme has no class in one that
    knows sources only.
    """
    told = [label for label in one["labels"] or () if label["state"] == Truth.PRESENT]
    present = [label["label"] for label in told if label["scheme"] == scheme.name and label["label"] in scheme.labels]
    if present:
        return frozenset(scheme.with_implied(present)), not NO_SOURCE & set(present)
    if any(label["label"] in NO_SOURCE for label in told):
        return frozenset(), False
    return None, None if NO_SOURCE & scheme.labels.keys() else True


def _seen(
    boxes: Iterable[PictureBox], objects: Mapping[str, Mapping[str, Any]], scheme: LabelScheme
) -> tuple[SeenObject, ...]:
    inside = [one for one in boxes if one.share_inside >= LEAST_INSIDE]
    return tuple(
        SeenObject(
            one.object_id,
            tuple(one.box_norm) if one.reason is None else None,
            *_classes(objects[one.object_id], scheme),
        )
        for one in inside
    )


def _with_objects(
    labels: dict[str, Truth],
    says: dict[str, tuple[str, ...]],
    seen: tuple[SeenObject, ...],
    scheme: LabelScheme,
    cutout_id: str,
) -> tuple[dict[str, Truth], dict[str, tuple[str, ...]]]:
    """The labels completed by those of the objects in the picture.

    One object with a label is enough for it; that none has it is known only where each object has a class.
    """
    is_complete = all(one.labels is not None for one in seen)
    labels, says = dict(labels), dict(says)
    for label, said in list(labels.items()):
        holders = tuple(f"object:{one.object_id}" for one in seen if label in (one.labels or ()))
        found = Truth.PRESENT if holders else Truth.ABSENT if is_complete else Truth.UNKNOWN
        known = {said, found} - {Truth.UNKNOWN}
        labels[label] = known.pop() if len(known) == 1 else Truth.UNKNOWN
        if said is Truth.UNKNOWN:
            says[label] = holders or (f"objects:{cutout_id}",)
    return labels, says
