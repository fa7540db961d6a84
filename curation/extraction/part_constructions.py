"""Constructions about islands and peaks: how many, and which island has how many peaks."""

from collections.abc import Sequence
from dataclasses import replace

from curation.extraction.constructions import Context, construction, resolved, state
from curation.extraction.phrases import Amount, Parts
from curation.extraction.source_claims import counted_parts, denials, named, those
from curation.extraction.source_words import is_components
from curation.extraction.tokens import Match, Token, letters, pattern
from curation.verification.claims import Claim
from schemas.labels import Truth

NUMBERS = {2: ("two", "2", "both"), 3: ("three", "3")}
SEVERAL = "EXTENDED-MULTISLAND"
HAVE = "(have|consist|falls_into|be|see|there|lack|see_not|exist|visible|of|with|the|a|into)*"


@construction(
    f"(np|it)? {HAVE} parts ((comma|and|with|have|of|be|consist|falls_into)* parts)* "
    "(visible|exist|lie|in_it|apart|be|comma|absent|own_peak|of)*",
    "own_peak",
    "in_it there be parts",
    "np consist parts at np parts (visible|exist|lie|be)*",
    "(amount|qualifier)* apart? parts (be|comma)* apart?",
    "nor do np (falls_into|have|consist) parts",
    examples=("The source consists of two islands.",),
)
def _parts(match: Match, context: Context) -> list[Claim] | None:
    """How many islands and peaks; of an object among others, that an extended one has several islands."""
    first, parts, nouns = named(match, context), [one.value for one in match.all("parts")], match.all("np")
    if not context.is_central:
        noun = resolved(nouns[0].value.nouns[0], context) if nouns else None
        several = any(one.what == "islands" and one.amount.count != 1 for one in parts)
        is_it = noun is not None and noun.subject == SEVERAL and SEVERAL in context.scheme.labels
        return [Claim("presence", SEVERAL)] if several and is_it and not denials(match) else None
    loose = [one.value for one in match.all("amount")]  # apart from its noun: "a pair of detached components"
    parts = [replace(one, amount=loose[0]) if loose and one.is_vague else one for one in parts]
    each = _each_one(match, context)
    inside = _inside(parts, context) if match.all("in_it") else []
    if first is None or each is None or inside is None:
        return None
    if denials(match, "nor") or any(one.is_denied for one in match.all("parts")):
        is_of_number = not match.all("own_peak", "in_it", "apart")
        denied = _denied_parts(match, parts) if is_of_number else None
        return None if denied is None else [*first, denied]
    counted = [one for one in parts if not (match.all("in_it") and one.what == "peaks")]
    return [*first, *counted_parts(counted), *each, *inside]


def _each_one(match: Match, context: Context) -> list[Claim] | None:
    """Of "each of the two islands has one peak"; nothing where it is not said."""
    own = match.all("own_peak")
    if not own:
        return []
    n = next((n for n, words in NUMBERS.items() if set(words) & set(own[0].text.lower().split())), None)
    return those(context, lambda layout: set(layout) == {1} and n in (None, len(layout)))


def _inside(parts: Sequence[Parts], context: Context) -> list[Claim] | None:
    """So many peaks in one island."""
    peaks = [one.amount for one in parts if one.what == "peaks"]
    if (
        len(peaks) != 1
        or (peaks[0].count, peaks[0].how) == (None, None)
        or peaks[0].how not in (None, "several", "at least")
    ):
        return None
    is_further = any(one.is_further for one in parts)
    least, is_exact = (peaks[0].count or 2) + is_further, peaks[0].how is None and not is_further
    return those(context, lambda layout: least in layout if is_exact else max(layout) >= least)


