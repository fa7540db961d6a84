"""Answers in a few words, which lean on their question: a number, a place, a size, a class."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from curation.extraction.asked import Asked
from curation.extraction.clauses import Reading, trimmed
from curation.extraction.constructions import LIMITS, Context, blank_claim
from curation.extraction.phrases import Amount, figure
from curation.extraction.stated import counted, counted_at, subject_of, there
from curation.extraction.tokens import Token
from curation.verification.claims import ANY_OBJECT, Claim, ExtractedClaim

TWO = 2
SO = ("colon", "so")
CHOSEN = re.compile(
    r"(?i)(?:it is |it's |i would say |i'd say )?(?:clearly |definitely |certainly )?the (former|latter"
    r"|first|second|last)"
    r"(?: one| option| class| type)?(?: of (?:these|those|the two|them|the two (?:options|classes)))?"
)
LINKS = ("comma", "and", "semi")
OF_ONE = ("a", "the", "only", "qualifier", "one")


def short(tokens: Sequence[Token], asked: Asked, context: Context) -> Reading | None:
    """The claims of an answer in a word or two; None where it is no such thing, or the question wants another."""
    tokens = trimmed(tokens)
    if not tokens:
        return None
    for made in ANSWERS:
        claims = made(tokens, [one.category for one in tokens], asked, context)
        if claims is not None:
            span = tokens[0].start, tokens[-1].end
            return Reading(tuple(ExtractedClaim(one, *span) for one in claims), context.noun)
    return None


def chosen(text: str, asked: Asked, context: Context) -> Reading | None:
    """As in "The latter" of two that were asked."""
    found = CHOSEN.fullmatch(text.strip(" .!"))
    if found is None or len(asked.choices) != TWO:
        return None
    label = asked.choices[found[1].lower() not in ("former", "first")]
    return Reading((ExtractedClaim(Claim("presence", label), 0, len(text)),), context.noun)


def _how_many(tokens: Sequence[Token], kinds: Sequence[str], asked: Asked, context: Context) -> list[Claim] | None:
    """As in "Five", "a single one", "none" where a number was asked, "one" after "yes"."""
    if list(kinds[:2]) in (["there", "be"], ["np", "have"]) and not any(one.is_denied for one in tokens[:2]):
        is_it = kinds[0] == "there" or tokens[0].value.nouns[0].subject == "it"
        tokens, kinds = (tokens[2:], kinds[2:]) if is_it else ([], [])
    elif kinds[0] == "see" and not tokens[0].is_denied:
        tokens, kinds = tokens[1:], kinds[1:]
    if len(kinds) > 1 and kinds[-1] == "np" and tokens[-1].value.nouns[0].subject == "it" and kinds[0] == "amount":
        tokens, kinds = tokens[:1], kinds[:1]  # "three of them"
    if (
        list(kinds) == ["np", "be", "amount"]
        and asked.is_polar
        and tokens[2].value == Amount(1)
        and tokens[0].value.nouns[0].subject == "it"
    ):
        return [] if not tokens[1].is_denied else None  # "it is one": said of what "yes" has said
    amount = _amount(tokens, kinds) if kinds else None
    if amount is None:
        return None
    if asked.parts:
        return [Claim("structure", asked.parts, count=amount.count, how=amount.how)] if amount.count != 0 else None
    subject = _counted_of(asked)
    if subject is None:
        return None
    if asked.is_count and asked.place is not None:
        return [counted_at(subject, amount, asked.place)]
    if asked.is_count or (asked.is_polar and amount.count != 0):
        return [counted(subject, amount)]
    return there(subject, is_there=False) if amount.count == 0 and (asked.is_boxes or asked.is_where) else None


def _counted_of(asked: Asked) -> str | None:
    """Of what a number answers: of "is any galaxy peculiar?" of the peculiar ones; None where of nothing."""
    if asked.subject in (None, "blank", "edge", "it") or asked.measured:
        return None
    said = [one for one in asked.proposition[:1] if one.kind in ("presence", "share")] if asked.is_polar else []
    return said[0].subject if said and asked.subject == ANY_OBJECT else asked.subject


def _amount(tokens: Sequence[Token], kinds: Sequence[str]) -> Amount | None:
    if list(kinds) in (["amount"], ["amount", "visible"], ["bound", "amount"], ["amount", "bound"], ["amount", "ones"]):
        return next(one for one in tokens if one.category == "amount").value if not tokens[-1].is_denied else None
    if kinds[-1] == "amount" and set(kinds[:-1]) <= set(OF_ONE) and tokens[-1].text.lower() in ("", "one"):
        return Amount(1) if tokens[-1].value == Amount(1) else None
    if list(kinds) in (
        ["nope"],
        ["no"],
        ["there_none"],
        ["no", "visible"],
        ["there_none", "visible"],
        ["nope", "visible"],
    ):
        return Amount(0) if not tokens[-1].is_denied else None
    if list(kinds) == ["np"]:
        (noun, *more) = tokens[0].value.nouns
        if not more and noun.subject == "it" and noun.quantifier == "no":
            return Amount(0)
        if not more and noun.subject == "it" and noun.is_article and not noun.places and not noun.extreme:
            return Amount(1)  # "a single one"
    return None


def _at_places(tokens: Sequence[Token], kinds: Sequence[str], asked: Asked, context: Context) -> list[Claim] | None:
    """As in "One at the top left and two in the middle", of what was counted, perhaps with their sum."""
    if not asked.subject or asked.subject in ("blank", "edge") or asked.parts or not (asked.is_count or asked.is_where):
        return None
    said = [one for one in tokens if one.category not in LINKS]
    total = said.pop() if len(said) > TWO and said[-1].category == "amount" and said[-2].category in SO else None
    said = said[:-1] if total else said
    if len(said) < TWO or [one.category for one in said] != ["amount", "place"] * (len(said) // TWO):
        return None
    amounts, places = [one.value for one in said[::2]], [one.value.name for one in said[1::2]]
    if any(one.how or one.count is None for one in amounts):
        return None
    n = sum(one.count for one in amounts)
    if total is not None and total.value.count != n:
        return None
    claims = [
        Claim("position", asked.subject, count=one.count, how="at least", other=place)
        for one, place in zip(amounts, places, strict=True)
    ]
    return [*claims, counted(asked.subject, Amount(n))] if total or (asked.is_count and len(amounts) > 1) else claims


def _where(tokens: Sequence[Token], kinds: Sequence[str], asked: Asked, context: Context) -> list[Claim] | None:
    """A place, or several."""
    if (
        not asked.subject
        or {one for one in kinds if one not in LINKS} != {"place"}
        or not (asked.is_where or asked.extreme)
    ):
        return None
    names = [one.value.name for one in tokens if one.category == "place"]
    if any(one.value.is_outside for one in tokens if one.category == "place"):
        return None
    if asked.subject in ("blank", "edge"):
        return [Claim("border", "edge")] if all(one.endswith("edge") for one in names) else None
    if asked.extreme:
        return [Claim("extreme", asked.subject, how=asked.extreme, other=f"in {names[0]}")] if len(names) == 1 else None
    return [Claim("position", asked.subject, other=one) for one in names]


def _how_large(tokens: Sequence[Token], kinds: Sequence[str], asked: Asked, context: Context) -> list[Claim] | None:
    """A share of the picture or an angle, of what was to be measured."""
    if not asked.measured or any(one.is_denied for one in tokens):
        return None
    share = next((one for one in tokens if one.category in ("share", "percent")), None)
    rest = [one.category for one in tokens if one not in (share,) and one.category != "axis"]
    if list(kinds) == ["half", "axis"] or list(kinds) == ["half"]:
        share, rest = (
            replace(
                tokens[0], category="percent", value=(50.0, "about", str(tokens[1].value) if len(tokens) > 1 else None)
            ),
            [],
        )
    if share is not None and not rest:
        return _share(share, tokens, asked)
    angles = [one for one in tokens if one.category == "angle"]
    if len(angles) == 1 and set(kinds) <= {"angle", "bound", "axis"}:
        return _angle(
            [round(one) for one in angles[0].value],
            [str(one.value) for one in tokens if one.category == "bound"],
            asked,
        )
    return None


def _share(share: Token, tokens: Sequence[Token], asked: Asked) -> list[Claim] | None:
    percent, bound, *more = share.value
    measured = str(asked.measured).split()
    axes = [str(one) for one in (*more, *(one.value for one in tokens if one.category == "axis")) if one]
    if measured[0] == "blank":
        return [blank_claim(percent, bound)] if not axes else None
    if measured[0] in ("share", "angle") and asked.subject:
        asked_axis = measured[1] if len(measured) > 1 else None
        axis = axes[0] if axes else asked_axis or ("across" if measured[0] == "share" else None)
        if axis is None or (asked_axis and axes and axis not in (asked_axis, "across")):
            return None
        how = axis + {
            "at least": " at least",
            "more than": " at least",
            "at most": " at most",
            "fewer than": " at most",
        }.get(bound or "", "")
        return [Claim("extent", asked.subject, count=round(percent), how=how)]
    return None


def _angle(angles: list[int], bounds: Sequence[str], asked: Asked) -> list[Claim] | None:
    measured = str(asked.measured).split()
    limit = next((LIMITS[one] for one in bounds if one in LIMITS), None)
    if any(one not in ("about", "exact", "some", *LIMITS) for one in bounds):
        return None
    if measured[0] == "beam":
        return [Claim("beam", "map", count=one, how=limit) for one in dict.fromkeys(angles)]
    if measured[0] == "size":
        how = limit or ("one axis" if len(angles) > 1 else None)
        return [Claim("size", "image", count=one, how=how) for one in angles]
    if measured[0] not in ("angle", "share") or len(angles) > 1:
        return None
    return [
        Claim(
            "extent",
            asked.subject or "it",
            count=angles[0],
            how=" ".join(["angle", *measured[1:], *([limit] if limit else [])]),
        )
    ]


def _frequency(tokens: Sequence[Token], kinds: Sequence[str], asked: Asked, context: Context) -> list[Claim] | None:
    if [one for one in kinds if one not in ("bound", "at")] != ["frequency"]:
        return None
    limit = next((LIMITS[one.value] for one in tokens if one.category == "bound" and one.value in LIMITS), None)
    return [
        Claim("frequency", "map", count=round(figure(one)) if one.value is None else one.value[0], how=limit)
        for one in tokens
        if one.category == "frequency"
    ]


def _which(tokens: Sequence[Token], kinds: Sequence[str], asked: Asked, context: Context) -> list[Claim] | None:
    """As in "The first" or "the latter" of two that were asked, an adjective of the source, how odd the picture is."""
    if asked.is_odd and list(kinds) == ["odd"] and not tokens[0].is_denied:
        return [Claim("peculiarity", str(tokens[0].value))]
    named = [one for one in tokens if one.category in ("adjective", "sign", "np")]
    if (asked.extreme or asked.compared) and named and list(kinds) in (["np"], ["np", "place"], [kinds[0]]):
        return _of_the_compared(tokens, asked, context)
    if asked.is_turned:
        return None
    links = [
        one
        for one in kinds
        if one not in ("adjective", "sign", "np", "comma", "not", "semi", "colon", "rather", "no", "and")
    ]
    if (
        not named
        or links
        or not asked.is_about_the_source
        or any(one.category == "np" and _is_more(one) for one in named)
    ):
        return None
    found: list[Claim] = []
    is_there = True
    for at, one in enumerate(tokens):
        if one.category in ("not", "rather", "no"):
            is_there = False
        elif one in named:
            subjects = [each.subject for each in one.value.nouns] if one.category == "np" else [str(one.value)]
            said = (
                is_there and not one.is_denied and not (one.category == "np" and one.value.nouns[0].quantifier == "no")
            )
            found += [each for subject in subjects for each in there(subject, is_there=said)]
            is_there = is_there or (at + 1 < len(tokens) and tokens[at + 1].category != "and")
    return found if ANY_OBJECT not in {one.subject for one in found} else None


def _absent(tokens: Sequence[Token], kinds: Sequence[str], asked: Asked, context: Context) -> list[Claim] | None:
    """As in "FR-II" where a class was asked for that can be excluded."""
    named = [one for one in tokens if one.category in ("adjective", "sign", "np")]
    is_list = asked.is_absent and named and set(kinds) <= {"adjective", "sign", "np", "comma", "and", "or", "the", "a"}
    if not is_list or any(one.category == "np" and (_is_more(one) or one.is_denied) for one in named):
        return None
    subjects = [each.subject for one in named if one.category == "np" for each in one.value.nouns]
    subjects += [str(one.value) for one in named if one.category != "np"]
    return [each for one in dict.fromkeys(subjects) for each in there(one, is_there=False)]


def _of_the_compared(tokens: Sequence[Token], asked: Asked, context: Context) -> list[Claim] | None:
    """As in "the FR-II galaxy" where the largest was asked for, or the larger of two."""
    subject = subject_of(list(tokens[:1]), context)
    places = [one.value.name for one in tokens if one.category == "place"]
    if not subject or (asked.compared and (len(asked.choices) != TWO or subject not in asked.choices)):
        return None
    of = asked.subject or ANY_OBJECT
    if asked.compared:
        (other,) = [one for one in asked.choices if one != subject]
        return [Claim(asked.compared, subject, other=other), *(Claim("position", subject, other=at) for at in places)]
    said = [f"is {subject}", *(f"in {at}" for at in places)]
    return [Claim("extreme", of, how=asked.extreme, other=one) for one in said]


def _is_more(one: Token) -> bool:
    """Whether a noun says more than a class."""
    nouns = one.value.nouns
    return one.value.is_either or any(
        each.subject in ("it", ANY_OBJECT)
        or each.amount
        or each.places
        or each.extreme
        or each.is_restricted
        or each.is_definite
        or each.quantifier not in (None, "no")
        for each in nouns
    )


ANSWERS: tuple[Callable[[Sequence[Token], Sequence[str], Asked, Context], list[Claim] | None], ...] = (
    _absent, _how_many, _at_places, _where, _how_large, _frequency, _which,
)  # fmt: skip
