"""Sentences that leave out what was just said, with it put in: "one is flagged, the others are not".

Each way gives the whole sentences that stand for one, to be read one after the other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from curation.extraction.phrases import THIS, Group, Noun
from curation.extraction.tokens import UNKNOWN, Token

JOINTS = frozenset({"but", "semi", "and", "comma", "where"})
SUBJECTS = frozenset(
    {"np", "other", "amount", "most", "percent", "none_of", "there_none", "the", "compare", "some", "place", "lobes",
     "flank", "all", "only", "share", "minority"}
)  # fmt: skip
VERBS = ("be", "visible", "have", "lie", "exist", "consist", "covered")
FORMS = ("have", "lie", "exist", "consist")
PARTED = frozenset({"np", "amount", "parts", "adjective", "sign", "a", "the", "comma", "whole", "place"})


def restated(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """The ways to say a sentence in full, as sentences of their own."""
    yield from _repeated(tokens)
    yield from _gapped(tokens)
    yield from _of_the_others(tokens)
    yield from _not_but(tokens)
    yield from _rather_there(tokens)
    yield from _of_which_there_are(tokens)
    yield from _cleft(tokens)
    yield from _had_it_been(tokens)
    yield from _without_prepositions(tokens)


def _repeated(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "one source is flagged, the others are not": what the first is the second is, or is not."""
    kinds = [one.category for one in tokens]
    last = tokens[-1]
    is_do = kinds[-2:] == ["do", "not"]
    n = 2 if is_do else 1
    if not (is_do or last.category == "be" or (last.category == "do" and not last.is_denied)):
        return
    for at in range(2, len(tokens) - n):
        subject = tokens[at + 1 : -n]
        if kinds[at] not in JOINTS or not subject or any(one.category not in SUBJECTS for one in subject):
            continue
        first = list(tokens[: at - (kinds[at - 1] in JOINTS)])
        verb = next((v for v, one in enumerate(first) if one.category in VERBS and v), None)
        if verb is None or (last.category == "be") == (first[verb].category in FORMS):
            continue
        is_denied = is_do or last.is_denied
        said = replace(first[verb], start=last.start, end=last.end, is_denied=is_denied)
        said = last if first[verb].category == "be" else said
        if first[verb].category == "be" and verb + 1 == len(first):
            continue
        yield [first, [*subject, said, *(replace(one, start=last.start, end=last.end) for one in first[verb + 1 :])]]


