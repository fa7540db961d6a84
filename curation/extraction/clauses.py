"""Sentences: clauses of the table of constructions, joined by words that join; what no construction covers is not read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from curation.extraction.chunks import Noun
from curation.extraction.constructions import TABLE, Context, turned_round
from curation.extraction.source_constructions import whole
from curation.extraction.tokens import Match, Token, denied, letters, pattern
from curation.verification.claims import Claim, ExtractedClaim

STRONG = ("semi", "but", "where", "colon")
WEAK = ("and", "comma", "with", "which", "dash", "or")
VERBS = frozenset(
    {"be", "have", "see", "see_not", "visible", "lie", "exist", "span", "lack", "there", "consist", "phrase"}
)
FINITE = VERBS | {"number_verb", "beside"}
LEADING = frozenset({"hotspots", "lobes", "angle", "edges", "parts", "pairs", "double_double", "flank"})
"""After "with" at the start, looks of the source: "with hotspots at its ends, it is …"."""
LONGEST_CLAUSE = 60
"""Tokens of a sentence that are tried; nobody writes a longer one of a picture."""


@dataclass(frozen=True)
class Reading:
    """Claims with their spans in the statement, and what "it" would mean after them."""

    claims: tuple[ExtractedClaim, ...]
    noun: Noun | None


def sentence(tokens: Sequence[Token], context: Context) -> Reading | None:
    """The claims of a whole statement; None where any of its words is not understood."""
    tokens = tuple(trimmed(tokens))
    if not tokens or len(tokens) > LONGEST_CLAUSE:
        return Reading((), context.noun) if not tokens else None
    if tokens[0].category == "with" and len(tokens) > 1 and tokens[1].category in LEADING:
        tokens = tokens[1:]
    made = whole(tokens, context)
    if made is not None:
        return Reading(
            tuple(ExtractedClaim(one, tokens[0].start, max(each.end for each in tokens)) for one in made), context.noun
        )
    for at in _joints(tokens):
        left, right = tokens[:at], tokens[at + 1 :]
        one = sentence(left, context) if left else Reading((), context.noun)
        two = sentence(right, replace(context, noun=one.noun)) if one is not None and right else None
        if one is not None and two is not None:
            return Reading((*one.claims, *two.claims), two.noun or one.noun)
    if tokens[0].category == "deny_that":
        made = sentence(tokens[1:], context)
        turned = [turned_round(one.claim) for one in made.claims] if made else []
        if len(turned) != 1 or turned[0] is None or made is None:
            return None
        return Reading((replace(made.claims[0], claim=turned[0]),), made.noun)
    kinds = [one.category for one in tokens[:3]]
    if kinds == ["nor", "be", "np"]:  # "nor is it a planetary nebula"
        tokens = (tokens[2], denied(tokens[1]), *tokens[3:])
    if kinds == ["as", "of", "np"] and len(tokens) > 3:
        context = replace(context, noun=tokens[2].value.nouns[0])
        tokens = tuple(trimmed(tokens[3:]))
    made = clause(tokens, context)
    if made is not None:
        return made
    for at, joint in enumerate(tokens):
        is_relative = joint.category == "np" and joint.text.lower() in ("that", "which")
        if (joint.category in WEAK or is_relative) and 0 < at < len(tokens) - 1:
            one = sentence(tokens[:at], context)
            two = (
                sentence(tokens[at + (not is_relative) :], replace(context, noun=one.noun)) if one is not None else None
            )
            if one is not None and two is not None:
                return Reading((*one.claims, *two.claims), two.noun or one.noun)
    return None


def _joints(tokens: Sequence[Token]) -> list[int]:
    """Where a sentence surely falls apart: at "but", ";", and at ", and" before a clause of its own."""
    found = [at for at, one in enumerate(tokens) if one.category in STRONG]
    for at in range(1, len(tokens) - 1):
        is_and = tokens[at].category == "and" and tokens[at - 1].category == "comma"
        if is_and and _has_verb(tokens[:at]) and _has_verb(tokens[at + 1 :]):
            found.append(at)
    return sorted(found)


def _has_verb(tokens: Sequence[Token]) -> bool:
    return any(one.category in FINITE for one in tokens)


def trimmed(tokens: Sequence[Token]) -> list[Token]:
    """Without commas and the like at either end."""
    found = list(tokens)
    while found and found[0].category in ("comma", "semi", "colon", "dash", "and", "but", "quote"):
        found = found[1:]
    while found and found[-1].category in ("comma", "semi", "colon", "dash", "and", "but", "quote"):
        found = found[:-1]
    return found


def clause(tokens: Sequence[Token], context: Context) -> Reading | None:
    """The claims of one clause, by the first construction that covers all of it."""
    form = letters(tokens)
    for written, made in TABLE:
        found = pattern(written).fullmatch(form)
        claims = made(Match(found, tokens), context) if found else None
        if claims is not None:
            return Reading(tuple(_placed(one, tokens) for one in claims), _spoken_of(tokens) or context.noun)
    return None


def _placed(claim: Claim, tokens: Sequence[Token]) -> ExtractedClaim:
    """With the span of the one noun of several that it is about, else of the clause."""
    nouns = [one for one in tokens if one.category == "np"]
    own = [one for one in nouns if any(noun.subject == claim.subject for noun in one.value.nouns)]
    if len(nouns) > 1 and len(own) == 1 and claim.kind in ("presence", "count") and claim.other is None:
        return ExtractedClaim(claim, own[0].start, own[0].end)
    return ExtractedClaim(claim, tokens[0].start, max(one.end for one in tokens))


def _spoken_of(tokens: Sequence[Token]) -> Noun | None:
    """The noun that "it" would mean next: the first of the clause that is none itself."""
    nouns = [one for token in tokens if token.category == "np" for one in token.value.nouns if one.subject != "it"]
    return nouns[0] if nouns else None


def pieces(tokens: Sequence[Token], context: Context) -> list[ExtractedClaim]:
    """What can be read of a statement that is not understood as a whole: its clauses between commas and the like."""
    found: list[ExtractedClaim] = []
    start = 0
    if any(one.category in ("if", "would", "one_of") for one in tokens) or (
        tokens and tokens[0].text.lower() in ("were", "had", "should")
    ):
        return []  # what would be, if
    if [one.category for one in tokens[:2]] == ["all", "but"]:
        return []  # "all but two"
    for at in range(len(tokens) + 1):
        if at == len(tokens) or tokens[at].category in (*STRONG, "comma", "and", "which"):
            made = sentence(tokens[start:at], context) if _has_verb(tokens[start:at]) else None
            found += made.claims if made else ()
            context = replace(context, noun=made.noun if made else None)
            start = at + 1
    return found


def unread(what: str, start: int, end: int) -> ExtractedClaim:
    """Words that were not understood."""
    return ExtractedClaim(Claim("unread", what), start, end)
