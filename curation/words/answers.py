"""True answers, each made together with its claims: one function for each kind of question."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from curation.pictures.boxes import Dialect, decode_box, encode_box
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from curation.realisation.nouns import ANY_NOUN, nouns, number_words
from curation.realisation.realise import can_say, in_words, telling
from curation.realisation.wording import as_clause, slots_of
from curation.verification.claims import ANY_OBJECT, COMPLEX_LABELS, PECULIAR, Annotations, Claim, SeenObject, Sentence
from schemas.fingerprint import choose
from schemas.labels import Truth

Kind = Literal["description", "yes-no", "border", "class", "labels", "boxes", "count", "peculiarity"]
Templates = Mapping[str, tuple[str, ...]]
Slots = dict[str, str | Callable[[], str]]
"""Words by slot, some of which are made when they are wanted."""

ANSWER_SLOTS = (
    "phrase", "absent_phrase", "noun", "noun_one", "labels", "boxes", "count", "count_noun", "are", "percent", "told",
    "Told", "told_percent", "Told_percent",
)  # fmt: skip
"""`Told` is what the answer says as a sentence of its own, in one of the wordings of `curation.realisation`; `told` the
same as it stands after "Yes, "; with `_percent` how much is blank."""
MOST_BOXES = 60
"""An answer with more boxes than these is not asked for: it would be cut short."""


@dataclass(frozen=True)
class Answer:
    """A true answer before its wording is chosen: whose wordings fit, what fills them, and what it claims."""

    which: str
    """The wordings of a question that say it: "yes", "no", "some", "none", or a name of peculiarity."""
    slots: Slots
    claims: tuple[Claim, ...]
    of_percent: tuple[Claim, ...] = ()
    """Claimed too where the wording says how much is blank."""

    def wording(self, templates: Templates, key: str) -> str | None:
        """One of the wordings that can be filled, by key; None where none can be."""
        fit = list(self._fit(templates))
        return choose(fit, key) if fit else None

    def claimed(self, wording: str) -> tuple[Claim, ...]:
        """What it claims in this wording."""
        return (*self.claims, *self.of_percent * ("percent}" in wording))

    def in_words(self, wording: str) -> str:
        """The answer in this wording."""
        words = {name: self.slots[name] for name in slots_of(wording)}
        return wording.format_map({name: one if isinstance(one, str) else one() for name, one in words.items()})

    def in_each(self, templates: Templates) -> Iterator[str]:
        """The answer in every wording that can be filled."""
        return map(self.in_words, self._fit(templates))

    def _fit(self, templates: Templates) -> Iterator[str]:
        return (one for one in templates[self.which] if all(self.slots.get(name) for name in slots_of(one)))


def true_answer(
    kind: Kind,
    known: Annotations,
    *,
    label: str,
    offered: Sequence[str],
    is_closed: bool,
    may_be_none: bool,
    key: str,
    dialect: Dialect,
) -> Answer | None:
    """The true answer; None where it is not known.

    `is_closed`: the options are shown, so those left out are denied. `may_be_none`: it has words for none of them.
    """
    if kind == "yes-no":
        return _yes_no(known, label, key, dialect)
    if kind == "border":
        return _border(known, label, key, dialect)
    if kind in ("class", "labels"):
        return _classes(known, offered, is_closed=is_closed, may_be_none=may_be_none)
    if kind in ("boxes", "count"):
        subject = label or ANY_OBJECT
        held = known.boxes(subject) if kind == "boxes" else known.with_class(subject)
        return None if held is None else _objects(known, subject, held, key, dialect, with_boxes=kind == "boxes")
    return _peculiarity(known, key, dialect) if kind == "peculiarity" else None


def counted(known: Annotations, subject: str, held: Sequence[SeenObject]) -> Claim:
    """The number of objects as a claim: none of a class is the class being absent."""
    evidence = tuple(f"object:{one.object_id}" for one in held) or (f"objects:{known.cutout_id}",)
    if not held and subject != ANY_OBJECT:
        return Claim("presence", subject, Truth.ABSENT, evidence=evidence)
    return Claim("count", subject, count=len(held), evidence=evidence)


def count_noun(known: Annotations, subject: str, count: int) -> str:
    """A number with its noun, such as "three compact sources"."""
    one, several = nouns(subject, known.scheme)
    return f"{number_words(count)} {one if count == 1 else several}"


def percent_claim(known: Annotations) -> Sentence | None:
    """The blank share of the picture in words, and as a claim; None where nothing is blank, or the share not known."""
    percent = known.blank_percent
    if not percent:
        return None
    text = f"about {round(percent)} %" if percent >= 1 else "less than 1 %"
    return Sentence(text, (Claim("border", "blank", count=int(percent) and round(percent), evidence=known.pixels),))


def _told(claims: Sequence[Claim], known: Annotations, dialect: Dialect, key: str, name: str = "told") -> Slots:
    """The claims in words, as a sentence and as it stands after a yes or no; nothing where there are no words."""
    said = telling(claims, known, dialect, f"{key}:{name}")
    return {name: lambda: as_clause(said.text()), name.capitalize(): said.text} if said else {}


def _none_told(subject: str, known: Annotations, dialect: Dialect, key: str) -> Slots:
    """That none is in the picture, also where the labels are of the source at the centre alone."""
    fact = Fact("count", subject, number=0)

    def text() -> str:
        return in_words(fact, known, dialect, Draw(f"{key}:told")) or ""

    return {"told": lambda: as_clause(text()), "Told": text} if can_say(fact, known) else {}


def _yes_no(known: Annotations, label: str, key: str, dialect: Dialect) -> Answer | None:
    state = known.state(label)
    if state is Truth.UNKNOWN:
        return None
    one, claim = known.scheme.labels[label], Claim("presence", label, state, evidence=known.evidence(label))
    slots: Slots = {
        "phrase": one.phrase,
        "absent_phrase": one.absent_phrase,
        "noun": one.noun,
        "noun_one": one.noun_one,
    }
    return Answer(_yes_or_no(state), {**slots, **_told([claim], known, dialect, key)}, (claim,))


def _border(known: Annotations, subject: str, key: str, dialect: Dialect) -> Answer | None:
    state = known.edge if subject == "edge" else known.blank
    if state is Truth.UNKNOWN:
        return None
    by_label = subject == "edge" and known.state("BORDER") is state
    claim = Claim("border", subject, state, evidence=known.evidence("BORDER") if by_label else known.pixels)
    percent = percent_claim(known)
    slots: Slots = {"percent": percent.text if percent else "", **_told([claim], known, dialect, key)}
    if percent:
        slots |= _told(percent.claims, known, dialect, key, "told_percent")
    return Answer(_yes_or_no(state), slots, (claim,), percent.claims if percent else ())


def _yes_or_no(state: Truth) -> str:
    return "yes" if state is Truth.PRESENT else "no"


def _classes(known: Annotations, offered: Sequence[str], *, is_closed: bool, may_be_none: bool) -> Answer | None:
    states = {label: known.state(label) for label in offered}
    if Truth.UNKNOWN in states.values():
        return None
    present = [label for label, state in states.items() if state is Truth.PRESENT]
    if not present and not (may_be_none and is_closed):
        return None
    if len(present) > 1 and not may_be_none:  # the question wants one class
        return None
    told = [label for label in offered if is_closed or label in present]
    claims = (Claim("presence", label, states[label], evidence=known.evidence(label)) for label in told)
    return Answer("some" if present else "none", {"labels": ", ".join(present)}, tuple(claims))


def _objects(
    known: Annotations, subject: str, held: Sequence[SeenObject], key: str, dialect: Dialect, *, with_boxes: bool
) -> Answer | None:
    if with_boxes and len(held) > MOST_BOXES:
        return None
    texts = [encode_box(one.box_norm, dialect) for one in held if one.box_norm] if with_boxes else []
    if len(set(texts)) < len(texts):  # two objects that the words cannot tell apart
        return None
    label = known.scheme.labels.get(subject)
    slots: Slots = {
        "boxes": ", ".join(texts),
        "count": str(len(held)),
        "count_noun": count_noun(known, subject, len(held)),
        "are": "is" if len(held) == 1 else "are",
        "noun": label.noun if label else ANY_NOUN[1],
        "noun_one": label.noun_one if label else ANY_NOUN[0],
    }
    boxes = [
        Claim("box", subject, box=decode_box(text, dialect), evidence=(f"object:{one.object_id}",))
        for one, text in zip(held, texts, strict=False)
    ]
    claims = (counted(known, subject, held), *boxes)
    told = _told(claims, known, dialect, key) if held else _none_told(subject, known, dialect, key)
    return Answer("some" if held else "none", {**slots, **told}, claims)


def _peculiarity(known: Annotations, key: str, dialect: Dialect) -> Answer | None:
    kind = known.peculiarity
    if kind is None:
        return None
    labels = {
        PECULIAR: [PECULIAR],
        "COMPLEX": [PECULIAR, *(one for one in COMPLEX_LABELS if known.state(one) is Truth.PRESENT)],
        "ORDINARY": [PECULIAR, *(one for one in COMPLEX_LABELS if one in known.labels)],
    }[kind]
    evidence = dict.fromkeys(one for label in labels for one in known.evidence(label))
    told = _told([Claim("peculiarity", kind)], known, dialect, key)
    return Answer(kind, told, (Claim("peculiarity", kind, evidence=tuple(evidence)),))