def _denied_parts(match: Match, parts: Sequence[Parts]) -> Claim | None:
    """As in "no second peak", "does not fall into several islands", "does not have two peaks"."""
    one, is_bare = parts[0], any(each.is_denied for each in match.all("parts"))
    if len(parts) != 1:
        return None
    if one.is_vague or one.is_further or (one.amount.count, one.amount.how) == (None, "several"):
        is_more = (
            one.is_further or one.what == "islands" or (one.amount.how == "several" and not (is_bare and one.is_vague))
        )
        return None if not is_more else Claim("structure", one.what, count=1)
    if one.amount.count == 1 and one.what == "islands" and not is_bare:
        return Claim("structure", "islands", count=2, how="at least")
    if one.amount.count in (None, 1):
        return None
    return Claim("structure", one.what, Truth.ABSENT, count=one.amount.count, how=one.amount.how)


SHAPES = ("whole", "in_it", "broken", "connected", "disconnected", "merge")


@construction(
    "despite parts comma? (np|it) (be|have|lie|consist)* (whole|connected)",
    "(np|it|parts)? (be|have|consist|falls_into|lie|comma|and)* (whole|in_it|broken|connected|disconnected) "
    "((comma|and|with|have|but)* parts)*",
    "parts be? merge ((comma|and|into|consist|falls_into)* (parts|whole))?",
    "np be connected (comma|and)? (whole|in_it)",
)
def _connected(match: Match, context: Context) -> list[Claim] | None:
    """All in one piece, or in several."""
    first, shape = named(match, context), match.all(*SHAPES)[0]
    if first is None or not context.is_central:
        return None
    is_one = (shape.category not in ("broken", "disconnected")) != denials(match)
    islands = Claim("structure", "islands", count=1 if is_one else 2, how=None if is_one else "at least")
    merged = [one for one in match.all("parts") if one.start < shape.start and shape.category == "merge"]
    parts = [one.value for one in match.all("parts") if one not in merged or one.value.what != "islands"]
    return [*first, islands, *counted_parts(parts)]


@construction("number_of parts (be|colon) and? amount", examples=("The number of peaks is two.",))
def _number_of_parts(match: Match, context: Context) -> list[Claim] | None:
    """How many islands or peaks there are."""
    (parts,), (amount,) = match.all("parts"), match.all("amount")
    is_plain = context.is_central and not denials(match) and parts.value.is_vague and not parts.is_denied
    return counted_parts([replace(parts.value, amount=amount.value, is_vague=False)]) if is_plain else None


@construction("parts (comma own_peak comma)? span np", examples=("Two islands make up the source.",))
def _make_up(match: Match, context: Context) -> list[Claim] | None:
    """Of "two islands make up the source"."""
    makes, (one,), first = "up" in match.all("span")[0].text.lower().split(), match.all("parts"), named(match, context)
    is_plain = makes and not denials(match) and not one.is_denied and one.value.what == "islands"
    each = _each_one(match, context)
    if not is_plain or first is None or each is None or not context.is_central:
        return None
    return [*first, *counted_parts([one.value]), *each]


@construction(
    "np? (consist|have|falls_into|lie|lack) (a|the|no)* adjective", "(np|it|parts)? (be|have)+ a? peaked",
    "np be a? peaked np (at|with|of) parts", "np be a? peaked np with np consist parts",
)  # fmt: skip
def _of_islands(match: Match, context: Context) -> list[Claim] | None:
    """That it forms a single island, or falls into several; that it has so many peaks."""
    first, parts = named(match, context), [one.value for one in match.all("parts")]
    said = next(one for one in reversed(match.matched) if one.category in ("adjective", "peaked"))
    is_true = denials(match) == bool(match.all("no"))
    if said.category == "peaked" and all((one.what, one.amount) == ("islands", Amount(1)) for one in parts):
        claim = Claim("structure", "peaks", state(is_true), count=int(said.value))
        return None if first is None else [*first, *counted_parts(parts), claim]
    is_label = said.category == "adjective" and str(said.value).endswith("-ISLAND")
    return [*first, Claim("presence", str(said.value), state(is_true))] if first is not None and is_label else None


