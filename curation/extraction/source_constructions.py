"""Constructions about one source: its lobes and its Fanaroff-Riley class, what it is and what it is not."""

import re
from dataclasses import replace

from curation.extraction.constructions import Context, construction, predicated, resolved, said_to_be, state, there_is
from curation.extraction.part_constructions import whole
from curation.extraction.phrases import Group, Noun, listed
from curation.extraction.source_claims import GENERIC, counted_parts, denials, named, of_class, side_of, subject_of
from curation.extraction.source_words import fanaroff_riley
from curation.extraction.tokens import Match
from curation.verification.claims import ANY_OBJECT, Claim
from schemas.labels import Truth

__all__ = ["whole"]
"""What a statement says that falls apart nowhere; importing this module fills the table."""

CLASS = {"faint": 1, "bright": 2}
TYPE = re.compile(r"(?i)\b(?:type|kind|class|variety|sort|category|family|subclass)(?: ii?)?$")
TAILS = {"small": "NAT", "wide": "WAT"}
"""Classes by the angle between the tails."""
LINKING = ("associated", "counterpart", "behind", "responsible", "power", "drive", "produce", "cause")
STELLAR = frozenset({"PULSAR", "STAR", "YSO", "LBV", "WR", "HMXB", "LMXB", "HMXB|LMXB", "STAR|YSO|LBV|WR"})
PLAIN = "(adjective|sign|np)"
LABELLED = f"(a|the|no)* {PLAIN}"
NAMES = f"{LABELLED} ((and|or|nor)+ {LABELLED})*"
HERE = "(at_ends|at_core|flank|place|outwards|visible|exist|lie|be|by|at|of|comma)*"

# -- Fanaroff and Riley, tails, pairs of lobes ------------------------------------------------------------------------


@construction(
    "(np|lobes|gleam|flank|it|brightest_part)? (flank|comma|be|of|the|a)* profile",
    "flank comma? (lobes|np|gleam) profile",
    "lobes flank* fade_in_place",
    "flank comma? (np|it|lobes|gleam)? fade_in_place",
    "brightest_part (be|lie|exist|visible|taken|of|see|mark)* (at_core|at_ends|place)",
    "the? (core|tip|lobes) be the? brightest_part",
    "outshine",
    "(at_ends|at_core) comma? (lobes|np|gleam) be the? extreme",
    "(np|lobes|flank|brightest_part|gleam)? (be|flank|at_ends)* "
    f"(end_in|tip|have|see|see_not|lack|visible|lie|exist|at|by|of)* (the|a)? hotspots {HERE} absent? {HERE}",
    f"(at_ends|flank|place|there)* (be|lie|see|see_not|exist) hotspots {HERE}",
    f"np? (have|see|with|be)* lobes (with|have|end_in|np|at)+ hotspots {HERE}",
    f"hotspots (mark|end_in|tip)+ (the|a|both|of|tip)* (lobes|at_ends|place)? {HERE}",
    examples=("The source fades outwards.", "The lobes end in bright hotspots."),
)
def _fades(match: Match, context: Context) -> list[Claim] | None:
    """How the brightness runs from the core to the ends says which of the two classes it is."""
    number, is_there, sides = _number(match), not denials(match), side_of(match)
    if number is None or any(one.value != "brightest" for one in match.all("extreme")):
        return None
    if not context.is_central:  # one galaxy among others
        nouns, label = match.all("np"), fanaroff_riley(context.scheme, number)
        is_first = len(nouns) == 1 and match.matched[0] is nouns[0]
        noun = resolved(nouns[0].value.nouns[0], context) if is_first else None
        return said_to_be(noun, Noun(label), context, is_true=is_there) if noun and label else None
    is_one = any(not one.value.is_plural and one.value.quantifier is None for one in match.all("hotspots"))
    if is_one and is_there and sides != "only" and not any(one.value.is_plural for one in match.all("lobes")):
        sides = "one"
    first, made = named(match, context), of_class(context, number, is_there=is_there, sides=sides)
    return None if first is None or made is None else [*first, *made]


def _number(match: Match) -> int | None:
    """The class that fading, hotspots, or the place of the brightest part stand for."""
    said, kinds = {one.value for one in match.all("profile", "outshine")}, {one.category for one in match.matched}
    if said:
        return CLASS[said.pop()] if len(said) == 1 else None
    if "hotspots" not in kinds and kinds & {"fade_in_place", "at_core", "core"}:
        return 1
    if "hotspots" not in kinds and "place" in kinds:
        return 1 if match.all("place")[0].value.name == "centre" else None
    return 2


