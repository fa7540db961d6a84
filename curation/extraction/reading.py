"""Claims read from a text alone: what a question asks, what an answer says.

The recorded claims are never looked at, so the same reader serves the texts of templates and of models.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from curation.extraction import grammar as g
from curation.extraction.asked import Asked, flattened, read_question
from curation.extraction.boxes_in_words import WrittenBox, written_boxes
from curation.extraction.clauses import sentences
from curation.extraction.elliptic import LONGEST_LIST, bare_count, count_in_words, elliptic
from curation.extraction.quantities import leftovers
from curation.extraction.said_of_nouns import BOX_MARK
from curation.extraction.statements import statements
from curation.pictures.boxes import Dialect
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from schemas.labels import LabelScheme, Truth, plain_label

LONGEST = 6000
"""Characters of an answer that are read; nobody writes more of a picture."""
LONGEST_CLASS = 6
"""Words of an answer that may be nothing but the name of a class, where it was asked for."""

LONGEST_NAME = 3
"""Words of the name of a class."""

POLAR = re.compile(
    r"(?i)^\W*(?:(?:i would say|i'd say|i think|i believe|the answer is|well),?\s+)?(?P<reply>probably not"
    r"|most likely not|probably yes|yes|no|yeah|yep|nope|true|false|correct|incorrect|affirmative|negative"
    r"|indeed|absolutely not|absolutely|certainly not|certainly|definitely not|definitely"
    r"|not at all|of course not|of course|it is not|it isn't|it does not|it doesn't|it does|it is"
    r"|there is not|there isn't|there are not|there aren't|they are not|they are)\b(?=\s*(?:[,.;:!]|$|-))"
)

SOFT = re.compile(r"(?i)^\W*(?:certainly|of course|absolutely|definitely|indeed)\b(?! not)")
NEGATIVE = re.compile(r"(?i)\b(?:no|nope|not|false|incorrect|negative)\b|n't\b")

NONE_REPLY = re.compile(
    r"(?i)^\W*(?:(?:there (?:is|are)|i (?:see|count|find|can see)|we see)\s+)?(?:none(?:\s+(?:at all|of them"
    r"|(?:is|are|can be) (?:visible|present|seen|found)))?|not any|nothing|zero|nil)\b[^.!?]*[.!]?\s*$"
)


def extract_claims(question: str, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[ExtractedClaim]:
    """The claims of an answer with their spans, from its text and its question alone."""
    return read_answer(read_question(question, scheme), answer, scheme, dialect)


def read_answer(asked: Asked, answer: str, scheme: LabelScheme, dialect: Dialect) -> list[ExtractedClaim]:
    """Every claim of an answer, in the order of the text, equal ones once (boxes as often as they stand)."""
    text, where = flattened(answer)
    text, rest = text[:LONGEST], text[LONGEST:]
    found = _as_list(asked, text, scheme)
    if not found:
        found = _as_prose(asked, text, scheme, dialect)
    found += _off_topic(asked, found, len(text))
    if rest.strip():
        found.append(ExtractedClaim(Claim("unread", "the rest"), len(text), len(text) + len(rest)))
    is_unread = all(one.claim.kind == "unread" for one in found)
    if is_unread and asked.is_class and len(text.split()) <= LONGEST_CLASS:
        found = [ExtractedClaim(Claim("class", answer.strip()), 0, len(text))]
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


def _as_prose(asked: Asked, text: str, scheme: LabelScheme, dialect: Dialect) -> list[ExtractedClaim]:
    words = g.grammar(scheme)
    boxes = written_boxes(text, dialect)
    reply = _reply(asked, text)
    found = [*bare_count(asked, text), *_boxes(asked, text, words, boxes)]
    rest = g.masked(text, POLAR) if reply else text
    for one in boxes:
        rest = rest[: one.start] + BOX_MARK * (one.end - one.start) + rest[one.end :]
    if not found and not reply and NONE_REPLY.match(text) and asked.subject in scheme.labels:
        return [ExtractedClaim(Claim("presence", str(asked.subject), Truth.ABSENT), 0, len(text))]
    if not found and not reply and NONE_REPLY.match(text) and asked.subject == ANY_OBJECT:
        return [ExtractedClaim(Claim("count", ANY_OBJECT, count=0), 0, len(text))]
    said = [one for one in statements(rest, words) if one.claim.kind != "unread" or not _is_said(one, found)]
    said = [_of_what_was_asked(one, asked) for one in said]
    told = list(elliptic(asked, rest, said))
    if told:
        said = [one for one in said if not _is_said_again(one, told)]
    is_counted = any(one.claim.count is not None for one in (*found, *said, *told))
    if asked.is_count and asked.subject and not is_counted:
        said = [*count_in_words(asked, rest), *(one for one in said if one.claim.kind != "unread")] or said
    if reply and SOFT.match(text) and any(one.claim.kind != "unread" for one in (*told, *said, *found)):
        reply = []  # "Certainly! Here is what I see: …"
    found = [*told, *said, *found, *reply]
    named = [(one.start, one.end) for one in words.mentions(rest)]
    return [*found, *leftovers(g.blanked(rest, named), found)]


def _of_class(text: str, box: WrittenBox, words: g.Grammar) -> str | None:
    """The class that "the source at (0.7, 0.3) is compact" gives it."""
    for one in words.mentions(text):
        if one.start >= box.end:
            return one.label if IS_A.fullmatch(text[box.end : one.start]) else None
    return None


IS_A = re.compile(
    r"(?i)\s*,?\s*(?:is|are|seems to be|appears to be|looks|appears|(?:is "
    r"|can be )?classified as)\s+(?:(?:an?|the|of|clearly)\s+)*"
)


def _of_what_was_asked(one: ExtractedClaim, asked: Asked) -> ExtractedClaim:
    """With the source asked for where a size does not say of what it is."""
    if one.claim.kind == "extent" and one.claim.subject == "it" and asked.measured and asked.subject:
        return replace(one, claim=replace(one.claim, subject=asked.subject))
    return one


def _is_said_again(one: ExtractedClaim, told: list[ExtractedClaim]) -> bool:
    """Whether an elliptic answer says what a claim, read without its question, was taken for."""
    is_loose = one.claim.kind in ("unread", "presence", "size", "beam", "extent", "count", "position")
    return is_loose and any(
        one.start <= other.start < one.end or other.start <= one.start < other.end for other in told
    )


def _is_said(one: ExtractedClaim, found: list[ExtractedClaim]) -> bool:
    """Whether a sentence that was not understood holds a box, or the number asked for."""
    return any(one.start <= other.start < one.end for other in found)


def _as_list(asked: Asked, text: str, scheme: LabelScheme) -> list[ExtractedClaim]:
    """An answer that is a list of classes and nothing else; the options that it leaves out are denied."""
    if len(text) > LONGEST_LIST or not (asked.options or asked.is_class):
        return []
    known = {plain_label(option): option for option in asked.options}
    for label, one in () if asked.is_peculiarity else scheme.labels.items():
        known |= {plain_label(spelling): label for spelling in (label, *one.aliases)}
    pieces = [one for one in re.finditer(r"(?:(?!\s+and\s|[,;\n]).)+", text) if one[0].strip(" .")]
    bare = [re.sub(r"(?i)^(?:and|or)\s+", "", one[0].strip(" .*`\"'")) for one in pieces]
    named = [known.get(plain_label(one)) for one in bare]
    is_none = [one[0].strip(" .").upper() == "NONE" for one in pieces]
    if not pieces or any(len(one[0].split()) > LONGEST_NAME for one in pieces) or not (any(named) or all(is_none)):
        return []
    kind = "peculiarity" if asked.is_peculiarity else "presence"
    found = [
        ExtractedClaim(Claim(kind, label) if label else Claim("class", one[0].strip(" .")), *one.span())
        for one, label, none in zip(pieces, named, is_none, strict=True)
        if not (none and all(is_none))
    ]
    if not asked.is_peculiarity:
        left_out = [option for option in asked.options if option not in named]
        found += [ExtractedClaim(Claim("presence", option, Truth.ABSENT), 0, len(text)) for option in left_out]
    return found


def _reply(asked: Asked, text: str) -> list[ExtractedClaim]:
    """What an opening yes or no says of what was asked."""
    reply = POLAR.search(text)
    if not reply or (not asked.is_polar and reply["reply"].lower() not in ("yes", "no")):
        return []
    is_yes = not NEGATIVE.search(reply["reply"])
    if asked.is_negative:
        claims = [Claim("unread", f"{reply['reply']} to a question in the negative")]
    elif asked.proposition:
        claims = list(asked.proposition) if is_yes else [_denied(asked.proposition)]
    elif asked.subject in ("blank", "edge"):
        claims = [Claim("border", asked.subject, _state(is_yes))]
    elif asked.subject == ANY_OBJECT and asked.is_any:
        claims = [Claim("count", ANY_OBJECT, count=int(is_yes), how="at least" if is_yes else None)]
    elif asked.subject is None or asked.subject == ANY_OBJECT:
        claims = [Claim("unread", f"{reply['reply']} to a question that was not understood")]
    else:
        claims = [Claim("presence", asked.subject, _state(is_yes))]
    return [ExtractedClaim(one, *reply.span("reply")) for one in claims]


def _state(is_there: bool) -> Truth:
    return Truth.PRESENT if is_there else Truth.ABSENT


def _denied(proposition: Sequence[Claim]) -> Claim:
    """What "no" says: which of several things does not hold, nobody can tell."""
    if len(proposition) > 1:
        return Claim("unread", "no to several things that were asked")
    one = proposition[0]
    if one.kind == "only" or one.how in ("several", "about", "some"):
        return Claim("unread", "no to what was asked")
    if one.kind == "count" and one.how in ("at least", "at most") and one.count is not None:
        is_least = one.how == "at least"
        return replace(
            one, count=one.count - 1 if is_least else one.count + 1, how="at most" if is_least else "at least"
        )
    return replace(one, state=_state(one.state is Truth.ABSENT))


def _boxes(asked: Asked, text: str, words: g.Grammar, written: list[WrittenBox]) -> Iterator[ExtractedClaim]:
    """Boxes, each of the class named last before it, else of the class asked for; a list of all of them is a count."""
    if not written:
        return
    masked = g.blanked(text, [(one.start, one.end) for one in written])
    mentions = [(one.start, one.label) for one in words.mentions(masked)]
    generic = [
        (one.start(), ANY_OBJECT)
        for one in re.finditer(r"(?i)\b(?:(?:catalogu?ed|radio)\s+)*(?:sources?|objects?)\b", masked)
        if not any(other.start <= one.start() < other.end for other in words.mentions(masked))
    ]
    spans = list(sentences(masked))
    for one in written:
        named = [*mentions, *generic]
        begin, end = next(((first, last) for first, last in spans if first <= one.start < last), (0, len(text)))
        here = [each for each in named if begin <= each[0] < one.start]
        later = [each for each in named if one.end <= each[0] < end]
        before = [each for each in named if each[0] < one.start]
        chosen = max(here) if here else min(later) if later else max(before) if before else (0, asked.subject)
        subject = _of_class(masked, one, words) or chosen[1] or ANY_OBJECT
        subject = ANY_OBJECT if subject in ("blank", "edge") else subject
        kind = "point" if one.is_point and one.box else "box"
        how = "rounded" if one.is_rounded and kind == "box" else None
        yield ExtractedClaim(Claim(kind, subject, box=one.box, how=how), one.start, one.end)
    boxes = [one for one in written if not one.is_point]
    if boxes and asked.is_boxes and not asked.is_one:
        labels = [label for _, label in mentions]
        subject = max(labels, key=labels.count, default=asked.subject)
        count = Claim("count", subject or ANY_OBJECT, count=len(boxes))
        yield ExtractedClaim(count, boxes[0].start, boxes[-1].end)


def _off_topic(asked: Asked, found: list[ExtractedClaim], end: int) -> list[ExtractedClaim]:
    """The claim that this answers the question, where it counts or locates something else: which may well be true."""
    is_wanted = asked.subject and (asked.is_count or asked.is_boxes)
    if not found or not is_wanted or any(one.claim.subject == asked.subject for one in found):
        return []
    return [ExtractedClaim(Claim("topic", str(asked.subject)), 0, end)]