@construction("(np|it)? equal_peaks", "equal_peaks comma? by amount (to amount)?")
def _equal(match: Match, context: Context) -> list[Claim] | None:
    """As many peaks as islands, or more; by one, or three to one."""
    first, how, no = named(match, context), match.all("equal_peaks")[0].value, denials(match)
    numbers = [one.value.count for one in match.all("amount")]
    if first is None or (numbers and (no or how != "more" or None in numbers)):
        return None

    def fits(layout: tuple[int, ...]) -> bool:
        more = sum(layout) - len(layout)
        by, *to = numbers or [more]
        is_by = sum(layout) * to[0] == len(layout) * by if to else more == by
        return {"equal": more == 0, "more": more > 0, "fewer": more < 0}[how] != no and is_by

    made = those(context, fits)
    return None if made is None else [*first, *made]


# -- wholes, before they fall apart at "and" or "but" -----------------------------------------------------------------

WHO = "(one_of|parts|amount|it) (have|be|see|with|of|comma)* (peaked|parts|amount|np)?"
SHARES = pattern(
    "((there be|np? have|np? consist|be|see)? parts (comma|semi|colon|with|and|of|be|visible)*)? "
    f"{WHO} ((comma|and|but|semi|while|where|which|with)* {WHO})*"
)


def whole(tokens: Sequence[Token], context: Context) -> list[Claim] | None:
    """The claims of a statement that only makes sense whole: which island has how many peaks."""
    is_one = is_components(context.scheme) and any(one.category == "one_of" for one in tokens)
    if not is_one or any(one.is_denied for one in tokens) or not SHARES.fullmatch(letters(tokens)):
        return None
    before, pairs = _pairs(tokens) or ([], [])
    if not pairs:
        return None
    alone = len(pairs) == 1 and pairs[0][1] == 1 and pairs[0][0].value in ("other", "others")
    made = None if alone else those(context, lambda layout: _shared(pairs, layout))
    return None if made is None else [*counted_parts(before), *made]


def _pairs(tokens: Sequence[Token]) -> tuple[list[Parts], list[tuple[Token, int]]] | None:
    """Parts that are counted first, and each island with its peaks; None where they do not go together."""
    pairs: list[tuple[Token, int]] = []
    before: list[Parts] = []
    who: Token | None = None
    for at, one in enumerate(tokens):
        many = _many(one)
        is_other = any(each.category == "one_of" and each.value in ("other", "others") for each in tokens[at + 1 :])
        is_one = one.category == "amount" or (one.category == "parts" and one.value.what == "islands")
        if one.category == "np" and many is None and (who is not None or pairs):
            return None
        if one.category == "one_of" or (who is None and many == 1 and is_one and is_other):
            who = one
        elif who is not None and many is not None:
            pairs, who = [*pairs, (who, many)], None
        elif one.category == "parts":
            before.append(one.value)
        elif one.category in ("peaked", "amount"):
            return None
    if who is not None and who.text.lower() in ("the other one", "its other one"):
        pairs, who = [*pairs, (who, 1)], None
    return (before, pairs) if who is None else None


MORE_THAN_ONE = -1
"""Peaks, of which nothing else is said: "no island has more than one peak"."""


def _many(one: Token) -> int | None:
    """How many peaks a token says an island has."""
    if one.category == "peaked":
        return int(one.value)
    if one.category == "np":
        return 1 if one.text.lower() in ("a single one", "just one", "only one", "one") else None
    amount = one.value.amount if one.category == "parts" else one.value if one.category == "amount" else None
    if amount is not None and (amount.count, amount.how) == (2, "at least"):
        return MORE_THAN_ONE
    return amount.count if amount is not None and amount.how is None else None


def _shared(pairs: Sequence[tuple[Token, int]], layout: tuple[int, ...]) -> bool:
    """Whether the islands of a layout can have the peaks that are said of one, the other, or all of them."""
    left = list(layout)
    for one, many in pairs:
        who, text = str(one.value) if one.category == "one_of" else "one", one.text.lower()
        if ("two" in text and len(layout) != 2) or ("three" in text and len(layout) != 3):  # noqa: PLR2004
            return False
        if many == MORE_THAN_ONE:
            return who == "none" and set(layout) == {1}
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
