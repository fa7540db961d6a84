"""Claims read from a text alone: what a question asks, what an answer says, and what of it was not understood.

Nothing is guessed: a statement is understood when every word of it stands in a construction, else it is "unread".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from curation.extraction.asked import Asked, denied, read_question
from curation.extraction.chunks import Amount, chunked
from curation.extraction.clauses import Reading, pieces, sentence, unread
from curation.extraction.constructions import Context, blank_claim
from curation.extraction.text import flattened, members, statements
from curation.extraction.tokens import Token, tokens_of
from curation.pictures.boxes import Dialect
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from schemas.labels import LabelScheme, Truth, plain_label

LONGEST = 6000
"""Characters of an answer that are read; nobody writes more of a picture."""
LONGEST_LIST, LONGEST_NAME = 400, 3
"""Characters of an answer that may be a list of classes, and words of a name."""
HEDGED = re.compile(r"(?i)\b(?:might|may|could(?! not|n't)|possibly|perhaps|maybe|conceivably)\b")
MOST_READ = 50_000
"""Pairs of question and answer that a process keeps: templates say the same few thousand again and again."""
HARMLESS = re.compile(
    r"(?i)\W*(?:here (?:is|are)\b.*|sure|certainly|of course|absolutely|good question|i hope .*|hope that helps|let (?:me|us) .*|answer|description"
    r"|in (?:summary|short|the image)|based on the image(?: provided)?|this is what .*|such images are common .*|radio images show .*"
    r"|that is about it|what i see|visible features|summary|observations?|certainly! here .*|image description|overview|key (?:features|elements)|thank you.*|you asked .*)\W*"
)


def extract_claims(question: str, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[ExtractedClaim]:
    """The claims of an answer with their spans, from its text and its question alone; nothing is read twice."""
    return list(_extracted(question, answer, _key(scheme), dialect))


def _key(scheme: LabelScheme) -> "_Read":
    return _Read(scheme)


class _Read:
    """A scheme and the names for it, as a key of what was read."""

    def __init__(self, scheme: LabelScheme) -> None:
        self.scheme, self.name = scheme, scheme.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Read) and (self.scheme is other.scheme or self.scheme == other.scheme)


@lru_cache(maxsize=MOST_READ)
def _extracted(question: str, answer: str, key: _Read, dialect: Dialect) -> tuple[ExtractedClaim, ...]:
    asked = _asked(question, key)
    return tuple(read_answer(asked, answer, key.scheme, dialect))


@lru_cache(maxsize=MOST_READ)
def _asked(question: str, key: _Read) -> Asked:
    return read_question(question, key.scheme)


def read_answer(asked: Asked, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[ExtractedClaim]:
    """Every claim of an answer, in the order of the text, equal ones once (boxes as often as they stand)."""
    text, where = flattened(answer)
    text, rest = text[:LONGEST], text[LONGEST:]
    found = _as_list(asked, text, scheme) or list(_as_prose(asked, text, scheme, dialect))
    found += _off_topic(asked, found, len(text))
    if rest.strip():
        found.append(unread("the rest", len(text), len(text) + len(rest)))
    once: dict[object, ExtractedClaim] = {}
    for at, one in enumerate(found):
        once.setdefault((at,) if one.claim.kind in ("box", "unread", "number") else one.claim.content, one)
    return [_placed(one, answer, where) for one in sorted(once.values(), key=lambda one: (one.start, one.end))]


def _placed(one: ExtractedClaim, answer: str, where: list[int]) -> ExtractedClaim:
    """With its span in the text as it was written, without blanks and commas around it."""
    start, end = where[one.start], where[max(one.start, one.end - 1)] + 1 if one.end > one.start else where[one.start]
    end = min(end, len(answer))
    while start < end and answer[start] in " \t\n,;":
        start += 1
    while end > start and answer[end - 1] in " \t\n,;":
        end -= 1
    return replace(one, start=start, end=end, text=answer[start:end])


def _as_prose(asked: Asked, text: str, scheme: LabelScheme, dialect: Dialect) -> Iterator[ExtractedClaim]:
    context = Context(scheme, asked=asked)
    found: list[ExtractedClaim] = []
    boxes: list[Token] = []
    for at, one in enumerate(members(text) or statements(text)):
        if HARMLESS.fullmatch(one.text):
            continue
        tokens = chunked(tokens_of(one.text, scheme, dialect))
        hedged = bool(HEDGED.search(one.text))
        offset = (
            one.start + text[one.start : one.end].find(one.text[:1]) if one.text and one.end > one.start else one.start
        )
        reading, used = _statement(tokens, replace(context, asked=asked if at == 0 or not found else None), found)
        boxes += [
            replace(each, start=each.start + offset, end=each.end + offset) for each in tokens if each.category == "box"
        ]
        if reading is None:
            made = [*pieces(tokens, context), unread("sentence", 0, max(1, len(one.text)))]
        else:
            made, context = list(reading.claims), replace(context, noun=reading.noun)
        limit = len(text)
        found += [
            replace(
                each,
                start=min(each.start + offset, limit),
                end=min(each.end + offset, limit),
                is_hedged=each.is_hedged or hedged,
            )
            for each in made
        ]
    yield from found
    if boxes and asked.is_boxes and not asked.is_one:
        subjects = [one.claim.subject for one in found if one.claim.kind == "box"]
        subject = max(subjects, key=subjects.count, default=asked.subject) or ANY_OBJECT
        yield ExtractedClaim(Claim("count", subject, count=len(boxes)), boxes[0].start, boxes[-1].end)


def _statement(tokens: list[Token], context: Context, before: Sequence[ExtractedClaim]) -> tuple[Reading | None, bool]:
    """The claims of a statement: a reply with what follows, an answer in few words, boxes, or a sentence."""
    asked: Asked = context.asked or Asked()
    reply = _reply(tokens, asked) if context.asked is not None else None
    if reply:
        claims, rest = reply
        if not rest:
            return Reading(tuple(claims), context.noun), True
        more = sentence(rest, replace(context, asked=None)) or short(rest, asked, context)
        return (Reading((*claims, *more.claims), more.noun), True) if more else (None, True)
    made = boxed(tokens, asked, context) or short(tokens, asked, context) or sentence(tokens, context)
    return made, False


def _reply(tokens: list[Token], asked: Asked) -> tuple[list[ExtractedClaim], list[Token]] | None:
    """What an opening yes or no says of what was asked, and the words after it."""
    if not tokens or tokens[0].category not in ("yes", "nope", "no"):
        return None
    first, after = tokens[0], tokens[1] if len(tokens) > 1 else None
    if after is not None and after.category not in ("comma", "semi", "colon", "dash", "but"):
        return None
    is_yes = first.category == "yes"
    if not asked.is_polar:
        return None
    if asked.proposition:
        claims = list(asked.proposition) if is_yes else [denied(asked.proposition)]
    else:
        claims = [Claim("unread", f"{'yes' if is_yes else 'no'} to a question that was not understood")]
    return [ExtractedClaim(one, first.start, first.end) for one in claims], tokens[2:]


def short(tokens: list[Token], asked: Asked, context: Context) -> Reading | None:
    """An answer in a word or two, which leans on its question: a number, a place, a size."""
    kinds = [one.category for one in tokens]
    span = (tokens[0].start, tokens[-1].end) if tokens else (0, 0)
    claims: list[Claim] | None = None
    if kinds == ["amount"] and asked.parts:
        claims = [Claim("structure", asked.parts, count=tokens[0].value.count, how=tokens[0].value.how)]
    elif kinds == ["amount"] and asked.is_count and asked.subject:
        claims = [_counted(asked.subject, tokens[0].value)]
    elif kinds in (["nope"], ["no"]) and asked.is_count and asked.subject:
        claims = [_counted(asked.subject, Amount(0))]
    elif kinds in (["nope"],) and asked.subject in context.scheme.labels:
        claims = [Claim("presence", str(asked.subject), Truth.ABSENT)]
    elif kinds == ["place"] and asked.subject:
        name = tokens[0].value.name
        claims = [
            Claim("extreme", asked.subject, how=asked.extreme, other=f"in {name}")
            if asked.extreme
            else Claim("position", asked.subject, other=name)
        ]
    elif kinds in (["percent"], ["share"]) and asked.measured:
        percent, bound, *axis = tokens[0].value
        if asked.measured == "blank":
            claims = [blank_claim(percent, bound)]
        elif asked.measured.startswith("share") and asked.subject:
            claims = [
                Claim("extent", asked.subject, count=round(percent), how=(asked.measured.split() + ["across"])[1])
            ]
    elif [one for one in kinds if one != "bound"] == ["angle"] and asked.measured:
        claims = _measured(next(one for one in tokens if one.category == "angle").value, asked)
    elif kinds == ["frequency"]:
        claims = [Claim("frequency", "map", count=tokens[0].value[0])]
    elif asked.is_odd and kinds == ["odd"]:
        claims = [Claim("peculiarity", str(tokens[0].value))]
    return None if claims is None else Reading(tuple(ExtractedClaim(one, *span) for one in claims), context.noun)


def _counted(subject: str, amount: Amount) -> Claim:
    if amount.count == 0 and subject != ANY_OBJECT:
        return Claim("presence", subject, Truth.ABSENT)
    return Claim("count", subject, count=amount.count, how=amount.how)


def _measured(angles: list[int], asked: Asked) -> list[Claim]:
    what = (asked.measured or "size").split()
    if what[0] == "beam":
        return [Claim("beam", "map", count=one) for one in dict.fromkeys(angles)]
    if what[0] == "size":
        return [Claim("size", "image", count=one, how="one axis" if len(angles) > 1 else None) for one in angles]
    return [Claim("extent", asked.subject or "it", count=angles[0], how=" ".join(["angle", *what[1:]]))]


def boxed(tokens: list[Token], asked: Asked, context: Context) -> Reading | None:
    """Boxes, each of the noun before it, else of that after it, else of what was asked."""
    boxes = [one for one in tokens if one.category in ("box", "point")]
    if not boxes:
        return None
    subject = asked.subject if asked.subject not in (None, "blank", "edge") else ANY_OBJECT
    found: list[ExtractedClaim] = []
    named = subject
    rest: list[Token] = []
    for one in tokens:
        if one.category == "np":
            nouns = one.value.nouns
            named = nouns[0].subject if nouns[0].subject != "it" else (context.noun.subject if context.noun else named)
            if nouns[0].amount and nouns[0].amount.count is not None and not nouns[0].quantifier:
                found.append(ExtractedClaim(_counted(str(named), nouns[0].amount), one.start, one.end))
            if len(nouns) > 1 or nouns[0].quantifier == "no" or nouns[0].places:
                return None
        elif one.category == "sign":
            named = str(one.value)
        elif one in boxes:
            written = one.value
            kind = "point" if one.category == "point" else "box"
            how = "rounded" if written.is_rounded and kind == "box" else None
            found.append(ExtractedClaim(Claim(kind, str(named), box=written.box, how=how), one.start, one.end))
        elif one.category not in BESIDE_BOXES or one.is_denied:
            rest.append(one)
    if rest:
        return None
    return Reading(tuple(found), context.noun)


BESIDE_BOXES = frozenset(
    {
        "comma",
        "and",
        "semi",
        "colon",
        "be",
        "lie",
        "have",
        "there",
        "a",
        "the",
        "image",
        "at",
        "span",
        "dash",
        "exist",
        "visible",
        "by",
        "to",
        "of",
        "quote",
        "number",
    }
)


def _as_list(asked: Asked, text: str, scheme: LabelScheme) -> list[ExtractedClaim]:
    """An answer that is a list of classes and nothing else; the options that it leaves out are denied."""
    if len(text) > LONGEST_LIST or not (asked.options or asked.is_class):
        return []
    known = {plain_label(option): option for option in asked.options}
    for label, one in () if asked.is_peculiarity else scheme.labels.items():
        known |= {plain_label(spelling): label for spelling in (label, *one.aliases)}
    found_pieces = [one for one in re.finditer(r"(?:(?!\s+and\s|[,;\n]).)+", text) if one[0].strip(" .")]
    bare = [re.sub(r"(?i)^(?:and|or)\s+", "", one[0].strip(" .*`\"'")) for one in found_pieces]
    named = [known.get(plain_label(one)) for one in bare]
    is_none = [one.upper() == "NONE" for one in bare]
    if (
        not found_pieces
        or any(len(one[0].split()) > LONGEST_NAME for one in found_pieces)
        or not (any(named) or all(is_none))
    ):
        return []
    kind = "peculiarity" if asked.is_peculiarity else "presence"
    found = [
        ExtractedClaim(Claim(kind, label) if label else Claim("class", one[0].strip(" .")), *one.span())
        for one, label, none in zip(found_pieces, named, is_none, strict=True)
        if not (none and all(is_none))
    ]
    if not asked.is_peculiarity:
        left_out = [option for option in asked.options if option not in named]
        found += [ExtractedClaim(Claim("presence", option, Truth.ABSENT), 0, len(text)) for option in left_out]
    return found


def _off_topic(asked: Asked, found: list[ExtractedClaim], end: int) -> list[ExtractedClaim]:
    """The claim that this answers the question, where it speaks of something else: which may well be true."""
    is_wanted = asked.subject and (asked.is_count or asked.is_boxes)
    subjects = {each for one in found for each in (one.claim.subject, one.claim.other)}
    if not found or not is_wanted or asked.subject in subjects or asked.parts:
        return []
    return [ExtractedClaim(Claim("topic", str(asked.subject)), 0, end)]
