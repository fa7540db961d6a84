"""Descriptions: things and where they are, in whatever order and with whatever neutral words between them.

"OK so, three compact sources, one extended one right in the middle" has no verb and no form of its own; each noun says
that so many are there, and each place belongs to the noun beside it. Read only where nothing but nouns, places and
words without content stand in the sentence: a denial, a comparison, a condition is no description.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from curation.extraction.constructions import Context, is_at, there_is
from curation.extraction.phrases import SAME, Amount, Group, Noun
from curation.extraction.places import Place
from curation.extraction.tokens import Token
from curation.verification.claims import ANY_OBJECT, Claim

NEUTRAL = frozenset(
    {"there", "be", "have", "see", "exist", "lie", "visible", "located", "image", "the", "a", "with", "mar", "that",
     "each", "so"}
)  # fmt: skip
"""Words between nouns and places that add nothing to them."""
VERBS = frozenset({"be", "have", "see", "exist", "lie", "visible"})
SUPPOSED = re.compile(r"(?i)\b(?:would|should|must|will|could|to be)\b")
BREAKS = frozenset({"comma", "and", "semi", "colon", "dash", "but", "where", "lpar", "rpar"})
MOST_NOUNS = 8


@dataclass
class _Part:
    """What stands between two breaks."""

    nouns: list[Noun] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    is_number: bool = False
    """Its noun is that of the part before, said again by a number alone."""
    is_said: bool = False
    """A verb follows its noun: with another noun behind, that is no description but says something of the two."""


def described(tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    """The claims of a description; None where it is none, or where it is not sure which place belongs to which noun."""
    if any(is_number_of_these(tokens, at) for at in range(len(tokens))):
        return None
    parts = _parts(tokens, context)
    if parts is None or not any(one.nouns for one in parts) or len(parts) > MOST_NOUNS:
        return None
    if any(one.is_number and not one.places for one in parts[1:]):
        return None  # "two compact ones, one extended one: three in all"
    is_set_out = any(one.category in ("colon", "dash", "lpar") for one in tokens)
    if is_set_out and any(one.places for one in parts) and any(one.nouns and not one.places for one in parts):
        return None  # "three in the lower half: two compact ones": where the two are, nobody says twice
    claims: list[Claim] = []
    is_no = False
    for noun, places in _paired(parts) or ():
        if is_no and not (noun.amount or noun.quantifier or noun.is_article or noun.is_definite):
            return None  # "no artefacts, filaments": are these there?
        is_no = is_no or noun.quantifier == "no"
        made = _said(noun, places, context)
        if made is None:
            return None
        claims += made
    return claims or None


def is_number_of_these(tokens: Sequence[Token], at: int) -> bool:
    """Whether a "with" stands there as in "compact, with five sources": five of these, not five in all."""
    names, rest = [one.category for one in tokens[:at]], tokens[at + 1 :]
    is_noun = tokens[at].category == "with" and [one.category for one in rest] == ["np"]
    is_generic = is_noun and all(one.subject == ANY_OBJECT and one.amount for one in rest[0].value.nouns)
    return is_generic and bool(names) and set(names) <= {"np", "adjective", "sign", "comma"}


def _parts(tokens: Sequence[Token], context: Context) -> list[_Part] | None:
    """The parts of a statement between commas and the like; None where a word of another kind stands in it."""
    parts, last = [_Part()], context.noun
    for one in _without_in_it(tokens):
        here = parts[-1]
        if one.is_denied:
            return None
        if one.category in BREAKS:
            parts.append(_Part())
        elif one.category == "place":
            if one.value.is_outside:
                return None
            here.places.append(one.value)
        elif one.category in ("np", "amount"):
            nouns = _nouns(one, last)
            is_second = one.category == "amount" and bool(here.nouns)
            if nouns is None or is_second or (here.is_said and nouns):
                return None
            here.nouns += nouns
            here.is_number = one.category == "amount"
            last = nouns[-1] if nouns else last
        elif one.category not in NEUTRAL or SUPPOSED.search(one.text):
            return None
        elif one.category in VERBS:
            here.is_said = bool(here.nouns)
    return [one for one in parts if one.nouns or one.places]


def _without_in_it(tokens: Sequence[Token]) -> list[Token]:
    """The tokens without "in" before the picture or a place."""
    following = [*tokens[1:], None]
    return [
        one for one, after in zip(tokens, following, strict=True)
        if one.category != "at" or after is None or after.category not in ("image", "place", "the")
    ]  # fmt: skip


def _nouns(one: Token, last: Noun | None) -> list[Noun] | None:
    """The nouns of a token; "it" of the picture is none, a bare number is of the noun before it."""
    if one.category == "amount":
        return (
            [replace(last, amount=one.value, is_definite=False, quantifier=None, places=(), is_article=False)]
            if last
            else None
        )
    group: Group = one.value
    if group.is_either:
        return None
    found: list[Noun] = []
    for noun in group.nouns:
        if noun.subject in ("it", SAME):
            if noun.quantifier or noun.extreme or noun.amount or noun.is_other or noun.is_only:
                return None
            continue
        if noun.is_only or noun.compared or noun.of or noun.quantifier not in (None, "no"):
            return None
        found.append(noun)
    return found


def _paired(parts: Sequence[_Part]) -> list[tuple[Noun, list[Place]]] | None:
    """Each noun with its places: those of its own part, else those of a part of places alone beside it."""
    found: list[tuple[Noun, list[Place]]] = []
    waiting: list[Place] = []
    for one in parts:
        if not one.nouns:
            if found and not found[-1][1] and not waiting:
                found[-1][1].extend(one.places)
            elif not found or waiting:
                waiting += one.places
            else:
                return None
            continue
        if len(one.nouns) > 1 and (one.places or waiting):
            return None
        found += [(noun, []) for noun in one.nouns]
        found[-1][1].extend([*waiting, *one.places])
        waiting = []
    return None if waiting else found


def _said(noun: Noun, places: list[Place], context: Context) -> list[Claim] | None:
    if noun.extreme:
        return None
    if places and noun.is_definite and not noun.amount:
        return is_at(noun, places, context, is_true=True)
    amount = noun.amount or (Amount(1, "at least") if places and not noun.is_plural else None)
    if noun.subject == ANY_OBJECT and not noun.amount and not places:
        return [] if noun.is_definite else None
    return there_is(Group((replace(noun, amount=amount, is_definite=False),)), places, context)
