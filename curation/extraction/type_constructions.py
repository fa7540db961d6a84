"""Constructions about what a source is, what fits and what is ruled out, its edges, and what a picture shows."""

from curation.extraction.chunks import Group, Noun, listed
from curation.extraction.constructions import Context, construction, predicated, state, there_is
from curation.extraction.source_claims import LABELLED, denials, named, structure_of, subject_of
from curation.extraction.tokens import Match
from curation.verification.claims import ANY_OBJECT, Claim

# -- what it is, and what it is not -----------------------------------------------------------------------------------


STELLAR = frozenset({"PULSAR", "STAR", "YSO", "LBV", "WR", "HMXB", "LMXB", "HMXB|LMXB", "STAR|YSO|LBV|WR"})


@construction("np have np", "np be np", "np (absent|visible) np")
def _associated(match: Match, context: Context) -> list[Claim] | None:
    """As in "It harbours a pulsar", "a luminous blue variable is associated with the source"."""
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
    """As in "morphology: EXTENDED", a member of a form."""
    if not context.is_central:
        return None
    no = len(match.all("no", "not")) % 2 == 1
    names = [subject_of(one) for one in match.all("np", "sign", "adjective")]
    if not names:
        return structure_of(match, context)
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
    "introduce (not|no|a|the|as|to)* (adjective|np|sign) ((comma|and|or|nor|but|rather)+ "
    "(no|not|a|the|rather|as|to)* (adjective|np|sign))*"
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
    """As in "An FR II fits", "neither FR I nor FR II is a clear fit"."""
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


# -- edges ------------------------------------------------------------------------------------------------------------


@construction(
    "(np|it|parts)? (be|have|lack|see|see_not|with|there|the|a|no|comma|rather|any)* edges "
    "(comma|and|visible|absent|be|exist)*",
    "(the|no)? edges (be|lie) (visible|absent)",
    "edges be what np (have|lack)",
)
def _edges(match: Match, context: Context) -> list[Claim] | None:
    first = named(match, context)
    negative, _, label = match.all("edges")[0].value.rpartition(" ")
    if first is None or label not in context.scheme.labels:
        return None
    is_there = not ((denials(match) + bool(negative) + len(match.all("no", "rather"))) % 2)
    return [*first, *structure_of(match, context), Claim("presence", label, state(is_there))]


# -- pictures -------------------------------------------------------------------------------------------------------


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
    """As in "The emission shows no filaments": none is there."""
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
    """Two names of one thing, "rings, the residue of imperfect imaging"; and artefacts that surround a source."""
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
