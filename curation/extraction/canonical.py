"""The tokens of a clause in one order, whatever order they were said in: what stands there, and then where.

People put places first, between commas, or before the verb; the table of constructions knows them last.
"""

from collections.abc import Sequence
from dataclasses import replace

from curation.extraction.phrases import SAME, THIS, Amount, Group, Noun, joined
from curation.extraction.places import Place
from curation.extraction.tokens import Match, Token, rewritten
from curation.verification.claims import ANY_OBJECT
from schemas.labels import LabelScheme

MULTI_ISLAND, ONE_ISLAND = "EXTENDED-MULTISLAND", "COMPACT|EXTENDED|FLAGGED"
"""What a source of several islands, and one of a single island, is of the classes that tell them apart."""
VERBS = frozenset(
    {"be_a", "be", "have", "see", "see_not", "exist", "lie", "visible", "absent", "lack", "span", "mar", "consist",
     "falls_into"}
)  # fmt: skip
POINTS = ("located", "visible", "lie")
"""Between a noun and its place: "located at the centre", "seen at the centre"."""
GLUE = frozenset({"the", "a", "quote", "each"})
ABOUT = VERBS | {"place"}
STANDS = ("be", "lie", "exist", "visible", "see")


def canonical(tokens: Sequence[Token], scheme: LabelScheme) -> list[Token]:
    """The same tokens with places that belong to a noun in it, the others last: "there is X at the top"."""
    found = _uncleft([one for one in _quantified(tokens) if one.category not in GLUE])
    found = _of_islands(found) if MULTI_ISLAND in scheme.labels else found
    found = _with_places(_same(_sides_last(found)))
    found = _places_last(found)
    return _split(_upright(_centred(found)))


def _centred(tokens: list[Token]) -> list[Token]:
    """Takes "dominates the centre" as "lies at the centre"."""
    return rewritten(tokens, "lie centre_word", _at_centre)


def _at_centre(match: Match) -> Token | None:
    verb, word = match.matched
    return replace(word, category="be_at", value=Place(word.start, word.end, "centre"), is_denied=verb.is_denied)


def _split(tokens: list[Token]) -> list[Token]:
    """Takes "is of several islands" apart again into a verb and a class."""
    found: list[Token] = []
    for one in tokens:
        if one.category == "be_at":
            found += [replace(one, category="lie", value=None), replace(one, category="place", is_denied=False)]
        elif one.category == "be_a":
            found += [replace(one, category="be", value=None), replace(one, category="adjective", is_denied=False)]
        else:
            found.append(one)
    return found


def _uncleft(tokens: list[Token]) -> list[Token]:
    """Takes "it is at the centre that the source lies" as "at the centre the source lies"."""
    kinds = [one.category for one in tokens[:3]]
    if kinds != ["np", "be", "place"] or tokens[0].value != THIS or tokens[1].is_denied:
        return tokens
    rest = tokens[3:]
    if rest and rest[0].category == "np" and rest[0].value == THIS:
        rest = rest[1:]
    is_clause = len(rest) > 1 and any(one.category in VERBS for one in rest)
    return [tokens[2], *rest] if is_clause else tokens


def _quantified(tokens: Sequence[Token]) -> list[Token]:
    """Takes "none" and "all nine" before a verb as "none of them", "all of them"."""
    found = list(tokens)
    if len(found) > 1 and found[0].category in ("none_of", "there_none") and found[1].category in VERBS:
        found[0] = replace(found[0], category="np", value=Group((replace(THIS.nouns[0], quantifier="no"),)))
    elif len(found) > 2 and [one.category for one in found[:2]] == ["all", "amount"] and found[2].category in VERBS:  # noqa: PLR2004
        found[:2] = [replace(found[1], category="np", value=Group((replace(THIS.nouns[0], quantifier="all"),)))]
    return found


def _of_islands(tokens: list[Token]) -> list[Token]:
    """Takes "consists of several islands" as "is a multi-island source", where sources have one island or several."""
    for at in range(1, len(tokens) - 2):  # "is a source that consists of several islands"
        if [one.category for one in tokens[at : at + 3]] == ["np", "consist", "parts"] and tokens[
            at - 1
        ].category in VERBS:
            tokens = [*tokens[:at], *rewritten(tokens[at : at + 3], "np consist parts", _narrowed), *tokens[at + 3 :]]
    found = rewritten(tokens, "(consist|be|have|lie at|falls_into) parts", _as_class)
    found = rewritten(found, "np (of|with|at|consist) parts", _narrowed)
    return rewritten(found, "np comma? all consist parts", _narrowed)


def _class_of(match: Match) -> str | None:
    """The labels that a number of islands leaves."""
    (one,) = match.all("parts")
    amount = one.value.amount
    if one.value.what != "islands" or one.is_denied or amount.how not in (None, "several", "at least"):
        return None
    return ONE_ISLAND if amount.count == 1 and amount.how is None else MULTI_ISLAND


