"""Sentences: clauses of the table of constructions, and what joins them; what no construction covers is not read."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from operator import attrgetter

from curation.extraction.canonical import canonical
from curation.extraction.constructions import TABLE, Context, negated
from curation.extraction.described import described, is_number_of_these
from curation.extraction.gist import gist
from curation.extraction.listed_constructions import of_survey
from curation.extraction.mentions import mentions
from curation.extraction.phrases import SAME, THIS, Noun
from curation.extraction.restated import restated
from curation.extraction.sharing import is_it as _is_it
from curation.extraction.sharing import shared
from curation.extraction.source_constructions import whole
from curation.extraction.tokens import Match, Token, denied, letters, pattern
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim
from curation.verification.relations import DIFFERENCES, POINTS

STRONG = ("semi", "but", "where", "colon")
WEAK = ("and", "comma", "with", "which", "dash")
VERBS = frozenset(
    {"be", "have", "see", "see_not", "visible", "lie", "exist", "span", "lack", "there", "consist", "phrase"}
)
FINITE = VERBS | {"number_verb", "beside"}
SUBJECTS = ("np", "gleam", "lobes")
BRACKETS = ("lpar", "rpar")
LEADING = frozenset({"hotspots", "lobes", "angle", "edges", "parts", "pairs", "double_double", "flank"})
"""After "with" at the start, looks of the source: "with hotspots at its ends, it is …"."""
LONGEST_CLAUSE = 60
"""Tokens of a sentence that are tried; nobody writes a longer one of a picture."""
MOST_FORMS = 100_000


@dataclass(frozen=True)
class Reading:
    """Claims with their spans in the statement, and what "it" would mean after them."""

    claims: tuple[ExtractedClaim, ...]
    noun: Noun | None


def sentence(tokens: Sequence[Token], context: Context) -> Reading | None:
    """The claims of a whole statement; None where any of its words is not understood."""
    tokens = trimmed(tokens)
    context.tries[0] -= 1
    if not tokens:
        return Reading((), context.noun)
    if len(tokens) > LONGEST_CLAUSE or context.tries[0] < 0 or _takes_out(tokens):
        return None
    if tokens[0].category == "with" and len(tokens) > 1 and tokens[1].category in LEADING:
        tokens = tokens[1:]
    made = whole(tokens, context)
    if made is not None:
        return Reading(
            tuple(ExtractedClaim(one, tokens[0].start, max(each.end for each in tokens)) for one in made), context.noun
        )
    if tokens[0].category == "deny_that":  # of two things that follow it nobody can tell which is denied
        return _denied_that(tokens[1:], context)
    made = _first(_parted(tokens, at, at + 1, context) for at in _joints(tokens))
    if made is not None:
        return made
    tokens, context = _reordered(tuple(tokens), context)
    made = clause(tokens, context) or _first(_weakly_parted(tokens, context))
    made = made or _first(_tailed(tokens, context)) or _first(_sharing(tokens, context))
    made = made or _first(_in_turn(each, context) for each in restated(tokens))
    return made or _otherwise(tokens, context)


def _in_turn(sentences: Sequence[Sequence[Token]], context: Context) -> Reading | None:
    """Some sentences one after the other."""
    claims: list[ExtractedClaim] = []
    for tokens in sentences:
        made = sentence(tokens, context)
        if made is None or not made.claims:
            return None
        claims, context = [*claims, *made.claims], replace(context, noun=made.noun)
    return Reading(tuple(claims), context.noun)


def _otherwise(tokens: Sequence[Token], context: Context) -> Reading | None:
    """A predicate alone, a sentence that names its survey besides, a description, or one with brackets."""
    made = None
    if context.is_central and tokens[0].category in PREDICATES:  # "diffuse, in several islands"
        start = tokens[0].start
        it = [Token("np", start, start, THIS), Token("be", start, start, text="is")]
        made = sentence([*it, *tokens], context)
    at = next((at for at, one in enumerate(tokens[1:-1], 1) if one.category == "indicate"), 0)
    if made is None and context.is_central and at and not tokens[at].is_denied:  # "the hotspots suggest an FR II"
        made = _parted(tokens, at, at + 1, context)
    if made is None and (without := of_survey(tokens)) is not None and (made := sentence(without[0], context)):
        made = replace(made, claims=(*made.claims, *(_placed(one, tokens) for one in without[1])))
    if made is None and (claims := described(tokens, context)) is not None:
        made = Reading(tuple(_placed(one, tokens) for one in claims), _spoken_of(tokens, context))
    if made is None and _is_aside(tokens):
        made = sentence(
            [replace(one, category="comma") if one.category in BRACKETS else one for one in tokens], context
        )
    if made is None and context.is_loose and (claims := gist(tokens, context) or mentions(tokens, context)):
        made = Reading(tuple(_placed(one, tokens) for one in claims), _spoken_of(tokens, context))
    return made


def _is_aside(tokens: Sequence[Token]) -> bool:
    """Whether brackets hold a number or a place and nothing else."""
    kinds = [one.category for one in tokens]
    if kinds.count("lpar") != 1 or kinds.count("rpar") != 1:
        return False
    inside = kinds[kinds.index("lpar") + 1 : kinds.index("rpar")]
    return bool(inside) and set(inside) <= {"place", "amount", "comma", "and", "angle", "frequency"}


def _first(readings: Iterable[Reading | None]) -> Reading | None:
    return next((one for one in readings if one is not None), None)


def _parted(tokens: Sequence[Token], end: int, start: int, context: Context) -> Reading | None:
    """What stands before a joint and what stands after it, each a sentence of its own."""
    one = sentence(tokens[:end], context) if end else Reading((), context.noun)
    is_torn = end > 0 and start < len(tokens) and tokens[start].category == "be" and not _is_finite(tokens[:end])
    if one is not None and end and (is_torn or _is_left_open(one, tokens[end:])):
        return None
    two = sentence(tokens[start:], replace(context, noun=one.noun)) if one is not None and tokens[start:] else None
    return None if one is None or two is None else Reading((*one.claims, *two.claims), two.noun or one.noun)


AGAINST = frozenset({"more", "fewer", "equal", *DIFFERENCES, *POINTS})


def _is_left_open(one: Reading, rest: Sequence[Token]) -> bool:
    """Whether the rest is a bare list that may belong to what came before: "more A than B and C", "three here: A"."""
    if not one.claims or _has_verb(rest) or not any(each.category in ("np", "amount") for each in rest):
        return False
    kind, joint = one.claims[-1].claim.kind, rest[0].category
    is_listed = joint in ("colon", "dash") and not any(each.category == "place" for each in rest)
    return (joint in ("and", "or") and kind in {*AGAINST, "extreme", "share"}) or (is_listed and kind == "position")


def _weakly_parted(tokens: Sequence[Token], context: Context) -> Iterator[Reading | None]:
    """Parted where it may be, at "and" and the like, or before "which"."""
    for at, joint in enumerate(tokens[1:-1], 1):
        is_relative = joint.category == "np" and joint.text.lower() in ("that", "which")
        if is_relative and tokens[at - 1].category == "np" and _is_counted(tokens[at - 1]):
            continue  # "four sources that are not compact": not four sources
        is_within_places = tokens[at - 1].category == tokens[at + 1].category == "place"
        if joint.category == "with" and (
            [one.category for one in tokens[at + 1 :]] == ["amount"] or _is_after_rather(tokens[:at])
        ):
            continue  # "one with several"; "rather than an extended source with sharp edges"
        if _is_after_no(tokens, at):
            continue  # "no artefacts, filaments": are these there?
        if joint.category == "comma" and _is_aside_of(tokens, at):
            continue  # "two sources, one of them on the left, are flagged": not two sources
        if is_number_of_these(tokens, at) or (joint.category == "comma" and is_number_of_these(tokens, at + 1)):
            continue
        is_as = [one.category for one in tokens[at - 1 : at + 1]] == ["comma", "as"] and tokens[at + 1].category in (
            *SUBJECTS,
            "there",
            "see",
        )
        if (joint.category in WEAK and not is_within_places) or is_relative or is_as:
            yield _parted(tokens, at, at if is_relative else at + 1, context)


def _is_after_no(tokens: Sequence[Token], at: int) -> bool:
    """Whether bare nouns stand behind a noun with "no" and a comma, so that nobody knows whether they are denied."""
    before, after = tokens[at - 1], tokens[at + 1]
    if tokens[at].category != "comma" or (before.category, after.category) != ("np", "np") or _has_verb(tokens[at:]):
        return False
    one = after.value.nouns[0]
    is_bare = not (one.amount or one.quantifier or one.is_article or one.is_definite or one.is_only)
    is_bare = is_bare and not after.text.lower().startswith(("only ", "just ", "merely "))
    return is_bare and before.value.nouns[-1].quantifier == "no"


def _is_after_rather(tokens: Sequence[Token]) -> bool:
    """Whether what stands last is what is denied: "diffuse rather than extended"."""
    kinds = [one.category for one in tokens]
    last = max((at for at, kind in enumerate(kinds) if kind in ("rather", "not")), default=-1)
    return last >= 0 and not {"comma", "semi", "but", "and"} & set(kinds[last + 1 :])


def _is_aside_of(tokens: Sequence[Token], at: int) -> bool:
    """Whether a comma after a noun opens what stands between it and its verb."""
    rest = tokens[at + 1 :]
    is_noun = [one.category for one in tokens[:at]] == ["np"] and _is_counted(tokens[0])
    verbs = (n for n in range(1, len(rest)) if rest[n - 1].category == "comma" and _is_finite(rest[n : n + 1]))
    return is_noun and any(rest[n].category in ("be", "have", "lie", "visible") for n in verbs)


def _is_counted(one: Token) -> bool:
    return any(each.amount and each.amount.count is not None and not each.is_definite for each in one.value.nouns)


TAILS = frozenset({"consist", "falls_into", "whole", "broken", "parts", "connected"})
TOLD = re.compile(
    r"(?i)^(?:identified|known|associated|classified|described|catalogued|listed|labell?ed|interpreted)\b"
)
PREDICATES = ("adjective", "sign", "whole", "broken")
OF_PARTS = ("with", "of", "at")
IS = re.compile(r"(?i)(?:is|are|was|were|be|can|could|may|has|have|been|not|appears?|seems?|'s|remains?)\b")
SEVERAL = attrgetter("quantifier", "is_plural", "extreme", "is_other", "is_only")


def _tailed(tokens: Sequence[Token], context: Context) -> Iterator[Reading | None]:
    """What a noun of the one source ends with, as said of that: "a diffuse source in one piece", "… known as X"."""
    kinds = [one.category for one in tokens]
    if not context.is_central or any(one.is_denied for one in tokens) or {"no", "none_of", "if", "not"} & set(kinds):
        return
    for at in range(1, len(tokens)):
        one, before = tokens[at], [each for each in tokens[:at] if each.category == "np"]
        is_of_parts = one.category in OF_PARTS and kinds[at + 1 : at + 2] == ["parts"]
        is_tail = one.category in TAILS or is_of_parts or (one.category == "be" and TOLD.match(one.text))
        nouns = [each for group in before for each in group.value.nouns]
        if not is_tail or not nouns or nouns[-1].subject == "it" or any(any(SEVERAL(each)) for each in nouns):
            continue
        start = tokens[at].start
        this = Token("np", start, start, THIS)
        rest = [this, replace(one, category="have") if is_of_parts else one, *tokens[at + 1 :]]
        yield _parted([*tokens[:at], *rest], at, at, context)


def _sharing(tokens: Sequence[Token], context: Context) -> Iterator[Reading | None]:
    """As two sentences that share words."""
    for each in shared(tokens):
        one = sentence(each.first, context)
        if one is None or not one.claims:
            continue
        noun = one.noun
        nouns = [noun for token in each.first if token.category == "np" for noun in token.value.nouns]
        if each.is_of_last and len(nouns) > 1:
            noun = nouns[-1]
        two = sentence(each.second, replace(context, noun=noun))
        yield None if two is None else Reading((*one.claims, *two.claims), one.noun)


def _denied_that(tokens: Sequence[Token], context: Context) -> Reading | None:
    """Of "it is not true that": the rest turned round, of several claims that not all hold; at "nor" each by itself."""
    context = replace(context, is_loose=False)
    made = sentence(tokens, context)
    for at in range(1, len(tokens) - 1) if made is None or len(made.claims) > 1 else ():
        if tokens[at].category not in ("or", "nor"):
            continue
        rest = tokens[at + (2 if tokens[at + 1].text.lower() == "that" else 1) :]
        first = _denied_that(tokens[:at], context) if _has_verb(rest) else None
        second = _denied_that(rest, replace(context, noun=first.noun)) if first else None
        if first and second:
            return Reading((*first.claims, *second.claims), second.noun)
    if made is None or not made.claims or any(one.category in STRONG for one in tokens):
        return None
    start, end = min(one.start for one in made.claims), max(one.end for one in made.claims)
    turned = negated([one.claim for one in made.claims]) or ()
    return Reading(tuple(ExtractedClaim(one, start, end) for one in turned), made.noun) if turned else None


def _reordered(tokens: tuple[Token, ...], context: Context) -> tuple[tuple[Token, ...], Context]:
    """Takes "nor is it X" as "it is not X"; "as for X," as what "it" means in the rest."""
    first, rest = [one.category for one in tokens[:3]], tokens[3:]
    if first == ["nor", "be", "np"]:
        return (tokens[2], denied(tokens[1]), *rest), context
    kinds = [one.category for one in tokens]
    if kinds == ["compare", "than", "np", "be", "np"]:  # "larger than any other is the FR-II"
        return (tokens[4], tokens[3], *tokens[:3]), context
    is_it = len(kinds) > 2 and tokens[-2].category == "np" and _is_it(tokens[-2])  # noqa: PLR2004
    if is_it and kinds[:-2] in (["np"], ["adjective"], ["sign"]) and kinds[-1] == "be":  # "an FR-II it is not"
        return (tokens[1], tokens[2], tokens[0]), context
    if first == ["than", "np", "comma"] and len(rest) > 1:  # "compared with that one, this is larger"
        return (*rest, *tokens[:2]), context
    if first == ["as", "of", "np"] and rest:
        return tuple(trimmed(rest)), replace(context, noun=tokens[2].value.nouns[0])
    return tokens, context


def _joints(tokens: Sequence[Token]) -> list[int]:
    """Where a sentence surely falls apart: at "but", ";", and at ", and" before a clause of its own."""
    found = [at for at, one in enumerate(tokens) if one.category in STRONG and not _is_exception(tokens, at)]
    for at in range(1, len(tokens) - 1):
        is_and = tokens[at].category == "and" and tokens[at - 1].category == "comma"
        if is_and and _has_verb(tokens[:at]) and _has_verb(tokens[at + 1 :]):
            found.append(at)
    return sorted(found)


def _takes_out(tokens: Sequence[Token]) -> bool:
    """Whether "but" after "no source" names those that are: "no galaxy but the FR-II lies near the centre"."""
    return any(
        one.category == "np" and joint.category == "but" and after.category == "np"
        and any(each.quantifier in ("no", "all") and (each.subject == ANY_OBJECT or NOTHING.match(one.text))
                for each in one.value.nouns)
        for one, joint, after in zip(tokens, tokens[1:], tokens[2:], strict=False)
    )  # fmt: skip


NOTHING = re.compile(r"(?i)nothing\b")


def _is_exception(tokens: Sequence[Token], at: int) -> bool:
    """Whether "but" takes out of what stands before it: "no galaxy but the FR-II lies there", "every class but one"."""
    before, after = tokens[:at], tokens[at + 1 :]
    if [one.category for one in after] == ["amount"]:
        return True  # "the smallest but one"
    if tokens[at].text.lower() != "but" or not before or _has_verb(before):
        return False
    nouns = [one for each in before if each.category == "np" for one in each.value.nouns]
    is_whole = any(one.quantifier in ("no", "all") for one in nouns)
    return (is_whole or before[0].category in ("all", "none_of", "no", "not")) and _has_verb(after)


def _has_verb(tokens: Sequence[Token]) -> bool:
    return any(one.category in FINITE for one in tokens)


def _is_finite(tokens: Sequence[Token]) -> bool:
    """Whether there is a verb that is no participle: not "one source, located on the left"."""
    return any(one.category in FINITE and (one.category != "visible" or IS.match(one.text)) for one in tokens)


def trimmed(tokens: Sequence[Token]) -> list[Token]:
    """Without commas and the like at either end."""
    found = list(tokens)
    while found and found[0].category in ("comma", "semi", "colon", "dash", "and", "but", "quote"):
        found = found[1:]
    while found and found[-1].category in ("comma", "semi", "colon", "dash", "and", "but", "quote"):
        found = found[:-1]
    return found


def clause(tokens: Sequence[Token], context: Context) -> Reading | None:
    """The claims of one clause by the first construction that covers all of it, in its own order or the usual one."""
    order, claims = tokens, _by_table(tokens, context)
    if claims is None:
        order = canonical(tokens, context.scheme)
        claims = _by_table(order, context)
    if claims is None:
        return None
    noun = _as_said(_narrowed(_spoken_of(order, context), claims), claims)
    return Reading(tuple(_placed(one, tokens) for one in claims), noun)


def _narrowed(noun: Noun | None, claims: Sequence[Claim]) -> Noun | None:
    """The noun as the one class of several that a clause has just said it to be of."""
    if noun is None or "|" not in noun.subject:
        return noun
    said = {one.subject for one in claims} & set(noun.subject.split("|"))
    return replace(noun, subject=said.pop()) if len(said) == 1 else noun


def _as_said(noun: Noun | None, claims: Sequence[Claim]) -> Noun | None:
    """The noun as it is known now: "two sources are flagged" leaves the flagged ones, "two lie there" only some."""
    if noun is None or not noun.is_plural or noun.is_definite or noun.quantifier or noun.amount is None:
        return noun
    if {one.subject for one in claims} <= {noun.subject} and {one.kind for one in claims} <= {"count", "presence"}:
        return noun
    counts = [one for one in claims if one.kind == "count" and one.subject != noun.subject]
    rest = [one for one in claims if one not in counts]
    if len(counts) == 1 and counts[0].how is None and all(one.kind == "count" for one in rest):
        return replace(noun, subject=counts[0].subject, is_plural=counts[0].count != 1, amount=None)
    return replace(noun, is_restricted=True)


def _by_table(tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    form, at = letters(tokens), 0
    while (at := _next_construction(form, at)) < len(TABLE):
        written, made = TABLE[at]
        found = pattern(written).fullmatch(form)
        claims = made(Match(found, tokens), context) if found else None
        if claims is not None:
            return list(claims)
        at += 1
    return None


@lru_cache(maxsize=MOST_FORMS)
def _next_construction(form: str, start: int) -> int:
    """The first construction from `start` on whose pattern covers a form (`letters`); len(TABLE) where none does."""
    return next((at for at in range(start, len(TABLE)) if pattern(TABLE[at][0]).fullmatch(form)), len(TABLE))


def _placed(claim: Claim, tokens: Sequence[Token]) -> ExtractedClaim:
    """With the span of the one noun of several that it is about, else of the clause."""
    nouns = [one for one in tokens if one.category == "np"]
    own = [one for one in nouns if any(noun.subject == claim.subject for noun in one.value.nouns)]
    if len(nouns) > 1 and len(own) == 1 and claim.kind in ("presence", "count") and claim.other is None:
        return ExtractedClaim(claim, own[0].start, own[0].end)
    return ExtractedClaim(claim, tokens[0].start, max(one.end for one in tokens))


def _spoken_of(tokens: Sequence[Token], context: Context) -> Noun | None:
    """The noun that "it" would mean next: the first of the clause that is none itself, or one of those before."""
    nouns = [one for token in tokens if token.category == "np" for one in token.value.nouns if one.subject != "it"]
    if nouns and nouns[0].subject == SAME:
        return replace(context.noun, is_plural=False, amount=None) if context.noun else None
    return nouns[0] if nouns else context.noun


CHOSEN = ("holds", "claims", "former", "latter")
"""Words of a sentence about its own pieces: "only the former is right"."""


def pieces(tokens: Sequence[Token], context: Context) -> list[ExtractedClaim]:
    """What can be read of a statement that is not understood as a whole: its clauses between joints.

    As possible only: what the rest makes of them nobody knows, so they may support nothing and contradict nothing.
    """
    found: list[ExtractedClaim] = []
    start = 0
    if any(one.category in ("if", "would", "one_of", "deny_that") or one.text.lower() in CHOSEN for one in tokens) or (
        tokens and tokens[0].text.lower() in ("were", "had", "should")
    ):
        return []  # what would be, if
    if [one.category for one in tokens[:2]] == ["all", "but"]:
        return []  # "all but two"
    for at in [*_joints(tokens), len(tokens)]:
        made = sentence(tokens[start:at], context) if _has_verb(tokens[start:at]) else None
        found += [replace(one, is_hedged=True) for one in made.claims] if made else []
        context = replace(context, noun=made.noun if made else None)
        start = at + 1
    return found


def unread(what: str, start: int, end: int) -> ExtractedClaim:
    """Words that were not understood."""
    return ExtractedClaim(Claim("unread", what), start, end)