@construction(
    "rather (profile|fade_in_place) comma? (np|lobes|gleam|flank)? be? profile",
    "(np|lobes|gleam) (profile|fade_in_place) but profile",
)
def _fades_not(match: Match, context: Context) -> list[Claim] | None:
    """Instead of fading, the lobes brighten outwards."""
    said, other = match.all("profile", "fade_in_place")[:2]
    if match.matched[0].category == "rather" or match.all("but"):
        said, other = other, said
    is_so = not said.is_denied and other.is_denied == bool(match.all("but"))
    first = named(match, context)
    if first is None or not is_so or said.category != "profile" or said.value == (other.value or "faint"):
        return None
    made = of_class(context, CLASS[str(said.value)], is_there=True, sides=side_of(match))
    return None if made is None else [*first, *made]


@construction(f"flank comma? be? {LABELLED}")
def _side(match: Match, context: Context) -> list[Claim] | None:
    """One side of the source is like a class."""
    subject, no = subject_of(match.matched[-1]), denials(match) != bool(match.all("no"))
    number = next((n for n in (1, 2) if subject == fanaroff_riley(context.scheme, n)), None)
    return of_class(context, number, is_there=not no, sides=match.all("flank")[0].value) if number else None


@construction(
    "(np? (have|be|with))? np flank (comma|and|but|where)* np flank",
    "flank comma? (np (be|have))? np (comma|and|but|where)* flank (np (be|have))? np",
    examples=("An FR I jet on one side and an FR II lobe on the other",),
)
def _one_each(match: Match, context: Context) -> list[Claim] | None:
    """One class on one side, the other on the other."""
    subjects, classes = (
        {subject_of(one) for one in match.all("np")} - {"it"},
        {fanaroff_riley(context.scheme, n) for n in (1, 2)},
    )
    is_each = {str(one.value) for one in match.all("flank")} == {"one", "other"} and not denials(match)
    return (
        [Claim("presence", "HYBRID")] if "HYBRID" in context.scheme.labels and subjects == classes and is_each else None
    )


@construction(
    "not? flank comma? alike", "lobes comma? alike", "np? (have|be|see|lack|consist)* (a|the|no)* mixture",
    f"np? (have|be|see|lack|consist)* (a|the|no)* mixed_of {LABELLED} (and|with|comma)+ mixed_of? {LABELLED}",
)  # fmt: skip
def _mixture(match: Match, context: Context) -> list[Claim] | None:
    """Both sides are of one class, or not."""
    hybrid = next((one for one in ("HYBRID", "FR-X") if one in context.scheme.labels), None)
    said = {subject_of(one) for one in match.all("np", "sign", "adjective")} - set(GENERIC)
    is_mixed = match.all("mixture", "alike") or said == {fanaroff_riley(context.scheme, n) for n in (1, 2)}
    if hybrid is None or not is_mixed or any(one.value != "two" for one in match.all("flank")):
        return None
    no = denials(match) != (bool(match.all("no")) or any(one.value != "different" for one in match.all("alike")))
    return [Claim("presence", hybrid, state(no == bool(match.all("not"))))]


@construction("lobes be (adjective|sign|np)", "lobes", "np? (have|be|see|with)+ lobes")
def _lobes_are(match: Match, context: Context) -> list[Claim] | None:
    """As in "edge-brightened lobes", "the lobes are plume-like"."""
    is_first = match.matched[0].category == "lobes"
    first = [] if is_first else named(match, context)
    label = (
        subject_of(match.matched[-1]) if is_first and len(match.matched) > 1 else match.all("lobes")[0].value.subject
    )
    if first is None or label in ("", *GENERIC) or not context.is_central:
        return None
    return [*first, Claim("presence", label, state(not denials(match)))]


@construction(
    "(np|lobes|flank|it)? (both|be)* bend (to_one_side|flank|comma|outwards|at_core|place)*",
    "(np|lobes)? (be|lie)? straight",
    "(np|lobes)? (be|have|bend|to_one_side|enclose|with|at|comma|consist|the|of|it|and)* angle",
    "lobes bend to_one_side? (with|at|comma|and)* angle comma? as at np",
)
def _bent(match: Match, context: Context) -> list[Claim] | None:
    """Tails that bend are of one of the two classes, the angle between them says of which."""
    first, is_true = named(match, context), bool(match.all("straight")) == denials(match)
    labels = [TAILS.get(str(one.value)) for one in match.all("angle")] or ["|".join(TAILS.values())]
    if first is None or None in labels or not set(TAILS.values()) <= set(context.scheme.labels):
        return None
    claimed = [str(labels[0])] if is_true else str(labels[0]).split("|")
    return [*first, *(Claim("presence", one, state(is_true)) for one in claimed)]


