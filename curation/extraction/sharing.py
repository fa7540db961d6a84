"""One sentence as two: two verbs of one subject, a clause between commas in another, and what is said of some of them.

Of "the field, taken from EMU, shows two sources and spans 25 arcmin, one of which is compact" each clause has its own
words; what they share stands once. Where the second speaks of what the first ended with, `is_of_last`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from curation.extraction.phrases import SAME, THIS, Amount, Group, Noun
from curation.extraction.tokens import Token

DOING = frozenset(
    {"be", "have", "see", "visible", "lie", "exist", "span", "lack", "consist", "falls_into", "bend", "end_in", "mark",
     "pervade", "compare_verb", "number_verb", "mar", "suits", "taken", "profile", "whole", "surround", "beside",
     "linked"}
)  # fmt: skip
"""What a second clause may begin with."""
HANGING = DOING | {"with", "of", "place", "adjective", "np", "a", "the", "at"} - {"surround"}
"""And what stands between two commas."""
LEADING = frozenset({"lie", "visible", "have", "with", "consist", "span", "taken", "located", "lack"})
OTHERS = frozenset({"lobes", "gleam", "parts", "beam", "hotspots", "flank"})
BEING = ("is", "are", "was", "were", "can", "could", "has", "have", "appear", "appears")
OF_IT = ("it", SAME)
QUANTIFIED = re.compile(r"(?i)(?:all|none|neither|each|both)(?= of (?:them|which|these|whom)$)")


@dataclass(frozen=True)
class Shared:
    """Two sentences that stand for one."""

    first: list[Token]
    second: list[Token]
    is_of_last: bool = False


def shared(tokens: Sequence[Token]) -> Iterator[Shared]:
    """The ways to take a sentence as two, the surest first."""
    yield from _of_some(tokens)
    yield from _opened(tokens)
    n, kinds = _subject(tokens), [one.category for one in tokens]
    for at in range(1, len(tokens) - 1):  # "the bright ends make it an FR II"
        if kinds[at] == "introduce":
            yield Shared(list(tokens[: at - (kinds[at - 1] == "comma")]), list(tokens[at:]))
    if n and kinds[n] == "comma" and kinds[n + 1] in HANGING:  # "the source, which is extended, lies at the centre"
        for at in range(n + 2, len(tokens) - 1):
            if kinds[at] == "comma" and kinds[at + 1] in DOING:
                yield Shared([*tokens[:n], *tokens[at + 1 :]], [*_again(tokens[:n]), *_finite(tokens[n + 1 : at])])
    elif n and kinds[n] != "comma" and (kinds[n] == "be" or not tokens[n].is_denied):  # no "does not fade and have A"
        yield from _second_verb(tokens, n)


def _opened(tokens: Sequence[Token]) -> Iterator[Shared]:
    """What stands before the subject: "located at the left, it …", "with its soft edges it …", "as a remnant, it …"."""
    kinds = [one.category for one in tokens]
    if kinds[0] not in LEADING and kinds[:2] != ["as", "np"]:
        return
    for at in range(2, len(tokens) - 1):
        end = at - (kinds[at - 1] == "comma")
        is_set_off = kinds[at - 1] == "comma" or (kinds[0] in ("with", "as") and _is_definite(tokens[at]))
        if is_set_off and (n := _subject(tokens[at:])):
            first = tokens[1:end] if kinds[0] == "as" else tokens[:end]
            yield Shared(list(tokens[at:]), [*_again(tokens[at : at + n]), *_finite(first)])


def _is_definite(one: Token) -> bool:
    return one.category == "np" and one.value.nouns[0].is_definite


def _second_verb(tokens: Sequence[Token], n: int) -> Iterator[Shared]:
    """As in "the field shows two sources and spans 25 arcmin"."""
    kinds = [one.category for one in tokens]
    for at in range(n + 1, len(tokens) - 1):
        first = at + (2 if kinds[at : at + 2] in (["comma", "and"], ["comma", "but"]) else 1)
        is_second = first < len(tokens) and kinds[first] in DOING | {"with"}
        if (kinds[at] == "with" and not {"rather", "not"} & set(kinds[:at])) or (
            kinds[at] in ("and", "comma", "but") and is_second
        ):
            rest = _finite(tokens[at if kinds[at] == "with" else first :])
            yield Shared(list(tokens[:at]), [*_again(tokens[:n]), *rest])


def _of_some(tokens: Sequence[Token]) -> Iterator[Shared]:
    """As in "nine sources, five of which are compact", "…, all of them extended"."""
    for at in range(1, len(tokens) - 2):
        if tokens[at].category not in ("comma", "with"):
            continue
        one, of, it = tokens[at + 1 : at + 4] if len(tokens) > at + 3 else (tokens[at + 1], None, None)
        noun, rest = None, tokens[at + 4 :]
        if of is not None and it is not None and of.category == "of" and is_it(it):
            if one.category == "amount":
                noun = Noun(SAME, is_plural=one.value.count != 1, amount=one.value, is_part=True)
            elif one.category == "some":
                noun = Noun(SAME, amount=Amount(1, "at least"))
        elif one.category == "most" and of is not None and is_it(of):
            noun, rest = replace(THIS.nouns[0], quantifier="most"), tokens[at + 3 :]
        elif one.category in ("np", "none_of") and (quantifier := QUANTIFIED.match(one.text)):
            word = "no" if quantifier[0].lower() in ("none", "neither") else "all"
            noun, rest = replace(THIS.nouns[0], quantifier=word), tokens[at + 2 :]
        if noun is not None and rest and at > 1:
            made = replace(one, category="np", value=Group((noun,)), text="them")
            yield Shared(list(tokens[:at]), [made, *_finite(rest)], is_of_last=True)


def is_it(one: Token) -> bool:
    """Whether a chunk is "it", "them" or the like."""
    return one.category == "np" and len(one.value.nouns) == 1 and one.value.nouns[0].subject == "it"


def _subject(tokens: Sequence[Token]) -> int:
    """How many tokens at the beginning are what a verb, or a clause between commas, follows; 0 where that is not so."""
    kinds = [one.category for one in tokens]
    n = 2 if kinds[:2] == ["the", "image"] else 1
    if len(kinds) <= n + 1 or not (kinds[n] == "comma" or kinds[n] in DOING):
        return 0
    if n == 1 and kinds[0] == "np":
        nouns = tokens[0].value.nouns
        is_plain = len(nouns) == 1 and nouns[0].quantifier in (None, "all") and not nouns[0].is_only
        return 1 if is_plain else 0
    return n if kinds[n - 1] == "image" or kinds[0] in OTHERS else 0


def _again(subject: Sequence[Token]) -> list[Token]:
    """The subject as it stands before a second verb."""
    one = subject[-1]
    if one.category != "np":
        return list(subject)
    noun = one.value.nouns[0]
    is_named = noun.extreme or noun.places or (noun.is_definite and (noun.quantifier or noun.subject in OF_IT))
    return [one if is_named else replace(one, value=THIS, text="it")]


def _finite(tokens: Sequence[Token]) -> list[Token]:
    """A clause without its subject, with a verb: "which is extended", "with two lobes", "at the centre"."""
    first, rest = tokens[0], list(tokens[1:])
    if first.category == "np" and first.text.lower() in ("which", "that", "who") and rest:
        return rest
    if first.category in ("with", "linked"):
        return [replace(first, category="have" if first.category == "with" else "be"), *rest]
    if first.category in DOING - {"visible", "whole", "taken", "surround", "beside"}:
        return list(tokens)
    if first.category == "visible" and first.text.lower().split(" ")[0] in BEING:
        return list(tokens)
    if first.category == "visible" and rest and rest[0].category == "place":
        return [replace(first, category="be", value=None, is_denied=False, text="is"), *rest]
    return [replace(first, category="be", value=None, end=first.start, is_denied=False, text="is"), *tokens]
