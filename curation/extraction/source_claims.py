"""What constructions about one source share: denials, names of the source, its classes, its parts."""

from collections.abc import Callable, Sequence

from curation.extraction.chunks import Group
from curation.extraction.constructions import (
    Context,
    is_central,
    resolved,
)
from curation.extraction.source_chunks import Parts
from curation.extraction.source_words import COMPONENTS, fanaroff_riley, is_components
from curation.extraction.tokens import Match, Token
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import LabelScheme, Truth

LABELLED = "(a|the|no)* (adjective|np|sign)"
HERE = "(at_ends|at_core|flank|place|outwards|visible|exist|lie|be|by|at|of|comma)*"
CLASS = {"faint": 1, "bright": 2}


def denials(match: Match, *words: str) -> bool:
    """Whether an odd number of words deny."""
    return (
        sum(one.is_denied + (one.category in ("lack", "see_not", "absent", *words)) for one in match.matched) % 2 == 1
    )


def named(match: Match, context: Context) -> list[Claim] | None:
    """What the first noun says of the source by naming it; None where it may be another."""
    nouns = match.all("np")
    if not nouns:
        return []
    group: Group = nouns[0].value
    one = resolved(group.nouns[0], context)
    if len(group.nouns) != 1 or one is None or one.quantifier or one.extreme or not context.is_central:
        return None
    if is_central(one, context) or (one.subject == ANY_OBJECT and not one.is_plural):
        return []
    is_one = (
        not one.is_plural
        and (one.amount is None or one.amount.count == 1)
        and all(p.name == "centre" for p in one.places)
    )
    return [Claim("presence", one.subject)] if is_one else None


def of_class(context: Context, number: int, *, is_there: bool, sides: str | None = None) -> list[Claim] | None:
    """That the source, or one of its sides, is of a Fanaroff-Riley class."""
    label = fanaroff_riley(context.scheme, number)
    hybrid = ["HYBRID"] if "HYBRID" in context.scheme.labels else []
    if label is None:
        return None
    if sides == "only" and is_there:
        return [Claim("presence", hybrid[0])] if hybrid else None
    if sides in ("one", "other"):
        return [Claim("presence", "|".join([label, *hybrid]))] if is_there else [Claim("presence", label, Truth.ABSENT)]
    if is_there:
        return [Claim("presence", label)]
    return [Claim("presence", one, Truth.ABSENT) for one in (label, *hybrid)]


def side_of(match: Match) -> str | None:
    """Either "one" or "other" where it is said of one side, "only" where of no other."""
    flanks = [one.value for one in match.all("flank")]
    lobes = [one.value for one in match.all("lobes")]
    if any(one.value.is_only for one in match.all("lobes")) or any(
        "only" in one.text.lower() for one in match.all("flank")
    ):
        return "only"
    if any(one in ("one", "other") for one in flanks) and "two" not in flanks:
        return flanks[0]
    is_one = any(not one.is_plural and one.amount and one.amount.count == 1 for one in lobes)
    return "one" if is_one else None


def subject_of(one: Token) -> str:
    return one.value.nouns[0].subject if one.category == "np" else str(one.value)


def is_generic(one: Token) -> bool:
    return subject_of(one) in ("it", ANY_OBJECT)


def structure_of(match: Match, context: Context) -> list[Claim]:
    return [Claim("structure", one.what, count=one.amount.count, how=one.amount.how) for one in parts_of(match)]


def parts_of(match: Match) -> list[Parts]:
    """Islands and peaks, also as another reader of chunks made them."""
    return [one.value if isinstance(one.value, Parts) else Parts(*one.value) for one in match.all("parts")]


def layouts(scheme: LabelScheme) -> dict[str, tuple[int, ...]]:
    """Peaks of each island by label: one each, and what is left to the last."""
    sizes = {
        label: tuple(map(int, found.groups())) for label in scheme.labels if (found := COMPONENTS.fullmatch(label))
    }
    return {label: (*[1] * (n - 1), peaks - n + 1) for label, (n, peaks) in sizes.items()}


def those(context: Context, fits: Callable[[tuple[int, ...]], bool]) -> list[Claim] | None:
    """That the class is one of those whose peaks by island fit."""
    if not is_components(context.scheme):
        return None
    found = [label for label, layout in layouts(context.scheme).items() if fits(layout)]
    return [Claim("presence", "|".join(found))] if found else [Claim("class", "islands and peaks of no class")]


def counted_parts(parts: Sequence[Parts], *, in_one: bool) -> list[Claim]:
    return [
        Claim(
            "structure",
            one.what,
            count=one.amount.count + one.is_further if one.amount.count else one.amount.count,
            how=one.amount.how,
        )
        for one in parts
        if not (in_one and one.what == "peaks")
    ]
