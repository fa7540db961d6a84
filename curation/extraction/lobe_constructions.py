"""Constructions about lobes: how they fade or end in hotspots, how tails bend, how many pairs there are."""

from dataclasses import replace

from curation.extraction.chunks import Noun
from curation.extraction.constructions import Context, construction, resolved, said_to_be, state
from curation.extraction.source_claims import (
    CLASS,
    HERE,
    LABELLED,
    denials,
    is_generic,
    named,
    of_class,
    side_of,
    subject_of,
)
from curation.extraction.source_words import fanaroff_riley
from curation.extraction.tokens import Match
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import Truth

# -- Fanaroff and Riley -----------------------------------------------------------------------------------------------

BESIDE = "(be|flank|at_ends)* "
OF_LOBES = "(np|lobes|flank|brightest_part|gleam)?"


def _profiled(match: Match, context: Context, number: int) -> list[Claim] | None:
    is_there = not denials(match)
    if not context.is_central:
        return _of_a_galaxy(match, context, number, is_there=is_there)
    first = named(match, context)
    made = of_class(context, number, is_there=is_there, sides=side_of(match))
    return None if first is None or made is None else [*first, *made]


def _of_a_galaxy(match: Match, context: Context, number: int, *, is_there: bool) -> list[Claim] | None:
    """Of one galaxy among others."""
    nouns = match.all("np")
    noun = resolved(nouns[0].value.nouns[0], context) if len(nouns) == 1 and match.matched[0] is nouns[0] else None
    label = fanaroff_riley(context.scheme, number)
    return said_to_be(noun, Noun(label), context, is_true=is_there) if noun and label else None


@construction(
    "(np|lobes|gleam|flank|it|brightest_part)? (flank|comma|be|of|the|a)* profile",
    "(np|lobes|gleam|flank)? (be|comma)* profile (comma|and|but)+ profile",
    "flank comma? (lobes|np|gleam) profile",
    examples=("The source fades outwards.",),
)
def _profile(match: Match, context: Context) -> list[Claim] | None:
    said = {one.value for one in match.all("profile")}
    return _profiled(match, context, CLASS[said.pop()]) if len(said) == 1 else None


@construction(
    "rather (profile|fade_in_place) comma? (np|lobes|gleam|flank)? be? profile",
    "(np|lobes|gleam) be? profile comma? rather (profile|fade_in_place)",
    "(np|lobes|gleam) (profile|fade_in_place) but profile",
)
def _profile_not(match: Match, context: Context) -> list[Claim] | None:
    """Instead of fading, the lobes brighten outwards."""
    first, second = match.all("profile", "fade_in_place")[:2]
    said, other = (second, first) if match.matched[0].category == "rather" else (first, second)
    if match.all("but"):
        said, other = second, replace(first, is_denied=not first.is_denied)
    value = other.value or "faint"
    if value == said.value or said.category != "profile" or other.is_denied or said.is_denied:
        return None
    made, first_ = of_class(context, CLASS[str(said.value)], is_there=True, sides=side_of(match)), named(match, context)
    return None if made is None or first_ is None else [*first_, *made]


@construction("lobes (flank)* fade_in_place", "flank (comma|np|lobes|gleam)* fade_in_place")
def _fades(match: Match, context: Context) -> list[Claim] | None:
    return _profiled(match, context, 1)


@construction(
    "brightest_part (be|lie|exist|visible|taken|of|see|mark)* (at_core|at_ends)",
    "brightest_part (be|lie|exist|visible|of)* place",
    "(at_core|at_ends) (be|lie) brightest_part",
)
def _brightest_part(match: Match, context: Context) -> list[Claim] | None:
    where = match.all("at_core", "at_ends", "place")[0]
    if where.category == "place" and where.value.name != "centre":
        return None
    return _profiled(match, context, 2 if where.category == "at_ends" else 1)


@construction("the? (core|tip|lobes) be (the|brightest_part)*")
def _core_is(match: Match, context: Context) -> list[Claim] | None:
    """The core is the brightest part of the source: as it says."""
    if not match.all("brightest_part") or not context.is_central:
        return None
    return _profiled(match, context, 1 if match.all("core") else 2)


@construction("outshine")
def _outshines(match: Match, context: Context) -> list[Claim] | None:
    return _profiled(match, context, CLASS[match.all("outshine")[0].value])


@construction(
    f"{OF_LOBES} {BESIDE}(end_in|tip|have|see|see_not|lack|visible|lie|exist|at|by|of)* (the|a)? hotspots {HERE}",
    f"(at_ends|flank|place)* (there be|be|lie|see|see_not) hotspots {HERE}",
    f"there (be|exist) hotspots {HERE}",
    "(lack|visible|absent|be)+ of? at_ends (lie|be|of|the|comma)* hotspots",
    f"hotspots (mark|end_in|tip)+ (the|a|both|of|tip)* (lobes|at_ends|place)? {HERE}",
    "hotspots absent",
    "hotspots be what np (have|lack)",
    f"hotspots {HERE} absent? {HERE}",
    examples=("The lobes end in bright hotspots.",),
)
def _hotspots(match: Match, context: Context) -> list[Claim] | None:
    return _hot(match, context)


def _hot(match: Match, context: Context) -> list[Claim] | None:
    hot = match.all("hotspots")[0]
    one_only = (
        not hot.value.is_plural
        and hot.value.quantifier is None
        and not any(one.value.is_plural for one in match.all("lobes"))
    )
    is_there = not denials(match)
    if not context.is_central:
        return _of_a_galaxy(match, context, 2, is_there=is_there)
    first = named(match, context)
    made = of_class(
        context,
        2,
        is_there=is_there,
        sides="one" if one_only and is_there and side_of(match) != "only" else side_of(match),
    )
    return None if first is None or made is None else [*first, *made]


