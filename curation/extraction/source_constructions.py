"""Constructions about one source: how its lobes fade or end, how its tails bend, its islands, peaks and edges.

They register in the table of constructions.py. Importing this adds them, and the chunks that they are made of.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from curation.extraction.chunks import Amount, Group, Noun, listed
from curation.extraction.constructions import (
    Context,
    construction,
    is_central,
    predicated,
    resolved,
    said_to_be,
    state,
    there_is,
)
from curation.extraction.source_chunks import Parts
from curation.extraction.source_words import COMPONENTS, fanaroff_riley, is_components
from curation.extraction.tokens import Match, Token, letters, pattern
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
    """ "one" or "other" where it is said of one side, "only" where of no other."""
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


# -- Fanaroff and Riley -----------------------------------------------------------------------------------------------


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
    f"(np|lobes|flank|brightest_part|gleam)? (be|flank|at_ends)* (end_in|tip|have|see|see_not|lack|visible|lie|exist|at|by|of)* (the|a)? hotspots {HERE}", f"(at_ends|flank|place)* (there be|be|lie|see|see_not) hotspots {HERE}",
    f"there (be|exist) hotspots {HERE}", "(lack|visible|absent|be)+ of? at_ends (lie|be|of|the|comma)* hotspots", f"hotspots (mark|end_in|tip)+ (the|a|both|of|tip)* (lobes|at_ends|place)? {HERE}", "hotspots absent", "hotspots be what np (have|lack)", f"hotspots {HERE} absent? {HERE}",
    examples=("The lobes end in bright hotspots.",),
)  # fmt: skip
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
    """ "edge-brightened lobes", "the lobes are plume-like"."""
    first, lobe = named(match, context), match.all("lobes")[0].value
    label = next(
        (_subject(one) for one in match.matched[1:] if one.category in ("adjective", "sign", "np")), lobe.subject
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
    said = {_subject(one) for one in match.all("np", "sign", "adjective") if not _is_generic(one)}
    ours = {fanaroff_riley(context.scheme, n) for n in (1, 2)}
    if hybrid is None or (not match.all("mixture") and said != ours):
        return None
    return [Claim("presence", hybrid, state(denials(match) == bool(match.all("no"))))]


def _subject(one: Token) -> str:
    return one.value.nouns[0].subject if one.category == "np" else str(one.value)


def _is_generic(one: Token) -> bool:
    return _subject(one) in ("it", ANY_OBJECT)


# -- what it is, and what it is not -----------------------------------------------------------------------------------


STELLAR = frozenset({"PULSAR", "STAR", "YSO", "LBV", "WR", "HMXB", "LMXB", "HMXB|LMXB", "STAR|YSO|LBV|WR"})


@construction("np have np", "np be np", "np (absent|visible) np")
def _associated(match: Match, context: Context) -> list[Claim] | None:
    """ "It harbours a pulsar", "a luminous blue variable is associated with the source"."""
    first, second = (one.value.nouns[0] for one in match.all("np"))
    is_have = bool(match.all("have"))
    source, what = (first, second) if is_have else (second, first)
    is_linked = is_have or any(
        "associated" in one.text.lower() or "counterpart" in one.text.lower() for one in match.all("be")
    )
    is_source = (
        source.subject in ("it", ANY_OBJECT) and not source.quantifier and not source.is_plural and not source.is_other
    )
    is_one = (
        what.subject in STELLAR
        and not what.is_plural
        and not what.places
        and (what.amount is None or what.amount.count == 1)
    )
    if not context.is_central or not is_linked or not is_source or not is_one:
        return None
    return [Claim("presence", what.subject, state(denials(match) == (what.quantifier == "no")))]


@construction("np be of np", "np be of adjective")
def _is_of(match: Match, context: Context) -> list[Claim] | None:
    """The source is of the second class."""
    first, last = named(match, context), match.matched[-1]
    one = last.value.nouns[0] if last.category == "np" else Noun(str(last.value))
    if first is None or one.subject in ("it", ANY_OBJECT) or one.quantifier or one.is_plural:
        return None
    return [*first, Claim("presence", one.subject, state(not denials(match)))]


@construction("(the|there|be|np|gleam)+ phrase")
def _phrase_of(match: Match, context: Context) -> list[Claim] | None:
    """A phrase that says by itself that a label holds, after its subject."""
    nouns = match.all("np")
    label, is_there = match.all("phrase")[0].value
    is_plain = all(
        one.value.nouns[0].subject in ("it", ANY_OBJECT) and not one.value.nouns[0].quantifier for one in nouns
    )
    return [Claim("presence", label, state(is_there))] if is_plain and not denials(match) and len(nouns) < 2 else None  # noqa: PLR2004


@construction(
    f"field colon (not|no)? {LABELLED}", f"introduce colon {LABELLED} ((and|comma)+ {LABELLED})*", "field colon parts"
)
def _field(match: Match, context: Context) -> list[Claim] | None:
    """ "morphology: EXTENDED", a member of a form."""
    if not context.is_central:
        return None
    no = len(match.all("no", "not")) % 2 == 1
    names = [_subject(one) for one in match.all("np", "sign", "adjective")]
    if not names:
        return _structure(match, context)
    return (
        None
        if any(one in ("it", ANY_OBJECT) for one in names)
        else [Claim("presence", one, state(not no)) for one in names]
    )


PLAIN = "(adjective|sign|np)"


@construction(
    f"(not|no|rather)+ {PLAIN} ((comma|rather|colon|but|and|nor|not|no|or)+ {PLAIN})*",
    f"{PLAIN} ((comma)? (rather|but|not)+ not? {PLAIN})+",
)
def _not_but(match: Match, context: Context) -> list[Claim] | None:
    """Not compact, not diffuse: extended."""
    claims: list[Claim] = []
    no = False
    for one in match.matched:
        if one.category in ("but", "colon"):
            no = False
        elif one.category in ("not", "no", "rather"):
            no = True
        elif one.category in ("adjective", "sign", "np"):
            noun = one.value.nouns[0] if one.category == "np" else Noun(str(one.value))
            if (
                noun.subject in ("it", ANY_OBJECT)
                or noun.is_plural
                or noun.amount
                or noun.places
                or not context.is_central
            ):
                return None
            claims.append(Claim("presence", noun.subject, state(no == (noun.quantifier == "no"))))
    return claims


@construction(
    "introduce (not|no|a|the|as|to)* (adjective|np|sign) ((comma|and|or|nor|but|rather)+ (no|not|a|the|rather|as|to)* (adjective|np|sign))*"
)
def _introduced(match: Match, context: Context) -> list[Claim] | None:
    """What we have here is an FR II."""
    what = predicated([one for one in match.matched if one.category not in ("introduce", "as", "to")])
    if what is None or not context.is_central or any(one.subject == ANY_OBJECT or one.amount for one in what.nouns):
        return None
    is_true = not denials(match)
    if what.is_either and len(what.nouns) > 1 and is_true:
        return [Claim("presence", "|".join(one.subject for one in what.nouns))]
    return [Claim("presence", one.subject, state(is_true != (one.quantifier == "no"))) for one in what.nouns]


def _classes(match: Match) -> list[tuple[str, bool]]:
    """Labels that a match names, and whether "no" stands before."""
    what = predicated(
        [one for one in match.matched if one.category in ("np", "sign", "adjective", "no", "not", "or", "nor")]
    )
    neither = bool(match.all("nor")) or (what is not None and what.nouns[0].quantifier == "no")
    return [] if what is None else [(one.subject, neither) for one in what.nouns]


_NAMES = f"{LABELLED} ((and|or|nor)+ {LABELLED})*"


@construction(
    f"{_NAMES} notion? (comma)? suits",
    f"(the)? notion of? {_NAMES} suits",
    f"as (to|of) {_NAMES} notion? comma the? (notion|it|np)? suits",
)
def _suits(match: Match, context: Context) -> list[Claim] | None:
    """ "An FR II fits", "neither FR I nor FR II is a clear fit"."""
    is_true = (match.all("suits")[0].value == "yes") != denials(match)
    named_ = _classes(match)
    if not context.is_central or not named_ or any(one in ("it", ANY_OBJECT) for one, _ in named_) or match.all("or"):
        return None
    return [Claim("presence", one, state(is_true != no)) for one, no in named_]


@construction(f"{_NAMES} notion? be? (absent|visible)", f"{_NAMES} notion (absent|visible)")
def _excluded(match: Match, context: Context) -> list[Claim] | None:
    named_ = _classes(match)
    if (
        not context.is_central
        or not named_
        or any(one in ("it", ANY_OBJECT) for one, _ in named_)
        or match.all("or", "and")
    ):
        return None
    return [Claim("presence", one, state(denials(match) == no)) for one, no in named_]


@construction(f"(reject|reject_wrongly) {_NAMES} notion?", f"(reject|reject_wrongly) (the)? notion of? {_NAMES}")
def _rejected(match: Match, context: Context) -> list[Claim] | None:
    wrongly = bool(match.all("reject_wrongly"))
    named_ = _classes(match)
    if not context.is_central or not named_ or any(one in ("it", ANY_OBJECT) for one, _ in named_) or match.all("no"):
        return None
    return [Claim("presence", one, state(wrongly != denials(match))) for one, _ in named_]


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
    label = {"small": "NAT", "wide": "WAT"}[match.all("angle")[0].value]
    if first is None or label not in context.scheme.labels:
        return None
    return [*first, Claim("presence", label, state(not denials(match)))]


@construction(
    "(np|lobes)? (have|consist|be|see|see_not|there|lack|with|the|a|no|only|exist|visible|two)* (pairs|double_double) (of|np|lobes|visible|exist|comma)*",
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


# -- edges ------------------------------------------------------------------------------------------------------------


@construction(
    "(np|it|parts)? (be|have|lack|see|see_not|with|there|the|a|no|comma|rather|any)* edges (comma|and|visible|absent|be|exist)*",
    "(the|no)? edges (be|lie) (visible|absent)",
    "edges be what np (have|lack)",
)
def _edges(match: Match, context: Context) -> list[Claim] | None:
    first = named(match, context)
    negative, _, label = match.all("edges")[0].value.rpartition(" ")
    if first is None or label not in context.scheme.labels:
        return None
    is_there = not ((denials(match) + bool(negative) + len(match.all("no", "rather"))) % 2)
    return [*first, *_structure(match, context), Claim("presence", label, state(is_there))]


# -- islands and peaks ------------------------------------------------------------------------------------------------


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


def _structure(match: Match, context: Context) -> list[Claim]:
    return [Claim("structure", one.what, count=one.amount.count, how=one.amount.how) for one in _held(match)]


def _held(match: Match) -> list[Parts]:
    """Islands and peaks, also as another reader of chunks made them."""
    return [one.value if isinstance(one.value, Parts) else Parts(*one.value) for one in match.all("parts")]


PARTS = "parts ((comma|and|with|have|of|be|consist|falls_into)* parts)*"


@construction(
    f"(np|it)? (have|consist|falls_into|be|see|there|lack|see_not|exist|visible|of|with|the|a|into)* {PARTS} (visible|exist|lie|in_it|apart|be|comma|absent|own_peak|of)*",
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
    parts = [replace(one, amount=_amount(match, one)) for one in _held(match)]
    if first is None:
        return None
    each = those(context, lambda layout: set(layout) == {1}) if match.all("own_peak") else []
    inside = _inside(match, context)
    if each is None or inside is None:
        return None
    if denials(match, "nor") or any(one.is_denied for one in match.all("parts")):
        return _denied_parts(match, parts, first) if not match.all("own_peak", "in_it") else None
    return [*first, *_counted(parts, in_one=bool(match.all("in_it"))), *each, *inside]


def _amount(match: Match, one: Parts) -> Amount:
    """How many, where the number stands apart: "a pair of detached components"."""
    loose = [each.value for each in match.all("amount")]
    return loose[0] if loose and one.is_vague else one.amount


@construction("number_of? parts (colon|be|comma) amount", "number_of parts amount")
def _number_of(match: Match, context: Context) -> list[Claim] | None:
    (one,), amount = _held(match), match.all("amount")[0].value
    return (
        None
        if denials(match) or not context.is_central
        else [Claim("structure", one.what, count=amount.count, how=amount.how)]
    )


def _counted(parts: Sequence[Parts], *, in_one: bool) -> list[Claim]:
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


def _inside(match: Match, context: Context) -> list[Claim] | None:
    """So many peaks in one island."""
    peaks = [one.value.amount for one in match.all("parts") if one.value.what == "peaks"]
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
    """ "no second peak", "does not fall into several islands", "does not have two peaks"."""
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
    """ "no peaks" denies that there are any."""
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
    "(np|it|parts)? (be|have|consist|lie|comma|and)* (whole|in_it|broken|connected|disconnected) ((comma|and|with|have|but)* parts)*",
    "parts (be)? merge ((comma|and|into|consist|falls_into)* (parts|whole))?",
    "(np|it)? (falls_into|consist|have)+ whole",
    "(np|it)? consist whole but (amount|parts)",
    "np be in whole",
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
    return [*first, islands, *_counted([*before, *later], in_one=False)]


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
    is_one = all(one.what == "islands" and one.amount == Amount(1) for one in _held(match))
    first = [*first, *_structure(match, context)] if first is not None and is_one else None
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


# -- pictures -----------------------------------------------------------------------------------------------------------


@construction("np be? (adjective (and|comma)?)* pervade", "np pervade")
def _pervades(match: Match, context: Context) -> list[Claim] | None:
    """Diffuse emission that fills much of the picture is of the large kind."""
    (group,) = (one.value for one in match.all("np"))
    said = {
        *group.nouns[0].subject.split("|"),
        *(label for one in match.all("adjective") for label in str(one.value).split("|")),
    }
    if denials(match) or group.nouns[0].quantifier or len(group.nouns) > 1 or not said & {"DIFFUSE", "DIFFUSE-LARGE"}:
        return None
    return [Claim("presence", "DIFFUSE-LARGE")]


@construction("np (have|lack) np ((comma|and|or|nor)+ np)*")
def _emission_has(match: Match, context: Context) -> list[Claim] | None:
    """ "The emission shows no filaments": none is there."""
    first, *rest = match.all("np")
    if context.is_central or first.text.lower().split()[-1] != "emission" or first.value.nouns[0].subject != ANY_OBJECT:
        return None
    return (
        there_is(listed(match.all("np", "comma", "and", "or", "nor")[1:]), (), context, is_there=not denials(match))
        if rest
        else None
    )


@construction("np ((comma|or) np)+ comma visible", "np box_word np")
def _appositive(match: Match, context: Context) -> list[Claim] | None:
    """ "Rings, the residue of imperfect imaging, can be seen": two names of one thing; and what artefacts surround."""
    nouns = [one.value.nouns[0] for one in match.all("np")]
    subjects = {one.subject for one in nouns}
    if match.all("box_word"):
        is_one = (
            nouns[0].subject == "ARTIFACT"
            and nouns[1].subject == ANY_OBJECT
            and match.all("box_word")[0].text.lower().startswith("surround")
        )
        return there_is(Group(tuple(nouns[:1])), (), context) if is_one else None
    return there_is(Group(tuple(nouns[:1])), (), context, is_there=not denials(match)) if len(subjects) == 1 else None


# -- wholes, before they fall apart at "and" or "but" -------------------------------------------------------------------

WHO = "(one_of|parts|amount|it)"
SHARES = pattern(
    f"((there be|np? have|np? consist|be|see)? parts (comma|semi|colon|with|and|of|be|visible)*)? {WHO} (have|be|see|with|of|comma)* (peaked|parts|amount|np)? ((comma|and|but|semi|while|where|which|with)* {WHO} (have|be|see|with|of)* (peaked|parts|amount|np)?)*"
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
            before += _counted([one.value], in_one=False)
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
