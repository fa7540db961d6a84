"""Claims read from a text alone: what a question asks, what an answer says.

The recorded claims are never looked at, so the same reader serves the texts of templates and of models.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from curation.pictures.boxes import Dialect
from curation.words import grammar as g
from curation.words.boxes_in_words import WrittenBox, written_boxes
from curation.words.claims import ANY_OBJECT, Claim, FoundClaim
from curation.words.quantities import BLANK, EDGE, leftovers
from curation.words.statements import statements
from schemas.labels import LabelScheme, Truth, plain_label

PECULIARITIES = ("ORDINARY", "COMPLEX", "PECULIAR")
LONGEST_LIST = 200
"""Characters of an answer that may still be a list of classes."""
LONGEST_NAME = 3
"""Words of the name of a class."""
POLAR = re.compile(
    r"(?i)^\W*(?P<reply>yes|no|yeah|yep|nope|true|false|correct|incorrect|affirmative|negative|indeed|absolutely not|absolutely|certainly not|certainly|definitely not|definitely"
    r"|not at all|of course not|of course|it is not|it isn't|it does not|it doesn't|it does|it is|there is not|there isn't|there are not|there aren't|they are not|they are)\b(?=\s*(?:[,.;:!]|$|-))"
)
NEGATIVE = re.compile(r"(?i)\b(?:no|nope|not|false|incorrect|negative)\b|n't\b")
NONE_REPLY = re.compile(
    r"(?i)^\W*(?:(?:there (?:is|are)|i (?:see|count|find|can see)|we see)\s+)?(?:none(?:\s+(?:at all|of them|(?:is|are|can be) (?:visible|present|seen|found)))?|not any|nothing|zero|nil)\b[^.!?]*[.!]?\s*$"
)
ASKS = re.compile(
    r"(?i)(?:^|[.!?\n:]\s*)\W*(?P<aux>is|are|was|were|do|does|did|can|could|has|have|will|would|isn't|aren't|doesn't|don't|can't|may)\b(?P<rest>[^?]*)\?"
)
LOOKALIKES = str.maketrans("аеорсухіјАВЕКМНОРСТХІοιανΟΑΒΕΗΙΚΜΝΡΤΧ", "aeopcyxijABEKMHOPCTXIoiavOABEHIKMNPTX")  # noqa: RUF001


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
    proposition: tuple[Claim, ...] = ()
    """What "yes" says, where more is asked than whether something is there."""
    is_negative: bool = False
    """It asks whether something is not there, so that nobody can tell what "no" says."""

    @property
    def is_peculiarity(self) -> bool:
        """Whether the options are those of peculiarity, not labels of the scheme."""
        return set(self.options) >= set(PECULIARITIES)


def flattened(text: str) -> tuple[str, list[int]]:
    """The text without invisible characters, in plain letters, and where in it each character stood."""
    letters: list[str] = []
    where: list[int] = []
    for at, character in enumerate(text):
        if unicodedata.category(character) in ("Cf", "Mn"):
            continue
        for one in g.plain(unicodedata.normalize("NFKC", character).replace("⁄", "/").translate(LOOKALIKES)):
            letters.append(one)
            where.append(at)
    return g.plain("".join(letters)), [*where, len(text)]


def read_question(question: str, scheme: LabelScheme) -> Asked:
    """What is asked: its options, its subject, and the form of answer it wants."""
    text, words = flattened(question)[0], g.grammar(scheme)
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
    proposition, is_negative = _proposition(asked, words)
    return Asked(
        options=tuple(options),
        subject=_subject(asked, words),
        is_boxes=bool(re.search(r"(?i)\bbox(?:es)?\b", asked)),
        is_count=bool(re.search(r"(?i)\b(?:how many|number of|count)\b", asked)),
        is_class=bool(re.search(r"(?i)\b(?:class|classes|classify|type|types|which)\b", asked)),
        proposition=proposition,
        is_negative=is_negative,
    )


def read_answer(asked: Asked, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[FoundClaim]:
    """Every claim of an answer, in the order of the text, equal ones once (boxes as often as they stand)."""
    text, where = flattened(answer)
    found = _as_list(asked, text, scheme)
    if not found:
        found = _as_prose(asked, text, scheme, dialect)
    found += _off_topic(asked, found, len(text))
    is_unread = all(one.claim.kind == "unread" for one in found)
    if is_unread and asked.is_class and len(text) <= LONGEST_LIST:
        found = [FoundClaim(Claim("class", answer.strip()), 0, len(text))]
    once: dict[object, FoundClaim] = {}
    for at, one in enumerate(sorted(found, key=lambda one: (one.start, one.end))):
        once.setdefault((at,) if one.claim.kind in ("box", "unread") else one.claim.content, one)
    return [_placed(one, answer, where) for one in once.values()]


def _placed(one: FoundClaim, answer: str, where: list[int]) -> FoundClaim:
    """With its span in the text as it was written, without blanks and commas around it."""
    start, end = where[one.start], where[max(one.start, one.end - 1)] + 1 if one.end > one.start else where[one.start]
    end = min(end, len(answer))
    while start < end and answer[start] in " \t\n,;":
        start += 1
    while end > start and answer[end - 1] in " \t\n,;":
        end -= 1
    return replace(one, start=start, end=end, text=answer[start:end])


def _as_prose(asked: Asked, text: str, scheme: LabelScheme, dialect: Dialect) -> list[FoundClaim]:
    words = g.grammar(scheme)
    boxes = written_boxes(text, dialect)
    found = [*_reply(asked, text), *_boxes(asked, text, words, boxes), *_counted(asked, text)]
    rest = g.blanked(g.masked(text, POLAR), [(one.start, one.end) for one in boxes])
    if not found and NONE_REPLY.match(text) and asked.subject in scheme.labels:
        return [FoundClaim(Claim("presence", str(asked.subject), Truth.ABSENT), 0, len(text))]
    if not found and NONE_REPLY.match(text) and asked.subject == ANY_OBJECT:
        return [FoundClaim(Claim("count", ANY_OBJECT, count=0), 0, len(text))]
    said = [one for one in statements(rest, words) if one.claim.kind != "unread" or not _is_said(one, found)]
    if asked.is_count and asked.subject and not any(one.claim.kind == "count" for one in (*found, *said)):
        said = [*_count_in_words(asked, rest), *(one for one in said if one.claim.kind != "unread")] or said
    found += said
    return [*found, *leftovers(rest, found)]


def _is_said(one: FoundClaim, found: list[FoundClaim]) -> bool:
    """Whether a sentence that was not understood holds a box, or the number asked for."""
    return any(one.start <= other.start < one.end for other in found)


def _subject(text: str, words: g.Grammar) -> str | None:
    mentions = [one for one in words.mentions(text) if one.says is None or True]
    if mentions:
        return mentions[0].label
    blank = BLANK.search(text)
    if blank:
        return "edge" if EDGE.search(blank["after"] or blank["rest"] or "") else "blank"
    return ANY_OBJECT if re.search(r"(?i)\b(?:sources?|objects?)\b", text) else None


SPECIFIC = ("position", "extreme", "share", "only", "more", "fewer", "equal", "larger", "smaller", "left", "right", "above", "below", "nearer", "extent", "structure", "count")  # fmt: skip


def _proposition(text: str, words: g.Grammar) -> tuple[tuple[Claim, ...], bool]:
    """What a question of yes or no puts forward, beyond that a class is there; and whether it is asked in the negative."""
    asks = ASKS.search(text)
    if not asks:
        return (), False
    rest = f"{asks['aux'].removesuffix(chr(39) + 't').removesuffix('n')} {asks['rest'].strip()}."
    subject_first = re.sub(
        r"(?i)^(is|are|was|were)\s+((?:the|all|most|both|any of the|none of the|half of the)\b.*)", r"\2", rest
    )
    said = [one.claim for one in statements(_declared(rest, subject_first), words)]
    special = [one for one in said if one.kind in SPECIFIC]
    is_negative = any(one.kind in ("presence", "border") and one.state is Truth.ABSENT for one in said)
    return tuple(special), is_negative and not special


def _declared(asked: str, subject_first: str) -> str:
    """A question as a statement: "is the largest source on the left" as "the largest source is on the left"."""
    if asked == subject_first:
        return re.sub(r"(?i)^(?:is|are|was|were) there\b", "there are", asked)
    verb = asked.split(" ", 1)[0]
    found = re.match(
        r"(?i)(?P<subject>.*?\b(?:sources?|objects?|ones?|galax(?:y|ies)|detections?|artifacts?|binar(?:y|ies)|regions?|remnants?|structures?|filaments?|emission)\b(?:\s+(?:in|at) the (?:cent(?:re|er)|image|picture))?)\s+(?P<rest>.*)",
        subject_first,
    )
    return f"{found['subject']} {verb} {found['rest']}" if found else subject_first


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
    reply = POLAR.search(text)
    if not reply:
        return []
    is_yes = not NEGATIVE.search(reply["reply"])
    state = Truth.PRESENT if is_yes else Truth.ABSENT
    span = reply.span("reply")
    if asked.is_negative:
        return [FoundClaim(Claim("unread", f"{reply['reply']} to a question in the negative"), *span)]
    if asked.proposition:
        if is_yes:
            return [FoundClaim(one, *span) for one in asked.proposition]
        if len(asked.proposition) == 1:
            one = asked.proposition[0]
            turned = Truth.ABSENT if one.state is Truth.PRESENT else Truth.PRESENT
            if one.kind == "count" and one.how in ("at least", "at most") and one.count is not None:
                step, how = (-1, "at most") if one.how == "at least" else (1, "at least")
                return [FoundClaim(replace(one, count=one.count + step, how=how), *span)]
            if one.kind in ("only",) or one.how in ("several", "about", "some"):
                return [FoundClaim(Claim("unread", "no to what was asked"), *span)]
            return [FoundClaim(replace(one, state=turned), *span)]
        return [FoundClaim(Claim("unread", "no to several things that were asked"), *span)]
    if asked.subject in ("blank", "edge"):
        claim = Claim("border", asked.subject, state)
    elif asked.subject is None or asked.subject == ANY_OBJECT:
        claim = Claim("class", f"{reply['reply']} to an unreadable question")
    else:
        claim = Claim("presence", asked.subject, state)
    return [FoundClaim(claim, *span)]


def _boxes(asked: Asked, text: str, words: g.Grammar, written: list[WrittenBox]) -> Iterator[FoundClaim]:
    """Boxes, each of the class named last before it, else of the class asked for; a list of all of them is a count."""
    if not written:
        return
    masked = g.blanked(text, [(one.start, one.end) for one in written])
    mentions = [(one.start, one.label) for one in words.mentions(masked)]
    generic = [
        (one.start(), ANY_OBJECT)
        for one in re.finditer(r"(?i)\b(?:cata?logued|radio|all)\s+(?:radio\s+)?(?:sources?|objects?)\b", masked)
    ]
    for one in written:
        before = max(
            ((start, label) for start, label in (*mentions, *generic) if start < one.start), default=(0, asked.subject)
        )
        subject = before[1] or ANY_OBJECT
        subject = ANY_OBJECT if subject in ("blank", "edge") else subject
        kind = "point" if one.is_point and one.box else "box"
        yield FoundClaim(Claim(kind, subject, box=one.box), one.start, one.end)
    boxes = [one for one in written if not one.is_point]
    if boxes and asked.is_boxes:
        labels = [label for _, label in mentions]
        subject = max(labels, key=labels.count, default=asked.subject)
        count = Claim("count", subject or ANY_OBJECT, count=len(boxes))
        yield FoundClaim(count, boxes[0].start, boxes[-1].end)


def _counted(asked: Asked, text: str) -> Iterator[FoundClaim]:
    """A bare number in answer to how many."""
    bare = re.fullmatch(rf"(?i)\W*(?P<number>{g.NUMBER})\W*", text)
    if bare and asked.is_count and asked.subject:
        yield _number_of(asked, g.number(bare["number"]), *bare.span("number"))


def _count_in_words(asked: Asked, text: str) -> list[FoundClaim]:
    """The one number of a short answer to how many: "I count three of them"."""
    found = list(
        re.finditer(
            rf"(?i)(?<![\w.,])(?:(?P<how>at least|at most|about|around|more than|fewer than|less than|up to|approximately|roughly)\s+)?(?P<number>{g.NUMBER})(?![\w]|\.\d)",
            text,
        )
    )
    if len(found) != 1 or len(text) > LONGEST_LIST:
        return []
    one = found[0]
    count, how = g.number(one["number"]), (one["how"] or "").lower()
    if how in ("more than", "at least"):
        return [
            FoundClaim(
                Claim("count", str(asked.subject), count=count + (how == "more than"), how="at least"), *one.span()
            )
        ]
    if how:
        bound = "at most" if how in ("at most", "up to", "fewer than", "less than") else "about"
        return [
            FoundClaim(
                Claim("count", str(asked.subject), count=count - (how in ("fewer than", "less than")), how=bound),
                *one.span(),
            )
        ]
    return [_number_of(asked, count, *one.span())]


def _number_of(asked: Asked, count: int, start: int, end: int) -> FoundClaim:
    if count or asked.subject == ANY_OBJECT:
        return FoundClaim(Claim("count", str(asked.subject), count=count), start, end)
    return FoundClaim(Claim("presence", str(asked.subject), Truth.ABSENT), start, end)


def _off_topic(asked: Asked, found: list[FoundClaim], end: int) -> list[FoundClaim]:
    """The claim that this answers the question, where it counts or locates something else: which may well be true."""
    is_wanted = asked.subject and (asked.is_count or asked.is_boxes)
    if not found or not is_wanted or any(one.claim.subject == asked.subject for one in found):
        return []
    return [FoundClaim(Claim("topic", str(asked.subject)), 0, end)]
