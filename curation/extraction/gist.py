"""What a sentence of no known form says at least: every class and every look that it names, each as it is affirmed.

Read only where nothing else stands in the sentence than names of classes, looks, and words that add nothing to them:
no comparison, no number of things, no condition, no word that nobody knows. Whoever says "this remnant, in one piece,
is home to a pulsar" says three things of the source, however the sentence is built; all three have to be true. A denial
reaches the one thing that it stands before; where it might reach several, nothing is read.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from curation.extraction.constructions import Context, turned_round
from curation.extraction.phrases import SAME, SEEN, TOLD, Noun
from curation.extraction.soft_words import is_soft
from curation.extraction.source_claims import counted_parts, of_class
from curation.extraction.tokens import Token
from curation.verification.claims import ANY_OBJECT, Claim

ADDING_NOTHING = frozenset(
    {"there", "be", "have", "see", "exist", "lie", "visible", "located", "image", "the", "a", "with", "that", "so",
     "of", "at", "as", "it", "consist", "quote", "to", "by", "call", "klass", "kindred", "person", "perceive"}
)  # fmt: skip
"""To what is named beside them, in any sentence of no known form."""
NEUTRAL = ADDING_NOTHING | {
    "each", "introduce", "field", "notion", "linked", "falls_into", "indicate", "gleam", "core", "tip", "at_core",
    "at_ends",
}  # fmt: skip
BREAKS = frozenset({"comma", "semi", "colon", "dash", "lpar", "rpar", "but", "and"})
DENIERS = frozenset({"no", "not", "rather", "nor", "none_of"})
FADES = {"faint": 1, "bright": 2}
OF_LOOKS = ("core", "tip", "lobes", "hotspots", "at_core", "at_ends")
TAILS = {"small": "NAT", "wide": "WAT"}
ISLANDS = {"whole": (1, None), "connected": (1, None), "broken": (2, "at least"), "disconnected": (2, "at least")}


@dataclass(frozen=True)
class _Named:
    """What one chunk names."""

    claims: list[Claim]
    is_denied: bool


def gist(tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    """The claims of everything that is named; None where it is no such sentence."""
    if context.scheme.about == "objects":
        return None
    if is_odd(tokens):
        return None
    claims: list[Claim] = []
    for part in _parts(tokens):
        made = _of_part(part, context)
        if made is None:
            return None
        claims += made
    return claims or None


def is_odd(tokens: Sequence[Token]) -> bool:
    """Whether something is said of pictures of the kind, or as of what came before: "as is any filament"."""
    kinds = [one.category for one in tokens]
    after = list(zip(tokens, kinds[1:], strict=False))
    is_again = any(one.category in ("as", "so") and kind in ("be", "do") for one, kind in after)
    is_any = any(ANY.match(one.text) for one in tokens if one.category in ("np", "any"))
    is_of = any(one.category in ("of", "at", "with", "np") and kind in ("adjective", "sign") for one, kind in after)
    return is_again or is_any or is_of or any(SEVERAL.search(one.text) for one in tokens if one.category == "image")


ANY = re.compile(r"(?i)any\b")
SEVERAL = re.compile(r"(?i)(?:images|maps|pictures|fields|cutouts|observations)$")


def _parts(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """What stands between commas and the like; "nor" and "or" hold what they join together."""
    part: list[Token] = []
    for one in tokens:
        if one.category in BREAKS:
            yield part
            part = []
        else:
            part.append(one)
    yield part


def _of_part(part: Sequence[Token], context: Context) -> list[Claim] | None:
    """What is named between two breaks; None where it is not sure what a denial reaches."""
    is_verb_denied = is_next_denied = False
    n_after_verb = n_denied = 0
    claims: list[Claim] = []
    for one, after in zip(part, [*part[1:], None], strict=False):
        is_of_looks = after is not None and after.category in OF_LOOKS  # "bright tips"
        if one.category in DENIERS:
            is_next_denied = True
        elif one.category in NEUTRAL or is_soft(one):
            is_verb_denied |= one.is_denied
        elif one.category == "or":
            if not (is_verb_denied or n_denied):
                return None  # one or the other
        elif one.category != "qualifier" or not (is_of_looks or one.text.lower() in (*TOLD, *SEEN)):
            named = _named(one, context)
            if named is None or (is_verb_denied and (is_next_denied or named.is_denied)):
                return None
            is_denied = bool(named.claims) and (named.is_denied or is_verb_denied or is_next_denied)
            turned = [turned_round(each) for each in named.claims] if is_denied else named.claims
            if None in turned or (is_denied and len(turned) != 1):
                return None
            n_after_verb += is_verb_denied and bool(named.claims)
            n_denied += is_denied
            claims += [each for each in turned if each is not None]
            is_next_denied = is_next_denied and not named.claims
    is_open = is_next_denied or (is_verb_denied and n_after_verb != 1)
    is_either = n_denied and any(one.category == "or" for one in part)
    return None if is_open or (is_either and n_denied != len(claims)) else claims


def _named(one: Token, context: Context) -> _Named | None:
    """What a chunk says of the source, or is in the picture; None where that is not sure."""
    if one.category == "np":
        return _of_nouns(one, context)
    made: list[Claim] | None = None
    if one.category in ("adjective", "sign"):
        made = [Claim("presence", str(one.value))]
    elif one.category == "phrase":
        label, is_there = one.value
        made = [c for c in [Claim("presence", label)] if is_there] or [
            c for c in [turned_round(Claim("presence", label))] if c
        ]
    elif one.category == "survey":
        made = [one.value]
    elif one.category == "frequency":
        made = [Claim("frequency", "map", count=one.value[0], how="wavelength" if one.value[1] else None)]
    elif not context.is_central:
        return None
    elif one.category in ISLANDS:
        count, how = ISLANDS[one.category]
        made = [Claim("structure", "islands", count=count, how=how)]
    elif one.category == "parts":
        made = counted_parts([one.value])
    elif one.category == "edges" and " " not in one.value and one.value in context.scheme.labels:
        made = [Claim("presence", one.value)]
    else:
        made = _of_looks(one, context)
    return None if made is None else _Named(made, one.is_denied)


def _of_looks(one: Token, context: Context) -> list[Claim] | None:
    """Of lobes, hotspots and tails."""
    labels = context.scheme.labels
    if one.category in ("profile", "outshine"):
        return of_class(context, FADES[str(one.value)], is_there=True)
    if one.category == "hotspots" and one.value.is_plural and not one.value.quantifier:
        return of_class(context, 2, is_there=True)
    if one.category == "lobes" and not one.value.quantifier and (not one.value.amount or one.value.amount.count == 2):  # noqa: PLR2004
        return [Claim("presence", one.value.subject)] if one.value.subject in labels else []
    if one.category == "angle" and TAILS.get(str(one.value)) in labels:
        return [Claim("presence", TAILS[str(one.value)])]
    if one.category in ("bend", "to_one_side") and {"NAT", "WAT"} <= set(labels):
        return [Claim("presence", "NAT|WAT")]
    if one.category == "peaked":
        return [Claim("structure", "peaks", count=int(one.value))]
    return [Claim("presence", "D-D")] if one.category == "double_double" and "D-D" in labels else None


def _of_nouns(one: Token, context: Context) -> _Named | None:
    claims: list[Claim] = []
    nouns: tuple[Noun, ...] = one.value.nouns
    is_no = [noun.quantifier == "no" for noun in nouns]
    if one.value.is_either or len(set(is_no)) > 1:
        return None
    for noun in nouns:
        is_odd = noun.extreme or noun.is_only or noun.is_other or noun.compared or noun.of or noun.is_part
        is_one = noun.amount is None or (noun.amount.count, noun.amount.how) in ((1, None), (1, "at least"))
        if is_odd or not is_one or noun.quantifier not in (None, "no") or (is_no[0] and noun.is_restricted):
            return None
        if any(place.name != "centre" for place in noun.places) or (context.is_central and noun.is_plural):
            return None
        if noun.places and not context.is_central:
            return None
        if noun.subject in ("it", SAME, ANY_OBJECT):
            is_one = noun.is_definite or noun.is_article or (context.is_central and not noun.amount)
            if noun.quantifier or (noun.subject == ANY_OBJECT and not is_one):
                return None
            continue
        if noun.subject in ("blank", "edge", "pixel"):
            return None
        said = replace(noun, amount=None) if noun.amount else noun
        claims += [Claim("presence", said.subject)]
    return _Named(claims, is_no[0] and bool(claims))