@construction("lobes be (adjective|sign|np)", "lobes", "np? (have|be|see|with)+ lobes", "adjective lobes")
def _lobes_are(match: Match, context: Context) -> list[Claim] | None:
    """As in "edge-brightened lobes", "the lobes are plume-like"."""
    first, lobe = named(match, context), match.all("lobes")[0].value
    label = next(
        (subject_of(one) for one in match.matched[1:] if one.category in ("adjective", "sign", "np")), lobe.subject
    )
    if match.matched[0].category == "lobes" and match.all("np"):
        first = []
    if first is None or label in ("", "it", ANY_OBJECT) or not context.is_central:
        return None
    return [*first, Claim("presence", label, state(not denials(match)))]


@construction(f"flank comma? be? (a|the)? {LABELLED}", f"flank (have|see) (a|the)? {LABELLED}")
def _side(match: Match, context: Context) -> list[Claim] | None:
    """One side of the source is like a class."""
    what = match.matched[-1]
    subject = what.value.nouns[0].subject if what.category == "np" else str(what.value)
    number = next((n for n in (1, 2) if subject == fanaroff_riley(context.scheme, n)), None)
    flank = match.all("flank")[0].value
    no = denials(match) != bool(match.all("no"))
    return of_class(context, number, is_there=not no, sides=flank) if number else None


@construction("(flank|lobes|np) (comma)? alike")
def _alike(match: Match, context: Context) -> list[Claim] | None:
    """Both sides are of one class, or not."""
    flanks = [one.value for one in match.all("flank")]
    if "HYBRID" not in context.scheme.labels or match.all("np") or (flanks and flanks[0] != "two"):
        return None
    return [Claim("presence", "HYBRID", state((match.all("alike")[0].value == "different") != denials(match)))]


@construction(
    "np? (have|be|see|lack|consist)* (a|the|no)* mixture",
    f"np? (have|be|see|lack|consist)* (a|the|no)* mixed_of {LABELLED} (and|with|comma)+ {LABELLED}",
    f"np? (be|have)+ mixed_of {LABELLED} (and|comma)+ mixed_of {LABELLED}",
)
def _mixture(match: Match, context: Context) -> list[Claim] | None:
    hybrid = next((one for one in ("HYBRID", "FR-X") if one in context.scheme.labels), None)
    said = {subject_of(one) for one in match.all("np", "sign", "adjective") if not is_generic(one)}
    ours = {fanaroff_riley(context.scheme, n) for n in (1, 2)}
    if hybrid is None or (not match.all("mixture") and said != ours):
        return None
    return [Claim("presence", hybrid, state(denials(match) == bool(match.all("no"))))]


# -- bent tails, pairs of lobes ---------------------------------------------------------------------------------------

TAILS = ("NAT", "WAT")


@construction(
    "(np|lobes|flank|it)? (both|be)* bend (to_one_side|flank|comma|outwards|at_core|place)*",
    "(np|lobes)? (be|lie)? straight",
)
def _bent(match: Match, context: Context) -> list[Claim] | None:
    first = named(match, context)
    is_bent = (not match.all("straight")) != denials(match)
    if first is None or not set(TAILS) <= set(context.scheme.labels):
        return None
    return [
        *first,
        *([Claim("presence", "|".join(TAILS))] if is_bent else [Claim("presence", one, Truth.ABSENT) for one in TAILS]),
    ]


@construction(
    "(np|lobes)? (be|have|bend|to_one_side|enclose|with|at|comma|consist|the|of|it)* angle",
    "angle (lie|be)? (of|at)? lobes",
    "(np|lobes)? bend to_one_side? (with|at|comma|and)* enclose? angle",
)
def _angle(match: Match, context: Context) -> list[Claim] | None:
    first = named(match, context)
    said = match.all("angle")[0].value
    label = {"small": "NAT", "wide": "WAT"}.get(said) if isinstance(said, str) else None  # else so many arc seconds
    if first is None or label not in context.scheme.labels:
        return None
    return [*first, Claim("presence", label, state(not denials(match)))]


@construction(
    "(np|lobes)? (have|consist|be|see|see_not|there|lack|with|the|a|no|only|exist|visible|two)* "
    "(pairs|double_double) (of|np|lobes|visible|exist|comma)*",
    "(pairs|double_double) (be|visible|exist|absent)*",
    "pairs (be|comma)* double_double",
    "(no|a|only)* (pairs|double_double) be (all|what) np (have|end_in)",
    "np have lobes comma (pairs|double_double)",
)
def _pairs(match: Match, context: Context) -> list[Claim] | None:
    first = named(match, context)
    if first is None or "D-D" not in context.scheme.labels:
        return None
    is_true = denials(match) == bool(match.all("no"))
    numbers = [one.value for one in match.all("pairs")]
    if match.all("double_double") and not numbers:
        return [*first, Claim("presence", "D-D", state(is_true))]
    one = numbers[0]
    count = one.amount.count if one.amount else 2 if one.is_other else 2 if match.all("double_double") else None
    if count is None or one.amount and one.amount.how not in (None, "at least", "exact"):
        single = one.is_only or "single" in match.all("pairs")[0].text.lower()
        count = 1 if single and is_true else None
    if count not in (1, 2) or (count == 1 and not is_true and one.quantifier != "no"):
        return None
    return [*first, Claim("presence", "D-D", state((count == 2) == is_true))]  # noqa: PLR2004