@construction(
    "(np|lobes)? (have|consist|be|see|see_not|there|lack|with|the|a|no|only|exist|visible|two)* "
    "(pairs|double_double) (of|np|lobes|visible|exist|comma)*",
    "pairs (be|comma)* double_double",
    "np have lobes comma (pairs|double_double)",
)
def _pairs(match: Match, context: Context) -> list[Claim] | None:
    """Two pairs of lobes make a double-double, one pair does not."""
    first, is_true = named(match, context), denials(match) == bool(match.all("no"))
    if first is None or "D-D" not in context.scheme.labels:
        return None
    count, pairs = 2, match.all("pairs")
    if pairs:
        one = pairs[0].value
        count = one.amount.count if one.amount else 2 if one.is_other or match.all("double_double") else None
        if count is None or one.amount and one.amount.how not in (None, "at least", "exact"):
            count = 1 if is_true and (one.is_only or "single" in pairs[0].text.lower()) else None
        if count not in (1, 2) or (count == 1 and not is_true and one.quantifier != "no"):
            return None
    return [*first, Claim("presence", "D-D", state((count == 1) != is_true))]


# -- what it is, and what it is not -----------------------------------------------------------------------------------


@construction("np have np at?", "np be np", "np (absent|visible) np")
def _associated(match: Match, context: Context) -> list[Claim] | None:
    """As in "It harbours a pulsar", "a luminous blue variable is associated with the source"."""
    source, what = (one.value.nouns[0] for one in match.all("np"))
    if not match.all("have"):
        source, what = what, source
    is_linked = any(word in one.text.lower() for one in match.all("be") for word in LINKING)
    is_source = source.subject in GENERIC and not (source.quantifier or source.is_plural or source.is_other)
    is_one = not what.is_plural and not what.places and (what.amount is None or what.amount.count == 1)
    is_said = (is_linked or match.all("have")) and is_source and is_one and what.subject in STELLAR
    is_true = denials(match) == (what.quantifier == "no")
    return [Claim("presence", what.subject, state(is_true))] if is_said and context.is_central else None


@construction("(the|there|be|np|gleam)+ phrase")
def _phrase_of(match: Match, context: Context) -> list[Claim] | None:
    """A phrase that says by itself that a label holds, after its subject."""
    nouns, (label, is_there) = [one.value.nouns[0] for one in match.all("np")], match.all("phrase")[0].value
    is_plain = len(nouns) <= 1 and all(one.subject in GENERIC and not one.quantifier for one in nouns)
    return [Claim("presence", label, state(is_there))] if is_plain and not denials(match) else None


@construction(
    "np be more? like? np than like? np",
    "np suits than np",
    "(sign|adjective) suits than (sign|adjective)",
    examples=("The source is more like an FR-I than an FR-II.",),
)
def _rather_than(match: Match, context: Context) -> list[Claim] | None:
    """That one class fits better than another."""
    *first, one, other = match.all("np", "sign", "adjective")
    labels, compared = [subject_of(one), subject_of(other)], [each.value for each in match.all("more")]
    compared += [each.compared for each in one.value.nouns] if one.category == "np" else []
    how = "more" if match.all("suits") else next((each for each in compared if each), None)
    is_plain = context.is_central and not denials(match) and all(each.value != "no" for each in match.all("suits"))
    said = [] if not first else named(match, context)
    if how is None or said is None or not is_plain or set(labels) & {"", *GENERIC}:
        return None
    yes, no = labels if how == "more" else labels[::-1]
    return [*said, Claim("presence", yes), Claim("presence", no, Truth.ABSENT)]


LED = "(no|not|a|the|rather|as|to)*"
FITTING = ("introduce", "suits", "reject", "reject_wrongly", "absent", "visible")
CLASSED = ("np", "sign", "adjective", "no", "not", "rather", "or", "nor", "but")


