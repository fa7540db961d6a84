"""Claims read from a text alone: what a question asks, what an answer says.

The recorded claims are never looked at, so the same reader serves the texts of templates and of models.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from curation.pictures.boxes import Dialect, decode_box
from curation.words import grammar as g
from curation.words.claims import ANY_OBJECT, Claim
from schemas.errors import ReplyError
from schemas.labels import LabelScheme, Truth, plain_label

PECULIARITIES = ("ORDINARY", "COMPLEX", "PECULIAR")
LONGEST_LIST = 200
"""Characters of an answer that may still be a list of classes."""
LONGEST_NAME = 3
"""Words of the name of a class."""


@dataclass(frozen=True)
class FoundClaim:
    """A claim, and where in the answer it stands: [start, end)."""

    claim: Claim
    start: int
    end: int
    text: str = ""


@dataclass(frozen=True)
class Asked:
    """What a question is about."""

    options: tuple[str, ...]
    """The classes offered, one a line; empty where it offers none."""
    subject: str | None
    """The label, "source", "blank" or "edge" it asks about."""
    is_boxes: bool
    is_count: bool
    is_class: bool

    @property
    def is_peculiarity(self) -> bool:
        """Whether the options are those of peculiarity, not labels of the scheme."""
        return set(self.options) >= set(PECULIARITIES)


def read_question(question: str, scheme: LabelScheme) -> Asked:
    """What is asked: its options, its subject, and the form of answer it wants."""
    text, words = g.plain(question), g.grammar(scheme)
    known = {plain_label(label): label for label in (*scheme.labels, *PECULIARITIES)}
    options: list[str] = []
    rest: list[str] = []
    for line in text.split("\n"):
        label = known.get(plain_label(line))
        if label:
            options.append(label)
        elif plain_label(line.split(":")[0]) not in known:  # a line "LABEL: meaning" is a definition
            rest.append(line)
    asked = " ".join(rest)
    return Asked(
        options=tuple(options),
        subject=_subject(asked, words),
        is_boxes=bool(re.search(r"(?i)\bbox(?:es)?\b", asked)),
        is_count=bool(re.search(r"(?i)\b(?:how many|number of|count)\b", asked)),
        is_class=bool(re.search(r"(?i)\b(?:class|classes|classify|type|types|which)\b", asked)),
    )


def read_answer(asked: Asked, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[FoundClaim]:
    """Every claim of an answer, in the order of the text, equal ones once (boxes as often as they stand)."""
    text = g.plain(answer)
    found = _as_list(asked, text, scheme)
    if not found:
        found = [*_reply(asked, text), *_boxes(asked, text, scheme, dialect), *_counted(asked, text)]
        found += _sentences(g.masked(g.masked(text, g.BRACKETED), g.POLAR), g.grammar(scheme))
    found += _off_topic(asked, found, len(text))
    if not found and asked.is_class and len(text) <= LONGEST_LIST:
        found = [FoundClaim(Claim("class", answer.strip()), 0, len(answer))]
    once: dict[object, FoundClaim] = {}
    for at, one in enumerate(sorted(found, key=lambda one: (one.start, one.end))):
        once.setdefault((at,) if one.claim.kind == "box" else one.claim.content, one)
    return [replace(one, text=answer[one.start : one.end]) for one in once.values()]


def _subject(text: str, words: g.Grammar) -> str | None:
    mentions = words.mentions(text)
    if mentions:
        return mentions[0].label
    blank = g.BLANK.search(text)
    if blank:
        return "edge" if g.EDGE.search(blank["after"] or blank["rest"] or "") else "blank"
    return ANY_OBJECT if re.search(r"(?i)\b(?:sources?|objects?)\b", text) else None


def _as_list(asked: Asked, text: str, scheme: LabelScheme) -> list[FoundClaim]:
    """An answer that is a list of classes and nothing else; the options that it leaves out are denied."""
    if len(text) > LONGEST_LIST or not (asked.options or asked.is_class):
        return []
    known = {plain_label(option): option for option in asked.options}
    for label, one in () if asked.is_peculiarity else scheme.labels.items():
        known |= {plain_label(spelling): label for spelling in (label, *one.aliases)}
    pieces = [one for one in re.finditer(r"(?:(?!\s+and\s|[,;\n]).)+", text) if one[0].strip(" .")]
    named = [known.get(plain_label(one[0].strip(" .*`\"'"))) for one in pieces]
    is_none = [one[0].strip(" .").upper() == "NONE" for one in pieces]
    if not pieces or any(len(one[0].split()) > LONGEST_NAME for one in pieces) or not (any(named) or all(is_none)):
        return []
    kind = "peculiarity" if asked.is_peculiarity else "presence"
    found = [
        FoundClaim(Claim(kind, label) if label else Claim("class", one[0].strip(" .")), *one.span())
        for one, label, none in zip(pieces, named, is_none, strict=True)
        if not (none and all(is_none))
    ]
    if not asked.is_peculiarity:
        left_out = [option for option in asked.options if option not in named]
        found += [FoundClaim(Claim("presence", option, Truth.ABSENT), 0, len(text)) for option in left_out]
    return found


def _reply(asked: Asked, text: str) -> list[FoundClaim]:
    reply = g.POLAR.search(text)
    if not reply:
        return []
    state = Truth.PRESENT if reply["reply"].lower() == "yes" else Truth.ABSENT
    if asked.subject in ("blank", "edge"):
        claim = Claim("border", asked.subject, state)
    elif asked.subject is None or asked.subject == ANY_OBJECT:
        claim = Claim("class", f"{reply['reply']} to an unreadable question")
    else:
        claim = Claim("presence", asked.subject, state)
    return [FoundClaim(claim, *reply.span("reply"))]


def _boxes(asked: Asked, text: str, scheme: LabelScheme, dialect: Dialect) -> Iterator[FoundClaim]:
    """Boxes, each of the class named last before it, else of the class asked for; a list of all of them is a count."""
    bracketed = list(g.BRACKETED.finditer(text))
    mentions = [(one.start, one.label) for one in g.grammar(scheme).mentions(text)] if bracketed else []
    for one in bracketed:
        before = max(((start, label) for start, label in mentions if start < one.start()), default=(0, asked.subject))
        try:
            box = decode_box(one[0], dialect)
        except ReplyError:
            box = None
        yield FoundClaim(Claim("box", before[1] or ANY_OBJECT, box=box), *one.span())
    if bracketed and asked.is_boxes:
        subject = max(
            (label for _, label in mentions), key=[label for _, label in mentions].count, default=asked.subject
        )
        count = Claim("count", subject or ANY_OBJECT, count=len(bracketed))
        yield FoundClaim(count, bracketed[0].start(), bracketed[-1].end())


def _counted(asked: Asked, text: str) -> Iterator[FoundClaim]:
    """A bare number in answer to how many."""
    bare = re.fullmatch(rf"(?i)\W*(?P<number>{g.NUMBER})\W*", text)
    if bare and asked.is_count and asked.subject:
        count = g.number(bare["number"])
        if count or asked.subject == ANY_OBJECT:
            yield FoundClaim(Claim("count", asked.subject, count=count), *bare.span("number"))
        else:
            yield FoundClaim(Claim("presence", asked.subject, Truth.ABSENT), *bare.span("number"))


def _off_topic(asked: Asked, found: list[FoundClaim], end: int) -> list[FoundClaim]:
    """The claim that this answers the question, where it counts or locates something else: which may well be true."""
    is_wanted = asked.subject and (asked.is_count or asked.is_boxes)
    if not found or not is_wanted or any(one.claim.subject == asked.subject for one in found):
        return []
    return [FoundClaim(Claim("topic", str(asked.subject)), 0, end)]


def _sentences(text: str, words: g.Grammar) -> Iterator[FoundClaim]:
    """What the sentences of a text say. Sentences that call something unknown say nothing."""
    for span in re.finditer(r"(?:[^.!?\n]|[.!?](?=\S))+[.!?\n]?", text):
        if g.UNDECIDED.search(span[0]):
            text = text[: span.start()] + " " * len(span[0]) + text[span.end() :]
    yield from _sky(text)
    text = g.masked(text, g.MAP)
    mentions = words.mentions(text)
    for one in mentions:
        yield FoundClaim(_label_claim(text, one), one.start, one.end)
    rest = g.blanked(text, mentions)
    yield from _blanks(rest)
    for one in g.ANY_SOURCE.finditer(rest):
        if not g.NOT_A_COUNT.search(rest[: one.start()]):
            yield FoundClaim(Claim("count", ANY_OBJECT, count=0 if one["no"] else g.number(one["number"])), *one.span())
    for one in g.ORDINARINESS.finditer(rest):
        state = Truth.ABSENT if one["not"] else Truth.PRESENT
        yield FoundClaim(Claim("peculiarity", one["what"].upper(), state), *one.span())
    for one in g.CLASS_LIKE.finditer(rest):
        yield FoundClaim(Claim("class", one[0]), *one.span())


def _label_claim(text: str, mention: g.Mention) -> Claim:
    if mention.says is not None:
        return Claim("presence", mention.label, Truth.PRESENT if mention.says else Truth.ABSENT)
    counted = g.COUNTED.search(text[: mention.start])
    if counted and not g.NOT_A_COUNT.search(text[: counted.start()]):
        count = g.number(counted["number"])
        if count:
            return Claim("count", mention.label, count=count)
        return Claim("presence", mention.label, Truth.ABSENT)
    is_denied = _is_denied(text, mention.start, mention.end)
    return Claim("presence", mention.label, Truth.ABSENT if is_denied else Truth.PRESENT)


def _is_denied(text: str, start: int, end: int) -> bool:
    before = g.masked(re.split(g.CLAUSE_END, text[:start])[-1], g.NO_NEGATION)
    negators = list(g.NEGATOR.finditer(before))
    if negators and not g.AFFIRMED.search(before[negators[-1].end() :]):
        return True
    return bool(g.DENIED_AFTER.search(re.split(g.CLAUSE_END, text[end:])[0]))


def _blanks(text: str) -> Iterator[FoundClaim]:
    for one in g.BLANK.finditer(text):
        subject = "edge" if g.EDGE.search(one["after"] or one["rest"] or "") else "blank"
        if one["percent"]:
            percent = float(one["percent"])
            count = int(percent) - 1 if one["less"] else round(percent)
            yield FoundClaim(Claim("border", "blank", count=count), *one.span())
        else:
            at = one.start() + one[0].lower().index("blank")
            state = Truth.ABSENT if _is_denied(text, at, at + len("blank")) else Truth.PRESENT
            yield FoundClaim(Claim("border", subject, state), *one.span())


def _sky(text: str) -> Iterator[FoundClaim]:
    """The map a picture was cut from, its frequency, and angles: a beam's where the sentence before says so."""
    for one in g.MAP.finditer(text):
        yield FoundClaim(Claim("map", "radio-continuum"), *one.span())
        if one["survey"]:
            yield FoundClaim(Claim("survey", one["survey"].strip()), *one.span("survey"))
    for one in g.FREQUENCY.finditer(text):
        factor = 1000 if one["unit"].upper() == "G" else 1
        yield FoundClaim(Claim("frequency", "map", count=round(float(one["value"]) * factor)), *one.span())
    for one in g.ANGLE.finditer(text):
        value_mas = round(float(one["value"]) * g.UNITS_MAS[(one["unit"] or one["sign"]).lower()])
        sentence = re.split(r"[.!?](?!\d)", text[: one.start()])[-1]
        kind = "beam" if re.search(r"(?i)\b(?:beam|resolution)\b", sentence) else "size"
        yield FoundClaim(Claim(kind, "image" if kind == "size" else "map", count=value_mas), *one.span())