def _gapped(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "one lies on the left, the other on the right": the verb stands once."""
    kinds = [one.category for one in tokens]
    for at in range(3, len(tokens) - 2):
        n = at + 1 + (kinds[at + 1] == "the")
        after = n + 1 + (kinds[n + 1 : n + 2] == ["comma"])
        first = list(tokens[: at - (kinds[at - 1] in JOINTS)])
        verbs = [v for v, one in enumerate(first) if one.category in (*VERBS, "compare_verb")]
        is_gap = kinds[at] in JOINTS and kinds[n] in ("np", "other", "amount") and kinds[after : after + 1] and verbs
        if not is_gap or kinds[after] not in SAID or any(one.category in VERBS for one in tokens[at + 1 :]):
            continue
        if verbs[0] and first[verbs[0]].category in ("be", "lie", "have", "visible", "consist") and len(verbs) == 1:
            verb = replace(first[verbs[0]], start=tokens[n].end, end=tokens[n].end)
            yield [first, [*tokens[at + 1 : n + 1], verb, *tokens[after:]]]


SAID = ("place", "beside", "adjective", "the", "sign", "parts", "surround", "extreme")
"""What a second clause may say without a verb."""


def _of_the_others(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "one source is flagged, the others are compact": of all but so many it is said."""
    kinds = [one.category for one in tokens]
    for at in range(2, len(tokens) - 2):
        start = at + 1 + (kinds[at + 1] == "the")
        start += kinds[start : start + 2] == ["amount", "other"]
        if kinds[at] not in JOINTS or kinds[start : start + 2] != ["other", "be"]:
            continue
        first = list(tokens[: at - (kinds[at - 1] in JOINTS)])
        nouns = [noun for one in first if one.category == "np" for noun in one.value.nouns]
        amounts = [noun.amount for noun in nouns if noun.amount]
        is_all = tokens[start].text.lower() in OTHERS
        if len(nouns) != 1 or len(amounts) != 1 or amounts[0].count is None or amounts[0].how or not is_all:
            continue
        other, verb, rest = tokens[start], tokens[start + 1], tokens[start + 2 :]
        if verb.is_denied and not rest:
            yield [first]  # "the others are not": so many are, and no more
        elif rest and not verb.is_denied:
            but = [replace(other, category=one, value=None) for one in ("all", "but")]
            yield [first, [*but, replace(other, category="amount", value=amounts[0]), verb, *rest]]


OTHERS = ("others", "rest", "the rest", "remaining", "remaining ones", "rest of them")


def _had_it_been(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "had it been an FR-II, its ends would be bright; they are not": it is none."""
    kinds = [one.category for one in tokens]
    if kinds[0] not in ("have", "be", "if") or tokens[0].text.lower() not in ("had", "were", "if") or UNKNOWN in kinds:
        return
    parts = _parts(tokens)
    if len(parts) < 3 or not any("would" in one.text.lower() for one in parts[1]):  # noqa: PLR2004
        return
    held = parts[0][1:]
    if kinds[0] == "be" and len(held) > 1 and held[1].category not in VERBS:  # "were it an FR-II"
        held = [held[0], replace(tokens[0], text="is"), *held[1:]]
    rest = [one for one in parts[2:] if not _is_denial(one)]
    if len(rest) < len(parts) - 2:
        yield [[replace(tokens[0], category="deny_that", value=None), *held], *rest]


def _parts(tokens: Sequence[Token]) -> list[list[Token]]:
    """What stands between commas and the like."""
    parts: list[list[Token]] = [[]]
    for one in tokens:
        if one.category in JOINTS:
            parts.append([])
        else:
            parts[-1].append(one)
    return [one for one in parts if one]


def _is_denial(part: Sequence[Token]) -> bool:
    """Whether it says of what was supposed that it is not so: "they are not", "there is none", "the image has none"."""
    kinds = [one.category for one in part]
    is_not = kinds[-2:] == ["do", "not"] or (part[-1].category in ("be", "do") and part[-1].is_denied)
    is_none = "there_none" in kinds and not any(one.is_denied for one in part)
    is_short = all(one.category in ("np", "do", "not", "be", "have", "see", "there", "the", "image", "there_none")
                   for one in part)  # fmt: skip
    is_it = all(noun.subject == "it" for one in part if one.category == "np" for noun in one.value.nouns)
    return (is_not or is_none) and is_short and is_it


def _without_prepositions(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "no sign of artefacts or of filaments", "the source of the upper right": the preposition says nothing."""
    kinds = [one.category for one in tokens]
    found = [
        one for at, one in enumerate(tokens)
        if not (at and one.category in ("of", "by") and kinds[at - 1] in ("and", "or", "nor", "rather", "but", "not"))
        and not (one.category == "of" and at and "place" in (kinds[at + 1 : at + 2] or kinds[at + 2 : at + 3]))
        and not (at > 1 and kinds[at - 1 : at + 2] == ["of", "the", "place"])
    ]  # fmt: skip
    if len(found) < len(tokens):
        yield [found]


def _not_but(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "there are not two islands but three", "not one but four artefacts are seen"."""
    kinds = [one.category for one in tokens]
    for at, kind in enumerate(kinds):
        if kind != "but" or not 0 < at < len(tokens) - 1 or tokens[at].text.lower() not in ("but", "but rather"):
            continue
        before, after = list(tokens[:at]), list(tokens[at + 1 :])
        if kinds[0] in ("no", "not") and all(one.category in PARTED for one in before[1:]):
            yield [after]  # "not one but several islands make up the source"
        elif kinds[0] in ("no", "not_but"):
            continue
        no = next((n for n, one in enumerate(before) if one.is_denied or one.category in ("not", "not_but")), None)
        if no is None or any(one.category not in PARTED for one in after):
            continue
        head = before[no]
        is_word = head.category in ("not", "not_but")
        lead = before[: no + (head.category not in ("np", "parts") and not is_word)]
        if lead and lead[-1] is head:
            lead = [*lead[:-1], replace(head, is_denied=False)]
        whole = [_counted(one, before[no + is_word :]) if one.category == "amount" else one for one in after]
        first = [] if head.category == "not_but" else [before]
        if all(one is not None for one in whole):
            yield [*first, [*lead, *(one for one in whole if one is not None)]]


def _counted(amount: Token, before: Sequence[Token]) -> Token | None:
    """So many of what was counted before: "not two islands but three"."""
    one = next((one for one in reversed(before) if one.category in ("np", "parts")), None)
    if one is None:
        return None
    if one.category == "parts":
        made = replace(one.value, amount=amount.value, is_vague=False, is_definite=False)
        return replace(one, start=amount.start, end=amount.end, value=made, is_denied=False)
    nouns: tuple[Noun, ...] = one.value.nouns
    if len(nouns) != 1:
        return None
    noun = replace(nouns[0], amount=amount.value, quantifier=None, is_article=False, is_definite=False, is_plural=True)
    return replace(one, start=amount.start, end=amount.end, value=Group((noun,)), is_denied=False)


def _of_which_there_are(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "of extended sources there are two"."""
    kinds = [one.category for one in tokens]
    if kinds[:1] == ["of"] and kinds[1:] in (["np", "there", "be", "amount"], ["np", "comma", "there", "be", "amount"]):
        counted = _counted(tokens[-1], tokens[:2])
        if counted is not None and not any(noun.is_definite for noun in tokens[1].value.nouns):
            yield [[*tokens[-3:-1], counted]]


def _rather_there(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "it lies on the left rather than on the right"."""
    kinds = [one.category for one in tokens]
    verb = next((n for n, one in enumerate(tokens) if one.category in ("be", "lie") and n), None)
    for at in range(2, len(tokens) - 1):
        before = at - (kinds[at - 1] == "comma")
        if kinds[at] in ("rather", "not") and kinds[before - 1] == "place" and kinds[at + 1 :] == ["place"] and verb:
            no = replace(tokens[verb], is_denied=not tokens[verb].is_denied)
            yield [list(tokens[:before]), [*tokens[:verb], no, tokens[at + 1]]]


def _cleft(tokens: Sequence[Token]) -> Iterator[list[list[Token]]]:
    """As in "it is the extended source, not the compact one, that lies at the centre"."""
    kinds = [one.category for one in tokens]
    if kinds[:3] != ["np", "be", "np"] or tokens[0].value != THIS and tokens[0].text.lower() != "it":
        return
    at, other = 3, None
    if kinds[at : at + 1] == ["comma"]:
        at += 1
    if kinds[at : at + 2] in (["rather", "np"], ["not", "np"]):
        other, at = tokens[at + 1], at + 2
    if kinds[at : at + 1] == ["comma"]:
        at += 1
    if at + 1 >= len(tokens) or tokens[at].text.lower() not in ("that", "which", "who"):
        return
    rest = list(tokens[at + 1 :])
    verb = next((n for n, one in enumerate(rest) if one.category in VERBS), None)
    if verb is None:
        return
    turned = [*rest[:verb], replace(rest[verb], is_denied=not rest[verb].is_denied), *rest[verb + 1 :]]
    yes, no = (turned, rest) if tokens[1].is_denied else (rest, turned)
    yield [[tokens[2], *yes], *([[other, *no]] if other else [])]