@construction(
    f"(field colon|introduce colon?) {LED} {PLAIN} ((comma|and|or|nor|but|rather)+ {LED} {PLAIN})*",
    "field colon parts",
    f"(not|no|rather)+ {PLAIN} ((comma|rather|colon|but|and|nor|not|no|or)+ {PLAIN})*",
    f"{PLAIN} (comma? (rather|but|not)+ not? {PLAIN})+",
    f"{NAMES} notion? comma? suits",
    f"(the? notion of?|as (to|of)) {NAMES} notion? (comma the? (notion|it|np)?)? suits",
    f"{NAMES} notion? be? (absent|visible)",
    f"(reject|reject_wrongly) {NAMES} notion?",
)
def _classed(match: Match, context: Context) -> list[Claim] | None:
    """As in "morphology: EXTENDED", "not compact, but extended", "neither FR I nor FR II fits", "FR I is ruled out"."""
    said = [replace(one, category="but") if one.category == "colon" else one for one in match.matched]
    what, kinds = predicated([one for one in said if one.category in CLASSED]), {one.category for one in said}
    if what is None or not context.is_central:
        return counted_parts(one.value for one in match.all("parts")) if context.is_central else None
    is_odd = any(one.subject in GENERIC or one.amount or one.places for one in what.nouns)
    is_several = any(one.is_plural for one in what.nouns) and kinds.isdisjoint(FITTING)
    is_none = any(one.quantifier for one in what.nouns) and kinds & {"reject", "reject_wrongly"}
    if is_odd or is_several or is_none or ("and" in kinds and kinds & {"absent", "visible"}):
        return None
    wrong = [one for one in said if one.category == "reject" or one.category == "suits" and one.value != "yes"]
    is_true = denials(match) == bool(wrong)
    if what.is_either and len(what.nouns) > 1:
        either = Claim("presence", "|".join(one.subject for one in what.nouns))
        return [either] if is_true and kinds & {"field", "introduce"} else None
    return [Claim("presence", one.subject, state(is_true != (one.quantifier == "no"))) for one in what.nouns]


@construction("np be np of (np|sign) klass?", examples=("It is an FR-I source of the NAT type.",))
def _of_the_type(match: Match, context: Context) -> list[Claim] | None:
    """A source of a class that is of another besides."""
    first, (_, one, *other) = named(match, context), match.all("np", "sign")
    is_type = TYPE.search(match.matched[-1].text) is not None
    labels = [subject_of(each) for each in (one, *other)]
    if first is None or not is_type or not context.is_central or denials(match) or set(labels) & {"", *GENERIC}:
        return None
    return [*first, *(Claim("presence", label) for label in labels)]


@construction("np be of (np|adjective)")
def _is_of(match: Match, context: Context) -> list[Claim] | None:
    """The source is of the second class."""
    first, what = named(match, context), predicated([match.matched[-1]])
    if first is None or what is None or any(one.subject in GENERIC or one.is_plural for one in what.nouns):
        return None
    is_there = not denials(match) and what.nouns[0].quantifier != "no"
    return [*first, Claim("presence", what.nouns[0].subject, state(is_there))]


@construction(
    "(np|it|parts)? (be|have|lack|see|see_not|with|there|the|a|no|comma|rather|any)* edges "
    "(comma|and|visible|absent|be|exist|lie)*",
    "edges be what np (have|lack)",
)
def _edges(match: Match, context: Context) -> list[Claim] | None:
    """Sharp edges are those of a class, and soft ones of another."""
    first, (negative, _, label) = named(match, context), match.all("edges")[0].value.rpartition(" ")
    if first is None or label not in context.scheme.labels:
        return None
    is_there = denials(match) == bool((bool(negative) + len(match.all("no", "rather"))) % 2)
    return [*first, *counted_parts(one.value for one in match.all("parts")), Claim("presence", label, state(is_there))]


# -- pictures ---------------------------------------------------------------------------------------------------------


@construction("np be? (adjective (and|comma)?)* pervade")
def _pervades(match: Match, context: Context) -> list[Claim] | None:
    """Diffuse emission that fills much of the picture is of the large kind."""
    noun = match.all("np")[0].value.nouns[0]
    said = {label for one in match.all("np", "adjective") for label in subject_of(one).split("|")}
    is_diffuse = bool(said & {"DIFFUSE", "DIFFUSE-LARGE"}) and not noun.quantifier and not denials(match)
    return [Claim("presence", "DIFFUSE-LARGE")] if is_diffuse else None


@construction("np (have|lack) np ((comma|and|or|nor)+ np)*", "np box_word np")
def _there_are(match: Match, context: Context) -> list[Claim] | None:
    """As in "the emission shows no filaments", "artefacts surround the source"."""
    first, *rest = match.all("np", "comma", "and", "or", "nor")
    nouns = [one.value.nouns[0].subject for one in match.all("np")]
    if match.all("box_word"):
        text = match.all("box_word")[0].text.lower()
        around, other = (1, 0) if "surrounded" in text else (0, 1)
        is_around = "surround" in text and nouns[around] == "ARTIFACT" and nouns[other] == ANY_OBJECT
        is_around = is_around and not match.all("np")[other].value.nouns[0].quantifier and not denials(match)
        return there_is(Group(match.all("np")[around].value.nouns[:1]), (), context) if is_around else None
    is_emission = first.text.lower().endswith("emission") and nouns[0] == ANY_OBJECT and not context.is_central
    return there_is(listed(rest), (), context, is_there=not denials(match)) if is_emission else None
