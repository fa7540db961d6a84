"""Entries of a form: "class: value", "yes: classes", "place: what is there". They are no sentences."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from curation.extraction.boxed import boxed
from curation.extraction.chunks import chunks_of
from curation.extraction.clauses import Reading, sentence, trimmed
from curation.extraction.constructions import Context
from curation.extraction.phrases import Amount, Group, Noun
from curation.extraction.stated import counted, counted_at, subject_of, there
from curation.extraction.tokens import Token, letters, pattern
from curation.pictures.boxes import Dialect
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from schemas.labels import Truth

HIDDEN = re.compile(r"\[[^\[\]]*\]|\([^()]*\)|\"[^\"]*\"")
MARKED = re.compile(r"[:=;✓✗]")
"""What every statement with entries has."""
MARK = re.compile(r"\s*(?<![<>=])[:=](?!=)(?!(?<=\d.)\d)\s*")
COUNT_LEAD = re.compile(
    r"(?i)(?:the )?(?:total )?(?:number|count|no\.?|num|nr\.?|n|amount|quantity|total)(?: of|:|(?= \w))\s*(?:the )?"
)
COUNT_TAIL = re.compile(r"(?i)\s*(?:\((?:count|number|n)\)|\b(?:count|number))$")
SHARED_OUT = re.compile(
    r"(?i)\s+(?:by|per|in each) (?:quadrant|half|position|corner|place|region|part of the (?:image|picture))$"
)
ASKS = re.compile(
    r"(?i)(?:(?:is|are) (?:there )?|has |have |contains |shows |includes |any )+|^(?:the )?(?:presence"
    r"|detection) of "
)
PRESENT = re.compile(
    r"(?i)\s*\(?\b(?:is |are )?(?:present|visible|detected|seen|found|there|in (?:the )?(?:image|picture"
    r"|field))\)?$"
)
CLASS = re.compile(
    r"(?i)(?:the )?(?:(?:source|object|radio|galactic|galaxy|morphological|fanaroff-riley|fr|source's"
    r"|central|predicted|assigned|most likely|final) )*"
    r"(?:class(?:es)?|labels?|types?|morpholog(?:y|ies)|category|categories|classification|identification"
    r"|structure)"
)
TOTAL = re.compile(r"(?i)(?:the )?(?:grand )?(?:total|sum|all|in total|altogether|overall)")
WHERE = re.compile(r"(?i)(?:its |the )?(?:position|location|place|where)")
AT = re.compile(
    r"(?i)(?:dead |image |exact )?(?:(?:upper|top|lower|bottom)[ -](?:left|right)|cent(?:re|er)|middle"
    r"|left|right|top|bottom|upper|lower)"
    r"(?: (?:corner|quadrant|half|side|part|edge|third))?"
)
LINK = ("comma", "and", "semi")
YES_NO = {"yes": True, "nope": False, "no": False, "there_none": False, "absent": False, "visible": True}
PLACES = "place ((comma|and|semi)+ place)*"
SHARES = "(place colon? amount|amount colon? place)"
TOO_MANY = 40
"""Entries of one statement."""


@dataclass(frozen=True)
class Entry:
    """A name and what is said of it, at [start, end) of a statement."""

    name: str
    value: str
    start: int
    end: int


def entries(text: str) -> list[Entry]:
    """The entries of a statement; none where it has no such form."""
    if not MARKED.search(text):
        return []
    masked = HIDDEN.sub(lambda one: "_" * len(one[0]), text)
    marks = list(MARK.finditer(masked))
    if not marks and "✓" not in text and "✗" not in text:
        marks = list(re.finditer(r"\s+;\s+", masked))  # a dash
    if len(marks) > TOO_MANY:
        return []
    if not marks:
        return _ticked(text)
    for split in (r"(?<!\s)[;|]\s*(?:and\s+)?", r"\s*,\s*(?:and\s+)?|\s+and\s+") if len(marks) > 1 else (r"$",):
        ends = [one.span() for one in re.finditer(split, masked)] if len(marks) > 1 else []
        spans = list(zip([0, *(last for _, last in ends)], [*(first for first, _ in ends), len(text)], strict=True))
        held = [[one for one in marks if start <= one.start() < end] for start, end in spans]
        if all(len(one) == 1 for one in held):
            return [
                Entry(_bare(text[start : one[0].start()]), text[one[0].end() : end].strip(), start, end)
                for (start, end), one in zip(spans, held, strict=True)
            ]
    return []


def _ticked(text: str) -> list[Entry]:
    """As in "✓ compact sources, ✗ artefacts", or with the ticks behind."""
    found: list[Entry] = []
    for one in re.finditer(r"[^,;]+", text):
        ticked = re.fullmatch(r"\s*(?:and\s+)?(?:([✓✗])\s*([^✓✗]+)|([^✓✗]+?)\s*([✓✗]))\s*", one[0])
        if ticked is None:
            return []
        found.append(Entry(_bare(ticked[2] or ticked[3]), ticked[1] or ticked[4], *one.span()))
    return found


def _bare(name: str) -> str:
    return re.sub(r"[\s_]+", " ", name.strip(" \"'_")).strip()


def read_entries(text: str, context: Context, dialect: Dialect) -> Reading | None:
    """The claims of all entries of a statement; None where it is none, or one of them is not understood."""
    found: list[ExtractedClaim] = []
    noun = context.noun
    for one in entries(text):
        made = entry(one, context, dialect)
        if made is None:
            return None
        found += [ExtractedClaim(each, one.start, one.end) for each in made]
        noun = next(
            (Noun(each.subject, is_definite=True) for each in made if each.subject in context.scheme.labels), noun
        )
    return Reading(tuple(found), noun) if found else None


def head(text: str, context: Context, dialect: Dialect) -> str | None:
    """The subject of a name that stands before a colon: it says nothing by itself."""
    if ":" not in text:
        return None
    name = re.split(r"\s*:(?:\s|$)", HIDDEN.sub(lambda one: one[0].replace(":", " "), text))[0]
    return subject_of(chunks_of(_bare(name), context.scheme, dialect), context) if name != text else None


def is_head(name: str, context: Context, dialect: Dialect) -> bool:
    """Whether a line "name:" stands before a list of what is said of it."""
    tokens = _tokens(_bare(name), context, dialect)
    return (
        subject_of(tokens, context) is not None
        or (len(tokens) == 1 and tokens[0].category in YES_NO)
        or bool(CLASS.fullmatch(name.strip()))
    )


def entry(one: Entry, context: Context, dialect: Dialect) -> list[Claim] | None:
    """What one entry says; None where it is not understood."""
    name = COUNT_TAIL.sub("", COUNT_LEAD.sub("", one.name, count=1))
    value = _tokens(one.value, context, dialect)
    if not value or not name:
        return None
    tokens = _tokens(name, context, dialect)
    kinds = [each.category for each in tokens]
    if AT.fullmatch(name) or kinds == ["place"]:
        return _at_a_place(name, one.value, context, dialect)
    if kinds == ["parts"]:
        return _parts(tokens[0], value, context)
    if CLASS.fullmatch(name) or (len(kinds) == 1 and kinds[0] in YES_NO):
        return _listed(None if CLASS.fullmatch(name) else tokens[0], value, context)
    if WHERE.fullmatch(name):
        subject = context.noun.subject if context.noun else context.asked.subject if context.asked else None
        return _value(subject, value, context) if subject and value[0].category == "place" else None
    return _of_subject(one.name, name, value, context, dialect)


def _of_subject(
    whole: str, name: str, value: Sequence[Token], context: Context, dialect: Dialect
) -> list[Claim] | None:
    """An entry of a class or of all objects; a name that counts wants a number, one of shares places."""
    counts = bool(COUNT_LEAD.match(whole) or COUNT_TAIL.search(whole))
    shares = SHARED_OUT.search(name)
    name = SHARED_OUT.sub("", name)
    bare = PRESENT.sub("", ASKS.sub("", name, count=1))
    is_total = bool(TOTAL.fullmatch(name))
    named = subject_of(_tokens(bare, context, dialect), context) or context.scheme.spelt(bare)
    subject = ANY_OBJECT if is_total else named
    made = _value(subject, value, context) if subject is not None else None
    if made is None and subject is not None and not counts and bare == name and not is_total:
        made = _sentence(subject, value, context)
    if made is None:
        return None
    kinds = {each.kind for each in made}
    is_there = any(each.kind == "presence" and each.state is Truth.PRESENT for each in made)
    if (counts or is_total) and (kinds - {"count", "presence"} or is_there):
        return None
    return None if shares and kinds != {"position"} else made


def _tokens(text: str, context: Context, dialect: Dialect) -> list[Token]:
    text = text.replace("✓", "yes").replace("✗", "no")
    return trimmed(chunks_of(text, context.scheme, dialect))


def _value(subject: str, tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    """What a value says of a subject: that it is there or not, how many there are, where it is."""
    tokens = [one for one in tokens if one.category not in ("quote", "lpar", "rpar")]
    kinds = [one.category for one in tokens]
    if not tokens:
        return None
    if kinds[0] in YES_NO and (len(tokens) == 1 or kinds[1] in ("comma", "semi", "colon", "amount", "place")):
        is_there = YES_NO[kinds[0]] != tokens[0].is_denied
        rest = trimmed(tokens[1:])
        more = _value(subject, rest, context) or _sentence(subject, rest, context) if rest else []
        return None if more is None else [*there(subject, is_there=is_there), *more]
    if kinds in (["amount"], ["amount", "visible"]) and not tokens[-1].is_denied:
        return [counted(subject, tokens[0].value)]
    if (
        kinds == ["np"]
        and tokens[0].value.nouns[0].amount
        and subject_of(_plain(tokens), context) in (ANY_OBJECT, subject)
    ):
        noun = tokens[0].value.nouns[0]
        return None if noun.is_restricted or noun.places or noun.quantifier else [counted(subject, noun.amount)]
    text = letters(tokens)
    if pattern(f"amount? colon? {PLACES}").fullmatch(text):
        return _placed(subject, tokens)
    if pattern(f"{SHARES} ((comma|and|semi)+ {SHARES})*").fullmatch(text):
        return _shared(subject, tokens)
    if "box" in kinds or "point" in kinds:
        made = boxed([Token("np", 0, 0, Group((Noun(subject),))), *tokens], subject, context)
        return [one.claim for one in made.claims] if made else None
    return None


def _plain(tokens: Sequence[Token]) -> list[Token]:
    return [replace(one, value=Group(tuple(replace(each, amount=None) for each in one.value.nouns))) for one in tokens]


def _placed(subject: str, tokens: Sequence[Token]) -> list[Claim] | None:
    """Places, one at least at each; as many as there are, where their number is said."""
    where = [one.value.name for one in tokens if one.category == "place"]
    amounts = [one.value for one in tokens if one.category == "amount"]
    if not amounts:
        return [
            *(there(subject, is_there=True) if subject != ANY_OBJECT else []),
            *(Claim("position", subject, other=one) for one in where),
        ]
    if len(where) == 1:
        return [Claim("position", subject, count=amounts[0].count, how=amounts[0].how, other=where[0])]
    if amounts[0].count != len(where) or amounts[0].how:
        return None
    return [
        counted(subject, amounts[0]),
        *(Claim("position", subject, count=1, how="at least", other=one) for one in where),
    ]


def _shared(subject: str, tokens: Sequence[Token]) -> list[Claim] | None:
    """So many at each place."""
    amounts = [one.value for one in tokens if one.category == "amount"]
    where = [one.value.name for one in tokens if one.category == "place"]
    return [counted_at(subject, amount, place) for amount, place in zip(amounts, where, strict=True)]


def _sentence(subject: str, tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    """A value that is a sentence about the subject: "several are present", "none at the upper left"."""
    first = tokens[0]
    noun = Noun(subject, is_plural=True)
    if first.category == "amount":
        head = replace(first, category="np", value=Group((replace(noun, amount=first.value),)))
        tokens = [head, *tokens[1:]]
    elif first.category == "there_none" or (
        first.category in ("np",) and first.value.nouns[0].subject == "it" and first.value.nouns[0].quantifier == "no"
    ):
        tokens = [replace(first, category="np", value=Group((replace(noun, quantifier="no"),))), *tokens[1:]]
    elif first.category == "np" and first.value.nouns[0].subject == ANY_OBJECT and not first.value.nouns[0].quantifier:
        rest = first.value.nouns[1:]  # "Flagged: one source, on the left"
        tokens = [replace(first, value=Group((replace(first.value.nouns[0], subject=subject), *rest))), *tokens[1:]]
    elif first.category == "visible" and len(tokens) > 1:
        tokens = [replace(first, category="np", value=Group((noun,)), is_denied=False), *tokens]
    made = sentence(tokens, replace(context, noun=Noun(subject, is_definite=True), asked=None))
    return [one.claim for one in made.claims] if made else None


def _parts(part: Token, value: Sequence[Token], context: Context) -> list[Claim] | None:
    """As in "Peaks: 3"; "islands: MULTI-ISLAND", a class."""
    if part.value.amount.how not in (None, "several") or part.is_denied:
        return None
    if [one.category for one in value] == ["amount"]:
        amount = value[0].value
        return [Claim("structure", part.value.what, count=amount.count, how=amount.how)] if context.is_central else None
    subject = subject_of(value, context)
    return there(subject, is_there=True) if subject in context.scheme.labels else None


def _listed(mark: Token | None, value: Sequence[Token], context: Context) -> list[Claim] | None:
    """Classes behind "present", "absent" or "classes"."""
    is_there = mark is None or YES_NO[mark.category] != mark.is_denied
    found: list[Claim] = []
    start = 0
    for at in range(len(value) + 1):
        if at < len(value) and value[at].category not in LINK:
            continue
        part = value[start:at]
        start = at + 1
        if not part:
            continue
        several = (
            part[0].value.nouns if len(part) == 1 and part[0].category == "np" and not part[0].value.is_either else ()
        )
        subjects = [one.subject for one in several] if len(several) > 1 else [subject_of(part, context)]
        if any(one in (None, ANY_OBJECT, "it") for one in subjects) or (
            len(several) > 1
            and subject_of(part, context) is None
            and any(one.amount or one.quantifier for one in several)
        ):
            return None
        found += [each for one in subjects for each in there(str(one), is_there=is_there)]
    return found or None


def _at_a_place(name: str, value: str, context: Context, dialect: Dialect) -> list[Claim] | None:
    """As in "Upper left: a compact source", "top left: none"."""
    place = f"in the {name}" if AT.fullmatch(name) else name
    tokens = _tokens(f"{place}, {value}", context, dialect)
    asked = context.asked
    if [one.category for one in tokens] in (
        ["place", "comma", "amount"],
        ["place", "comma", "there_none"],
        ["place", "comma", "nope"],
    ):
        subject = asked.subject if asked else None
        amount = tokens[2].value if tokens[2].category == "amount" else Amount(0)
        return (
            _shared(subject, [replace(tokens[2], category="amount", value=amount), tokens[0]])
            if subject and subject not in ("blank", "edge")
            else None
        )
    if len(tokens) == len("p,a") and tokens[2].category in ("adjective", "sign"):
        tokens = [*tokens[:2], replace(tokens[2], category="np", value=Group((Noun(str(tokens[2].value)),)))]
    if any(one.category == "box" for one in tokens):
        return None
    made = sentence(tokens, replace(context, asked=None))
    return [one.claim for one in made.claims] if made else None
