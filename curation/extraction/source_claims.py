"""What constructions about one source share: denials, names of the source, its classes, its parts."""

from collections.abc import Callable, Iterable

from curation.extraction.constructions import Context, is_central, resolved
from curation.extraction.phrases import Parts
from curation.extraction.source_words import COMPONENTS, fanaroff_riley, is_components
from curation.extraction.tokens import Match, Token
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import Truth

GENERIC = ("it", ANY_OBJECT)
"""Subjects that name no class."""


def denials(match: Match, *words: str) -> bool:
    """Whether an odd number of words deny."""
    words = ("lack", "see_not", "absent", *words)
    return sum(one.is_denied + (one.category in words) for one in match.matched) % 2 == 1


def named(match: Match, context: Context) -> list[Claim] | None:
    """What the first noun says of the source by naming it; None where it may be another."""
    nouns = match.all("np")
    one = resolved(nouns[0].value.nouns[0], context) if nouns else None
    if one is None:
        return None if nouns else []
    is_all_of_it = one.quantifier == "all" and nouns[0].text.lower().endswith(" emission")
    if len(nouns[0].value.nouns) != 1 or one.extreme or not context.is_central or (one.quantifier and not is_all_of_it):
        return None
    if is_all_of_it or is_central(one, context) or (one.subject == ANY_OBJECT and not one.is_plural):
        return []
    is_one = not one.is_plural and (one.amount is None or one.amount.count == 1)
    return [Claim("presence", one.subject)] if is_one and all(at.name == "centre" for at in one.places) else None


def of_class(context: Context, number: int, *, is_there: bool, sides: str | None = None) -> list[Claim] | None:
    """That the source, or one of its sides, is of a Fanaroff-Riley class."""
    label = fanaroff_riley(context.scheme, number)
    hybrid = ["HYBRID"] if "HYBRID" in context.scheme.labels else []
    if label is None or (sides == "only" and is_there and not hybrid):
        return None
    if is_there:
        either = {"only": hybrid, "one": [label, *hybrid], "other": [label, *hybrid]}.get(sides or "", [label])
        return [Claim("presence", "|".join(either))]
    absent = [label] if sides in ("one", "other") else [label, *hybrid]
    return [Claim("presence", one, Truth.ABSENT) for one in absent]


def side_of(match: Match) -> str | None:
    """Either "one" or "other" where it is said of one side, "only" where of no other."""
    flanks, lobes = match.all("flank"), [one.value for one in match.all("lobes")]
    if any(one.is_only for one in lobes) or any("only" in one.text.lower() for one in flanks):
        return "only"
    if flanks and all(one.value != "two" for one in flanks):
        return flanks[0].value
    return "one" if any(not one.is_plural and one.amount and one.amount.count == 1 for one in lobes) else None


def subject_of(one: Token) -> str:
    """The class that a noun, an adjective or a sign means."""
    return one.value.nouns[0].subject if one.category == "np" else str(one.value)


def those(context: Context, fits: Callable[[tuple[int, ...]], bool]) -> list[Claim] | None:
    """That the class is one of those whose peaks by island fit: one each, and what is left to the last."""
    if not is_components(context.scheme):
        return None
    sizes = {one: tuple(map(int, found.groups())) for one in context.scheme.labels if (found := COMPONENTS.match(one))}
    found = [label for label, (n, peaks) in sizes.items() if fits((*[1] * (n - 1), peaks - n + 1))]
    return [Claim("presence", "|".join(found))] if found else [Claim("class", "islands and peaks of no class")]


def counted_parts(parts: Iterable[Parts]) -> list[Claim]:
    """How many islands or peaks there are."""
    counts = [(one, one.amount.count) for one in parts]
    return [Claim("structure", one.what, count=n + one.is_further if n else n, how=one.amount.how) for one, n in counts]
