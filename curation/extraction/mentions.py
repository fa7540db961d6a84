"""What a sentence of no known form says of objects: every one that it mentions is there, where and as it says.

The counterpart of gist.py for pictures whose objects are known one by one. Each noun is a mention; a place, a class or
a number of islands belongs to the mention that it stands beside; words for "above", "near", "larger" stand between two
of them. Nothing else may stand in the sentence, and no denial but "no".
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from curation.extraction.canonical import MULTI_ISLAND, ONE_ISLAND
from curation.extraction.constructions import NEAR, Context, is_at, there_is
from curation.extraction.gist import ADDING_NOTHING, is_odd
from curation.extraction.gist import BREAKS as BETWEEN_PARTS
from curation.extraction.phrases import SAME, Amount, Group, Noun
from curation.extraction.places import Place
from curation.extraction.soft_words import is_soft
from curation.extraction.tokens import Token
from curation.verification.claims import ANY_OBJECT, Claim

NEUTRAL = ADDING_NOTHING | {"bound", "besides"}
BREAKS = BETWEEN_PARTS | {"where"}
MOST_MENTIONS = 8


@dataclass
class _Mention:
    """Something that a sentence mentions."""

    noun: Noun
    places: list[Place] = field(default_factory=list)
    is_compared: bool = False
    """One side of a comparison names it; how many there are is not said by that."""


@dataclass
class _Said:
    """What has been read so far."""

    mentions: list[_Mention] = field(default_factory=list)
    waiting: list[Place] = field(default_factory=list)
    relations: list[str] = field(default_factory=list)
    """Of the mention before them, or of the one after the next where there was none."""
    claims: list[Claim] = field(default_factory=list)


def mentions(tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    """The claims of everything that is mentioned; None where it is no such sentence."""
    if context.scheme.about != "objects" or any(one.is_denied for one in tokens) or is_odd(tokens):
        return None
    said = _Said()
    rest = tokens[:-1] if tokens[-1].category == "nothing_else" else tokens
    for at, one in enumerate(rest):
        if one.category in NEUTRAL or one.category in BREAKS or is_soft(one):
            continue
        if not _read(one, tokens, at, said):
            return None
    is_only = bool(tokens) and tokens[-1].category == "nothing_else"
    is_whole = bool(said.mentions) and not said.waiting and not said.relations
    if not is_whole or len(said.mentions) > MOST_MENTIONS:
        return None
    claims = list[Claim]()
    for each in said.mentions:
        made = _claimed(each, context)
        if made is None:
            return None
        claims += made
    if is_only:
        subjects = [each.noun.subject for each in said.mentions]
        if ANY_OBJECT in subjects or any(each.places for each in said.mentions):
            return None
        said.claims.append(Claim("only", "|".join(dict.fromkeys("|".join(subjects).split("|")))))
    return [*claims, *said.claims] or None


def _read(one: Token, tokens: Sequence[Token], at: int, said: _Said) -> bool:
    """Takes in one chunk; whether it could be."""
    if one.category == "place":
        return not one.value.is_outside and _placed(one.value, tokens, at, said)
    if one.category == "survey":
        said.claims.append(one.value)
        return True
    if one.category in ("np", "amount"):
        return _mentioned(one, tokens, at, said)
    if one.category in ("beside", "compare") or (one.category == "surround" and one.text.lower() in NEAR):
        kinds = ["near"] if one.category == "surround" else str(one.value).split(" and ")
        said.relations += kinds
        return True
    label = str(one.value) if one.category in ("adjective", "sign") else _of_islands(one)
    return label is not None and bool(said.mentions) and _is_of(said.mentions[-1], label)


def _of_islands(one: Token) -> str | None:
    """The labels that a number of islands leaves."""
    if one.category == "whole":
        return ONE_ISLAND
    if one.category != "parts" or one.value.what != "islands":
        return None
    return ONE_ISLAND if (one.value.amount.count, one.value.amount.how) == (1, None) else MULTI_ISLAND


def _is_of(one: _Mention, label: str) -> bool:
    """Narrows a mention to a class; whether it can be of that."""
    own, said = one.noun.subject.split("|"), label.split("|")
    left = said if own == [ANY_OBJECT] else [each for each in own if each in said]
    one.noun = replace(one.noun, subject="|".join(left))
    return bool(left)


def _placed(where: Place, tokens: Sequence[Token], at: int, said: _Said) -> bool:
    """Gives a place to the mention before it in its part of the sentence, else to the one after it."""
    before = _until_break(tokens[:at][::-1])
    if said.mentions and (any(each.category in ("np", "amount") for each in before) or not _has_noun(tokens[at:])):
        said.mentions[-1].places.append(where)
    else:
        said.waiting.append(where)
    return True


def _until_break(tokens: Sequence[Token]) -> list[Token]:
    at = next((at for at, one in enumerate(tokens) if one.category in BREAKS), len(tokens))
    return list(tokens[:at])


def _has_noun(tokens: Sequence[Token]) -> bool:
    return any(one.category in ("np", "amount") for one in _until_break(tokens))


def _mentioned(one: Token, tokens: Sequence[Token], at: int, said: _Said) -> bool:
    """Takes in nouns, or a number of what was mentioned last; whether they could be."""
    if one.category == "amount" and not said.mentions:
        return False
    if one.category == "amount" and said.mentions[-1].noun.subject != ANY_OBJECT:
        return False  # "of the compact sources two": of these, or two in all
    if one.category == "amount":
        nouns = (Noun(said.mentions[-1].noun.subject, amount=one.value, is_plural=one.value.count != 1),)
    else:
        nouns = one.value.nouns
    if len(nouns) > 1 and (one.value.is_either or said.relations or said.waiting):
        return False
    before = [each.category for each in tokens[:at] if each.category not in ("the", "a", "as")]
    is_same = before[-2:] in (["np", "be"], ["amount", "be"]) and bool(said.mentions)
    return all(_is_plain(noun, said) and _taken_in(noun, said, is_same=is_same) for noun in nouns)


def _is_plain(noun: Noun, said: _Said) -> bool:
    """Whether a noun says no more than what, how many, where, or that there is none."""
    is_odd = noun.is_only or noun.is_other or noun.extreme or noun.compared or noun.of or noun.is_part
    if is_odd or noun.quantifier not in (None, "no"):
        return False
    if noun.quantifier and (said.relations or noun.subject in ("it", SAME)):
        return False
    return not noun.is_restricted or (noun.quantifier == "no" and noun.is_seen)


def _taken_in(noun: Noun, said: _Said, *, is_same: bool) -> bool:
    """A noun as a mention, as what was mentioned before, or (`is_same`) as what that is."""
    if noun.subject in ("it", SAME):
        return not noun.amount and _again(said)
    if is_same:
        last = said.mentions[-1]
        is_new = not noun.amount and last.noun.subject == ANY_OBJECT and noun.subject != ANY_OBJECT
        last.noun = replace(last.noun, subject=noun.subject)
        last.places += noun.places
        return is_new
    said.mentions.append(_Mention(replace(noun, places=()), [*noun.places, *said.waiting]))
    said.waiting.clear()
    if said.relations and len(said.mentions) > 1:
        _related(said.mentions[-2], said.mentions[-1], said)
    return True


def _again(said: _Said) -> bool:
    """Takes "it" as what was mentioned before; of a comparison as what was before the last."""
    if not said.relations:
        return bool(said.mentions)
    if len(said.mentions) != 2:  # noqa: PLR2004
        return False
    _related(said.mentions[-1], said.mentions[-2], said)
    return True


def _related(left: _Mention, right: _Mention, said: _Said) -> None:
    left.is_compared = right.is_compared = True
    said.claims += [Claim(kind, left.noun.subject, other=right.noun.subject) for kind in said.relations]
    said.relations.clear()


def _claimed(one: _Mention, context: Context) -> list[Claim] | None:
    noun = one.noun
    if noun.quantifier:
        return None if one.is_compared else there_is(Group((noun,)), one.places, context)
    if noun.subject in ("blank", "edge", "pixel"):
        return None
    if noun.subject == ANY_OBJECT and not (noun.amount or one.places):
        return [] if noun.is_definite else None
    if noun.is_definite and not noun.amount:
        return is_at(noun, one.places, context, is_true=True) if one.places else [Claim("presence", noun.subject)]
    amount = noun.amount or (Amount(1, "at least") if one.places and not noun.is_plural else None)
    return there_is(Group((replace(noun, amount=amount, is_definite=False),)), one.places, context)