def _as_class(match: Match) -> Token | None:
    label = _class_of(match)
    n = sum(one.is_denied for one in match.matched)
    return replace(joined(match, "be_a", label), is_denied=bool(n % 2)) if label else None


def _narrowed(match: Match) -> Token | None:
    """A noun of which that many islands are said."""
    label, (one,) = _class_of(match), match.all("np")
    own = one.value.nouns[0].subject.split("|")
    if label is None or len(one.value.nouns) > 1 or not {MULTI_ISLAND, ANY_OBJECT} & set(own):
        return None
    subject = label if own == [ANY_OBJECT] else "|".join(each for each in own if each in label.split("|"))
    return joined(match, "np", Group((replace(one.value.nouns[0], subject=subject),))) if subject else None


def _sides_last(tokens: list[Token]) -> list[Token]:
    """Takes "above A there is B" and "above A lies B" as "there is B above A"."""
    kinds = [one.category for one in tokens]
    if kinds[:2] in (["beside", "np"], ["surround", "np"]) and kinds[2:] in (
        ["there", "be", "np"],
        ["lie", "np"],
        ["be", "np"],
        ["see", "np"],
    ):
        there = replace(tokens[2], category="there", is_denied=False)
        return [there, replace(tokens[-2], category="be"), tokens[-1], *tokens[:2]]
    return tokens


def _same(tokens: list[Token]) -> list[Token]:
    """Takes "two" of "two lie on the left", and "the other two", as so many of those that were just spoken of."""
    found = rewritten(tokens, "other (amount|ones)?", _of_the_same)
    begins = found and found[0].category == "amount" and len(found) > 1 and found[1].category in VERBS | {"place"}
    return [_of_those(found[0], found[0].value), *found[1:]] if begins else found


def _of_the_same(match: Match) -> Token:
    amounts = match.all("amount")
    return _of_those(joined(match, "np"), amounts[0].value if amounts else Amount(1, "at least"))


def _of_those(one: Token, amount: Amount) -> Token:
    return replace(one, category="np", value=Group((Noun(SAME, amount=amount),)))


def _with_places(tokens: list[Token]) -> list[Token]:
    """Takes a place between a noun and its verb into the noun: "the source, located at the centre, is compact"."""
    found: list[Token] = []
    at = 0
    while at < len(tokens):
        one, rest = tokens[at], tokens[at + 1 :]
        kinds = [each.category for each in rest[:6]]
        n = _n_of_place(kinds) if one.category == "np" and not any(v.category in VERBS for v in tokens[:at]) else 0
        if n and len(one.value.nouns) == 1:
            place = next(each for each in rest[:n] if each.category == "place")
            noun = one.value.nouns[0]
            found.append(replace(one, end=place.end, value=Group((replace(noun, places=(*noun.places, place.value)),))))
        else:
            found.append(one)
            n = 0
        at += 1 + n
    return found


def _n_of_place(kinds: Sequence[str]) -> int:
    """How many tokens after a noun say where it is, where a verb follows them; 0 where they do not."""
    at = 0
    if kinds[at : at + 1] == ["comma"]:
        at += 1
    if kinds[at : at + 1] and kinds[at] in POINTS:
        at += 1
    if kinds[at : at + 1] != ["place"]:
        return 0
    at += 1
    if kinds[at : at + 1] == ["comma"]:
        at += 1
    return at if kinds[at : at + 1] and kinds[at] in VERBS and kinds[at] != "visible" else 0


def _places_last(tokens: list[Token]) -> list[Token]:
    """Takes places at the beginning to the end, and commas about places away."""
    n = 0
    while n < len(tokens) and tokens[n].category in ("place", "comma", "and"):
        n += 1
    first, rest = tokens[:n], tokens[n:]
    places = [one for one in first if one.category == "place"]
    if not places or not rest or not any(one.category in VERBS or one.category == "there" for one in rest):
        places, rest = [], tokens
    elif rest[0].category in STANDS and len(rest) > 1 and rest[1].category == "np":
        rest = [replace(rest[0], category="there", end=rest[0].start), replace(rest[0], category="be"), *rest[1:]]
    beside = [{one.category for one in rest[max(0, at - 1) : at + 2]} for at in range(len(rest))]
    plain = [one for one, near in zip(rest, beside, strict=True) if one.category != "comma" or not near & ABOUT]
    return [*plain, *places]


def _upright(tokens: list[Token]) -> list[Token]:
    """Takes "there exists" and "there lies" as "there is"."""
    return [
        replace(one, category="be")
        if one.category in ("exist", "lie") and at == 1 and tokens[0].category == "there"
        else one
        for at, one in enumerate(tokens)
    ]
