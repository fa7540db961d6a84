"""Constructions about islands and peaks: how many, and which island has how many peaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from curation.extraction.chunks import Amount
from curation.extraction.constructions import (
    Context,
    construction,
    resolved,
    state,
)
from curation.extraction.source_chunks import Parts
from curation.extraction.source_claims import (
    counted_parts,
    denials,
    named,
    parts_of,
    structure_of,
    those,
)
from curation.extraction.source_words import is_components
from curation.extraction.tokens import Match, Token, letters, pattern
from curation.verification.claims import Claim
from schemas.labels import Truth

# -- islands and peaks ------------------------------------------------------------------------------------------------


PARTS = "parts ((comma|and|with|have|of|be|consist|falls_into)* parts)*"


@construction(
    f"(np|it)? (have|consist|falls_into|be|see|there|lack|see_not|exist|visible|of|with|the|a|into)* "
    f"{PARTS} (visible|exist|lie|in_it|apart|be|comma|absent|own_peak|of)*",
    f"{PARTS} (be|comma)* own_peak",
    f"np {PARTS}",
    "own_peak",
    "(amount|qualifier)* apart? parts (be|comma)* apart",
    "nor do np (falls_into|have|consist) parts",
    "amount apart parts",
    f"despite {PARTS} comma? np (have|consist|be) parts",
    examples=("The source consists of two islands.",),
)
def _parts(match: Match, context: Context) -> list[Claim] | None:
    if not context.is_central:
        return _of_an_object(match, context)
    first = named(match, context)
    parts = [replace(one, amount=_amount(match, one)) for one in parts_of(match)]
    if first is None:
        return None
    each = those(context, lambda layout: set(layout) == {1}) if match.all("own_peak") else []
    inside = _inside(match, context)
    if each is None or inside is None:
        return None
    if denials(match, "nor") or any(one.is_denied for one in match.all("parts")):
        return _denied_parts(match, parts, first) if not match.all("own_peak", "in_it") else None
    return [*first, *counted_parts(parts, in_one=bool(match.all("in_it"))), *each, *inside]


def _amount(match: Match, one: Parts) -> Amount:
    """How many, where the number stands apart: "a pair of detached components"."""
    loose = [each.value for each in match.all("amount")]
    return loose[0] if loose and one.is_vague else one.amount


@construction("number_of? parts (colon|be|comma) amount", "number_of parts amount")
def _number_of(match: Match, context: Context) -> list[Claim] | None:
    (one,), amount = parts_of(match), match.all("amount")[0].value
    return (
        None
        if denials(match) or not context.is_central
        else [Claim("structure", one.what, count=amount.count, how=amount.how)]
    )


def _inside(match: Match, context: Context) -> list[Claim] | None:
    """So many peaks in one island."""
    peaks = [one.amount for one in parts_of(match) if one.what == "peaks"]
    if not match.all("in_it"):
        return []
    if (
        len(peaks) != 1
        or (peaks[0].count is None and peaks[0].how != "several")
        or peaks[0].how not in (None, "several", "at least")
    ):
        return None
    least, exact = peaks[0].count or 2, peaks[0].count is not None and peaks[0].how is None
    return those(context, lambda layout: least in layout if exact else max(layout) >= least)


def _denied_parts(match: Match, parts: Sequence[Parts], first: Sequence[Claim]) -> list[Claim] | None:
    """As in "no second peak", "does not fall into several islands", "does not have two peaks"."""
    if len(parts) != 1:
        return None
    (one,) = parts
    if one.is_vague or one.is_further or (one.amount.count is None and one.amount.how == "several"):
        is_one = one.is_further or one.what == "islands" or one.amount.how == "several"
        return (
            [*first, Claim("structure", one.what, count=1)]
            if is_one and not (one.what == "peaks" and one.is_vague and not one.is_further and _is_bare(match))
            else None
        )
    if (
        one.amount.count == 1
        and one.what == "islands"
        and any(each.category != "parts" and each.is_denied for each in match.matched)
    ):
        return [*first, Claim("structure", "islands", count=2, how="at least")]
    if one.amount.count is None or one.amount.count == 1:
        return None
    return [*first, Claim("structure", one.what, Truth.ABSENT, count=one.amount.count, how=one.amount.how)]


def _is_bare(match: Match) -> bool:
    """Whether "no peaks" is said, as of all."""
    return any(one.is_denied for one in match.all("parts"))


def _of_an_object(match: Match, context: Context) -> list[Claim] | None:
    """Of an object among others: that an extended one has several islands."""
    nouns, label = match.all("np"), "EXTENDED-MULTISLAND"
    noun = resolved(nouns[0].value.nouns[0], context) if nouns else None
    several = [one for one in match.all("parts") if one.value[0] == "islands" and one.value[1].count != 1]
    is_it = noun is not None and noun.subject == label and label in context.scheme.labels
    return [Claim("presence", label)] if several and is_it and not denials(match) else None


@construction(
    "despite parts comma? (np|it) (be|have|lie|consist)* (whole|connected)",
    "(np|it|parts)? (be|have|consist|lie|comma|and)* (whole|in_it|broken|connected|disconnected) "
    "((comma|and|with|have|but)* parts)*",
    "parts (be)? merge ((comma|and|into|consist|falls_into)* (parts|whole))?",
    "(np|it)? (falls_into|consist|have)+ whole",
    "(np|it)? consist whole but (amount|parts)",
    "np falls_into (amount|comma)*",
    "np? (have|consist) (connected|disconnected) parts",
)
def _connected(match: Match, context: Context) -> list[Claim] | None:
    first = named(match, context)
    if first is None or not context.is_central:
        return None
    shape = match.all("whole", "in_it", "broken", "connected", "disconnected", "merge", "falls_into")
    is_one = shape[0].category in ("whole", "in_it", "connected", "merge") if shape else True
    no = denials(match) != bool(match.all("no"))
    later = [one.value for one in match.all("parts") if one.start > shape[0].start]
    if match.all("but") and match.all("amount") and not no:
        return None
    islands = (
        Claim("structure", "islands", count=1)
        if is_one != no
        else Claim("structure", "islands", count=2, how="at least")
    )
    before = [
        one.value
        for one in match.all("parts")
        if one.start < shape[0].start and not (match.all("merge") and one.value.what == "islands")
    ]
    return [*first, islands, *counted_parts([*before, *later], in_one=False)]


@construction("np? (consist|have|falls_into|lie|lack) (a|the|no)* adjective")
def _of_islands(match: Match, context: Context) -> list[Claim] | None:
    """That it forms a single island, or falls into several."""
    first, label = named(match, context), str(match.all("adjective")[0].value)
    if first is None or not label.endswith("-ISLAND"):
        return None
    return [*first, Claim("presence", label, state(denials(match) == bool(match.all("no"))))]


@construction("(np|it|parts)? (be|have)+ a? peaked")
def _is_peaked(match: Match, context: Context) -> list[Claim] | None:
    first, peaks = named(match, context), int(match.all("peaked")[0].value)
    is_one = all(one.what == "islands" and one.amount == Amount(1) for one in parts_of(match))
    first = [*first, *structure_of(match, context)] if first is not None and is_one else None
    return None if first is None else [*first, Claim("structure", "peaks", state(not denials(match)), count=peaks)]


@construction("equal_peaks", "np equal_peaks", "it equal_peaks", "equal_peaks comma? by amount (to amount)?")
def _equal(match: Match, context: Context) -> list[Claim] | None:
    first, how = named(match, context), match.all("equal_peaks")[0].value
    signs: dict[str, Callable[[int], bool]] = {
        "equal": lambda n: n == 0,
        "more": lambda n: n > 0,
        "fewer": lambda n: n < 0,
    }
    no = denials(match)
    numbers = [one.value.count for one in match.all("amount")]
    if numbers and (no or how != "more" or None in numbers):
        return None
    made = those(context, lambda layout: signs[how](sum(layout) - len(layout)) != no and _by(layout, numbers))
    return None if first is None or made is None else [*first, *made]


def _by(layout: tuple[int, ...], numbers: Sequence[int]) -> bool:
    """Whether peaks outnumber islands "by one", or "by three to one"."""
    if len(numbers) == 2:  # noqa: PLR2004
        return sum(layout) * numbers[1] == len(layout) * numbers[0]
    return not numbers or sum(layout) - len(layout) == numbers[0]


# -- wholes, before they fall apart at "and" or "but" ---------------------------------------------------------------

WHO = "(one_of|parts|amount|it)"
SHARES = pattern(
    f"((there be|np? have|np? consist|be|see)? parts (comma|semi|colon|with|and|of|be|visible)*)? {WHO} "
    f"(have|be|see|with|of|comma)* (peaked|parts|amount|np)? "
    f"((comma|and|but|semi|while|where|which|with)* {WHO} (have|be|see|with|of)* (peaked|parts|amount|np)?)*"
)


def whole(tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    """The claims of a statement that only makes sense whole: which island has how many peaks."""
    found = (
        SHARES.fullmatch(letters(tokens))
        if is_components(context.scheme) and any(one.category == "one_of" for one in tokens)
        else None
    )
    return _shares(Match(found, tokens), context) if found else None


def _shares(match: Match, context: Context) -> list[Claim] | None:
    if any(one.is_denied for one in match.matched):
        return None
    pairs: list[tuple[Token, int]] = []
    before: list[Claim] = []
    who: Token | None = None
    for one in match.matched:
        many = _many(one)
        if one.category == "np" and many is None and (who is not None or pairs):
            return None
        if one.category == "one_of" or (
            who is None and many == 1 and one.category != "peaked" and _is_subject(one, match)
        ):
            who = one
        elif who is not None and many is not None:
            pairs.append((who, many))
            who = None
        elif one.category == "parts":
            before += counted_parts([one.value], in_one=False)
        elif one.category in ("peaked", "amount"):
            return None
    if who is not None and who.text.lower() in ("the other one", "its other one"):
        pairs.append((who, 1))
        who = None
    made = those(context, lambda layout: _shared(pairs, layout)) if pairs and who is None else None
    alone = [one for one, _ in pairs if one.category == "one_of" and one.value in ("other", "others")]
    if made is None or (len(pairs) == 1 and alone and pairs[0][1] == 1):
        return None
    return [*before, *made]


def _many(one: Token) -> int | None:
    """How many peaks a token says an island has."""
    if one.category == "peaked":
        return int(one.value)
    if one.category == "np":
        return 1 if one.text.lower() in ("a single one", "just one", "only one", "one") else None
    amount = one.value.amount if one.category == "parts" else one.value if one.category == "amount" else None
    return amount.count if amount is not None and amount.how is None else None


def _is_subject(one: Token, match: Match) -> bool:
    at = list(match.matched).index(one)
    is_one = one.category == "amount" or (one.category == "parts" and one.value.what == "islands")
    return is_one and any(
        each.category == "one_of" and each.value in ("other", "others") for each in match.matched[at + 1 :]
    )


def _shared(pairs: Sequence[tuple[Token, int]], layout: tuple[int, ...]) -> bool:
    """Whether the islands of a layout can have the peaks that are said of one, the other, or all of them."""
    left = list(layout)
    for one, many in pairs:
        who = str(one.value) if one.category == "one_of" else "one"
        text = one.text.lower()
        if ("two" in text and len(layout) != 2) or ("three" in text and len(layout) != 3):  # noqa: PLR2004
            return False
        if who in ("all", "none"):
            return len(layout) > 1 and ((set(layout) == {many}) if who == "all" else many not in layout)
        if len(layout) == 1 or (who == "other" and len(left) != len(layout) - (len(pairs) > 1)):
            return False
        if who == "others":
            return bool(left) and set(left) == {many}
        if many not in left or ("only" in text and left.count(many) > 1):
            return False
        left.remove(many)
    return True
