"""What chunks hold: amounts, noun phrases and measures, and how each is made of the tokens that a rule matched."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from curation.extraction.places import Place
from curation.extraction.tokens import UNKNOWN, Match, Token
from curation.verification.claims import ANY_OBJECT

LIGHT_CM_GHZ = 29.9792458
"""Wavelength times frequency."""
MORE = {"more than": "at least", "fewer than": "at most"}
QUANTIFIERS = {"minority": "minority", "no": "no", "none_of": "no", "all": "all", "most": "most", "not_all": "not all"}
OUTLINED = re.compile(
    r"(?i)\b(?:objects?|detections?|entr(?:y|ies)|things?|items?|boxes|finds?|findings?|hits?|entit(?:y|ies)|obj)$"
)
ONE = ("single", "lone", "sole", "solitary")
TOLD = ("visible", "detected", "identified", "catalogued", "cataloged", "known", "actual", "individual", "entire")
"""Of "the detected sources", which are all of them."""
SEEN = (
    *("obvious", "apparent", "noticeable", "clear", "evident", "discernible", "detectable", "identifiable", "definite"),
    *("recognisable", "recognizable", "perceptible", "observable", "unmistakable", "real", "genuine", "actual"),
    *("true", "visible", "detected", "identified", "clearly visible"),
)
"""Of "no obvious sources": there are none to be seen."""


@dataclass(frozen=True)
class Amount:
    """How many: `count` with `how` as in a claim's; None where the words are vague."""

    count: int | None
    how: str | None = None


SAME = "same"


@dataclass(frozen=True)
class Noun:
    """A noun phrase: of what, how many, and which of them.

    `subject` is a label, "source", "it", or SAME: some of those that were just spoken of.
    """

    subject: str
    is_plural: bool = False
    amount: Amount | None = None
    quantifier: str | None = None
    """"no", "all", "most", "half", "not all", "37 %"."""
    is_definite: bool = False
    is_article: bool = False
    is_only: bool = False
    is_restricted: bool = False
    """Only those that are bright, or the like: which these are is not known."""
    is_seen: bool = False
    """Only those that are clear to be seen: where there are none of these, there are none."""
    is_other: bool = False
    extreme: str | None = None
    places: tuple[Place, ...] = ()
    of: Amount | None = None
    """Of "three of the five sources": five."""
    compared: str | None = None
    """"more" or "fewer", before a "than"."""
    is_singular: bool = False
    """"It", which is never several."""
    is_part: bool = False
    """Of "one of the sources"."""
    is_object: bool = False
    """Anything outlined, be it a source or an artefact: "object", "detection"."""


@dataclass(frozen=True)
class Group:
    """Nouns that one verb speaks of; `is_either` where "or" stands between them."""

    nouns: tuple[Noun, ...]
    is_either: bool = False


@dataclass(frozen=True)
class Parts:
    """Islands or peaks of a source, and how many."""

    what: str
    amount: Amount
    is_definite: bool = False
    is_vague: bool = False
    """Said without a number: "islands", "separate components"."""
    is_further: bool = False
    """A second one, another one, beside the first."""


THIS = Group((Noun("it", is_definite=True),))


def joined(match: Match, category: str, value: object = None) -> Token:
    return Token(category, *match.span, value, text=" ".join(one.text for one in match.matched))


# -- amounts and measures -------------------------------------------------------------------------------------------


def as_centre(match: Match) -> Token | None:
    """Of "dead centre: an extended source", "right at the centre" where that is of the picture."""
    after = match.tokens[match.found.end() : match.found.end() + 1]
    if after and after[0].category == "of":
        return None
    return joined(match, "place", Place(*match.span, "centre"))


def as_range(match: Match) -> Token | None:
    low, high = match.all("number")
    if any(one.text == "/" for one in match.all("or")):
        return None  # three out of seven
    return joined(match, "number", (low.value[0], high.value[1])) if low.value[0] < high.value[1] else None


def as_amount(match: Match) -> Token | None:
    (one,) = match.all("number", "counted", "vague", "a_number")
    hows = [each.value for each in match.all("bound", "bound_after") if each.value != "exact"]
    if one.category == "vague":
        return None if hows else joined(match, "amount", Amount(None, one.value))
    low, high = one.value if one.category == "number" else (int(one.value), int(one.value))
    if low != high or len(hows) > 1:
        return joined(match, "amount", Amount(high, f"{low} to")) if len(hows) < 1 else None
    how = hows[0] if hows else None
    if how in MORE:
        return joined(match, "amount", Amount(low + (1 if how == "more than" else -1), MORE[how]))
    return joined(match, "amount", Amount(low, how))


def figure(one: Token) -> float:
    """The number of a token of digits or words."""
    return float(one.value[0] if isinstance(one.value, tuple) else one.value)


def as_angle(match: Match) -> Token:
    """Milliarcseconds; of two by two."""
    figures = [figure(one) for one in match.all("number", "decimal")]
    units = [float(one.value) for one in match.all("unit")]
    units = units if len(units) == len(figures) else units[:1] * len(figures)
    return joined(match, "angle", [round(one * unit) for one, unit in zip(figures, units, strict=True)])


def as_part_of_a_unit(match: Match) -> Token:
    """Of "half a degree": so many milliarcseconds."""
    (share,), (unit,) = match.all("fraction"), match.all("unit")
    return joined(match, "angle", [round(float(share.value) / 100 * float(unit.value))])


def as_more_than_one(match: Match) -> Token | None:
    """Of "more than one arcminute", which is a limit and no number of things."""
    after = match.tokens[match.found.end() : match.found.end() + 1]
    is_limit = bool(after) and after[0].category == "unit" and match.matched[0].text.lower() == "more than one"
    return joined(match, "bound", "more than") if is_limit else None


def as_one_unit(match: Match) -> Token | None:
    """A unit after such a limit: one of it."""
    before = match.tokens[match.found.start() - 1] if match.found.start() else None
    is_one = before is not None and before.category == "bound" and before.text.lower() == "more than one"
    return joined(match, "angle", [round(float(match.matched[0].value))]) if is_one else None


def as_limit(match: Match) -> Token | None:
    """Of "smaller than", "below" and the like where a measure follows."""
    after, said = match.tokens[match.found.end() : match.found.end() + 1], match.matched[0]
    how = {"larger": "more than", "smaller": "fewer than", "above": "more than", "below": "fewer than"}
    if not after or after[0].category not in ("angle", "pixels", "frequency") or str(said.value) not in how:
        return None
    return joined(match, "bound", how[str(said.value)])


def as_pixels(match: Match) -> Token:
    """So many pixels, or so many by so many."""
    return joined(match, "pixels", [round(figure(one)) for one in match.all("number", "decimal")])


def as_frequency(match: Match) -> Token:
    (number,), (unit,) = match.all("number", "decimal"), match.all("hertz", "wave")
    value = figure(number)
    mhz = value * unit.value if unit.category == "hertz" else 1000 * LIGHT_CM_GHZ / max(value * unit.value, 1e-9)
    return joined(match, "frequency", (round(mhz), unit.category == "wave"))


def as_percent(match: Match) -> Token | None:
    figures, words = match.all("number", "decimal"), match.all("fraction")
    hows = [one.value for one in match.all("bound") if one.value != "exact"]
    if figures and isinstance(figures[0].value, tuple) and figures[0].value[0] != figures[0].value[1]:
        return None  # "between 10 and 15 per cent"
    value = figure(figures[0]) if figures else float(words[0].value)
    return joined(match, "percent", (value, next((one for one in hows if one != "about"), "about" if words else None)))


def as_fraction(match: Match) -> Token | None:
    """Of "seven tenths": so many per cent."""
    number, part = match.matched
    low, high = number.value
    return joined(match, "fraction", round(100 * low / float(part.value), 1)) if low == high <= part.value else None


def as_share(match: Match) -> Token:
    """So many per cent of the picture, of its area or along an axis: (per cent, bound, axis)."""
    (percent,), axes = match.all("percent"), match.all("axis")
    return joined(match, "share", (*percent.value, axes[0].value if axes else None))


def as_some_share(match: Match) -> Token:
    """Of "some 25 per cent": about so many."""
    one = match.matched[1]
    return replace(one, start=match.span[0], value=(one.value[0], one.value[1] or "about", *one.value[2:]))


def as_preposition(match: Match) -> Token | None:
    """Of "above" and the like where no number follows."""
    (one,), after = match.matched, match.tokens[match.found.end() : match.found.end() + 1]
    if after and after[0].category in ("angle", "pixels", "frequency"):
        return None
    if one.value == "exact":
        return replace(one, category="decoration")
    said = one.text.lower()
    category, value = PREPOSITIONS.get(said if said in PREPOSITIONS else said.split(" ")[-1], (None, None))
    return replace(one, category=category, value=value) if category else None


PREPOSITIONS = {
    "above": ("beside", "above"), "over": ("beside", "above"), "below": ("beside", "below"),
    "under": ("beside", "below"), "around": ("surround", None), "close to": ("surround", None), "some": ("some", None),
}  # fmt: skip


# -- verbs ----------------------------------------------------------------------------------------------------------


def as_verb(match: Match) -> Token:
    """A verb with every "not" about it."""
    verb = next(one for one in match.matched if one.category not in ("do", "not"))
    n_denials = len(match.all("not")) + verb.is_denied
    return replace(verb, start=match.span[0], end=match.span[1], is_denied=bool(n_denials % 2))


def as_visible(match: Match) -> Token:
    """Of "is visible", "cannot be seen", "is absent": a predicate of being there."""
    n = sum(one.is_denied for one in match.matched) + len(match.all("absent")) + len(match.all("not"))
    return replace(joined(match, "visible"), is_denied=bool(n % 2))


def as_seen(match: Match) -> Token | None:
    """Of "we do not spot", "one finds": whoever looks sees it, or does not."""
    first = match.matched[0]
    if first.category != "person" and first.text.lower() != "one":
        return None
    n = sum(one.is_denied for one in match.matched) + len(match.all("not"))
    return replace(joined(match, "see"), is_denied=bool(n % 2))


def as_forming(match: Match) -> Token | None:
    """Of "does not form": a verb, no noun."""
    return as_category("consist")(match) if match.matched[-1].text.lower() == "form" else None


def as_of_kind(match: Match) -> Token:
    """Of "of the compact variety": what is of a class's kind is of the class."""
    (said,) = match.all("adjective", "sign")
    return replace(said, category="adjective", start=match.span[0], end=match.span[1])


def as_category(category: str) -> Callable[[Match], Token]:
    """Another category for all that matched, denied as its words are."""

    def made(match: Match) -> Token:
        n = sum(one.is_denied for one in match.matched) + len(match.all("not"))
        return replace(joined(match, category, match.matched[-1].value), is_denied=bool(n % 2))

    return made


def as_passive(match: Match) -> Token | None:
    """Of "is not affected by": the picture has it not."""
    return as_category("have")(match) if match.matched[-1].text.endswith((" by", " with")) else None


# -- nouns ----------------------------------------------------------------------------------------------------------


def as_noun(match: Match) -> Token | None:
    """A noun phrase: words before the head, adjectives of classes with or without "and", and the head."""
    tokens = list(match.matched)
    named = [one for one in tokens if one.category in ("adjective", "noun", "sign")]
    subjects = [str(one.value[0] if one.category == "noun" else one.value) for one in named]
    if any(one.value[1] not in (None, "about") for one in match.all("percent")):
        return None  # "a little over half of them"
    if len(match.all("no", "none_of")) > 1:
        return None  # "no absence of"
    if match.all("other") and match.all("all", "extreme"):
        return None  # "every second one", "all other sources", "the second largest"
    head = next((one for one in reversed(tokens) if one.category in HEADS), tokens[-1])
    if not subjects and head.category != "object":
        return None
    links = [one.category for one in tokens if one.category in ("and", "or", "nor")]
    base = determined(match, head)
    if base.quantifier == "no" and [one.text.lower() for one in match.all("other")] == ["second"]:
        base = Noun(ANY_OBJECT, amount=base.amount or Amount(1, "at most"))  # "no second source"
    if not subjects and base.is_definite and " ".join(one.text.lower() for one in tokens[:2]) == "the one":
        base = replace(base, amount=None)  # "the one source is extended, the other compact"
    if len(subjects) > 1 and not links:
        merged = _one_of(subjects)
        if merged is None:
            return joined(match, "np", Group(tuple(replace(base, subject=one) for one in dict.fromkeys(subjects))))
        subjects = [merged]
    nouns = [replace(base, subject=one) for one in dict.fromkeys(subjects or [ANY_OBJECT])]
    rest = [replace(one, amount=None) if base.amount and base.amount.count else one for one in nouns[1:]]
    return joined(match, "np", Group((nouns[0], *rest), "or" in links))


HEADS = ("noun", "sign", "object", "galaxy", "ones", "klass", "blank_noun", "border_noun")


def _one_of(subjects: Sequence[str]) -> str | None:
    """The label that several words for one thing agree on: "extended" and "multi-island source"."""
    sets = [set(one.split("|")) for one in subjects]
    both = set.intersection(*sets)
    if not both:
        return None
    return next((one for one in subjects if set(one.split("|")) == both), "|".join(sorted(both)))


def determined(match: Match, head: Token) -> Noun:
    """What the words before the head say, without of what it is."""
    seen = {one.category for one in match.matched}
    amounts, percents = match.all("amount"), match.all("percent")
    quantifier = next((QUANTIFIERS[one.category] for one in match.matched if one.category in QUANTIFIERS), None)
    single = any(one.category == "qualifier" and one.text.lower() in ONE for one in match.matched)
    counts = [one.value for one in amounts] or ([Amount(1)] if single and not head.text.lower().endswith("s") else [])
    if percents and percents[0].category == "percent":
        is_half = percents[0].value == (50.0, "about")
        quantifier = "half" if is_half else f"{percents[0].value[0]:g} %"
    is_plural = bool(head.value[1]) if head.category == "noun" else head.text.lower().endswith("s")
    plain = (*ONE, *TOLD) if "the" in seen else (*ONE, *SEEN) if quantifier == "no" else ONE
    order = [one.category for one in match.matched]
    is_sole = "only" in seen and "the" in order[: order.index("only")] and not counts and not is_plural
    counts = [Amount(1)] if is_sole else counts  # "the only compact source": there is one, others there may be
    return Noun(
        ANY_OBJECT, is_plural, counts[0] if counts else None, quantifier, of=counts[1] if len(counts) > 1 else None,
        compared=next((one.value for one in match.all("more")), None),
        is_definite="the" in seen and len(counts) < len("of") and not _is_part(match), is_part=_is_part(match),
        is_article="a" in seen, is_only="only" in seen and not is_sole, is_other=bool({"other", "more"} & seen),
        is_restricted=any(one.category == "qualifier" and one.text.lower() not in plain for one in match.matched),
        is_seen=all(one.text.lower() in (*ONE, *SEEN) for one in match.all("qualifier")),
        extreme=next((one.value for one in match.all("extreme")), None),
        is_object=head.category == "object" and OUTLINED.search(head.text) is not None,
        places=tuple(Place(one.start, one.end, str(one.value)) for one in match.all("side")),
    )  # fmt: skip


def as_again(match: Match) -> Token | None:
    """The same twice: "3 (three)"."""
    one, other = match.all("amount")
    return one if one.value == other.value else None


def as_kinds(match: Match) -> Token:
    """Of "two kinds of sources": how many kinds."""
    return joined(match, "kinds", match.all("amount")[0].value)


def as_floated(match: Match) -> Token | None:
    """Of "the compact sources all lie …": all of them, where no number and no other word of amount stands."""
    one, _ = match.matched
    (noun, *more), after = one.value.nouns, match.tokens[match.found.end() : match.found.end() + 1]
    is_open = not more and noun.is_definite and noun.is_plural and not (noun.quantifier or noun.amount)
    is_before_verb = bool(after) and after[0].category in ("lie", "be", "visible", "have", "exist", "consist")
    if not is_open or noun.is_restricted or not is_before_verb:
        return None
    return joined(match, "np", Group((replace(noun, quantifier="all"),)))


def as_named_twice(match: Match) -> Token | None:
    """Of "a supernova remnant (SNR)": the same thing by its sign."""
    first, *_, second = match.all("np", "sign", "adjective")
    said = {each.subject for each in second.value.nouns} if second.category == "np" else {str(second.value)}
    is_same = first.category == "np" and said == {each.subject for each in first.value.nouns}
    return replace(first, end=match.span[1]) if is_same else None


def as_restricted(match: Match) -> Token | None:
    """Of "one source that is flagged": one flagged source."""
    first, that, verb, what = match.matched
    (noun, *more), said = first.value.nouns, what.value.nouns if what.category == "np" else ()
    is_open = noun.subject == ANY_OBJECT and not (more or noun.is_definite or noun.quantifier or noun.is_only)
    is_bare = len(said) == 1 and not (said[0].quantifier or said[0].amount or said[0].extreme or said[0].places)
    if that.text.lower() not in ("that", "which") or verb.is_denied or not is_open or (said and not is_bare):
        return None
    label = said[0].subject if said else str(what.value)
    return joined(match, "np", Group((replace(noun, subject=label),))) if label not in ("it", ANY_OBJECT) else None


def as_of_class(match: Match) -> Token | None:
    """Of "something of unusual shape": one of that class."""
    one, said = match.matched
    (noun, *more) = one.value.nouns
    is_open = noun.subject == ANY_OBJECT and not (more or noun.is_definite or noun.quantifier or noun.is_only)
    if not is_open or not said.text.lower().startswith(("of ", "with ")):
        return None
    return joined(match, "np", Group((replace(noun, subject=str(said.value)),)))


def _is_part(match: Match) -> bool:
    """Whether only some are meant: "two of the sources"."""
    kinds = [one.category for one in match.matched]
    return "amount" in kinds and kinds[kinds.index("amount") :][1:3] == ["of", "the"]


def as_blank(match: Match) -> Token:
    """Blank pixels, or the end of the map, as a noun."""
    head = next(one for one in reversed(match.matched) if one.category in ("blank_noun", "border_noun"))
    return joined(match, "np", Group((replace(determined(match, head), subject=str(head.value)),)))


def as_parts(match: Match) -> Token:
    """Islands or peaks of a source, and how many."""
    part = match.all("part")[0]
    if match.all("other") or len(match.all("amount")) > 1:
        return joined(match, UNKNOWN)  # "a third peak", "one of several islands"
    amounts, seen = match.all("amount"), {one.category for one in match.matched}
    is_plural = part.text.lower().split(" of ")[0].endswith(("s", "ma"))
    amount = amounts[0].value if amounts else Amount(None, "several") if is_plural else Amount(1)
    return replace(joined(match, "parts", Parts(part.value, amount)), is_denied="no" in seen)


def as_pronoun(match: Match) -> Token:
    kinds = [one.category for one in match.matched]
    quantifier = "no" if "nope" in kinds else next((QUANTIFIERS[one] for one in kinds if one in QUANTIFIERS), None)
    is_singular = match.matched[-1].text.lower() in ("it", "this")
    noun = Noun("it", is_definite=True, quantifier=quantifier, is_singular=is_singular and quantifier is None)
    return joined(match, "np", Group((noun,)))


def as_one(match: Match) -> Token | None:
    """Of "the larger one": "one" as a head, and what it is if an adjective says so."""
    *before, last = match.matched
    if last.text.lower() != "one" or not before:
        return None
    named = [str(one.value) for one in before if one.category == "adjective"]
    if any(one.category == "other" for one in before) and not named:
        return joined(match, "np", Group((Noun(SAME, amount=Amount(1, "at least")),)))
    base = replace(
        determined(match, last), amount=None, is_plural=False, subject=_one_of(named) or "" if named else "it"
    )
    return joined(match, "np", Group((base,))) if base.subject else None


def as_superlative(match: Match) -> Token:
    """Of "the larger of the two": of those just spoken of."""
    how = {"larger": "largest", "smaller": "smallest"}[match.all("compare")[0].value]
    of = [noun for one in match.all("np") for noun in one.value.nouns if noun.subject not in ("it", SAME)]
    if not match.all("the") and " the " not in f" {match.matched[0].text.lower()}":
        return joined(match, UNKNOWN)
    if of:
        is_of_two = len(of) == 1 and of[0].is_definite and of[0].amount == Amount(2) and not of[0].is_restricted
        noun = Noun(of[0].subject, is_definite=True, extreme=how, of=Amount(2))
        return joined(match, "np" if is_of_two else UNKNOWN, Group((noun,)))
    return joined(match, "np", Group((Noun("it", is_definite=True, extreme=how),)))


def as_larger(match: Match) -> Token | None:
    """Of "the larger source": the largest of two."""
    the, compare, one = match.matched
    (noun, *more) = one.value.nouns
    is_open = the.text.lower() == "the" and not (noun.amount or noun.quantifier or noun.is_plural or noun.places)
    how = {"larger": "largest", "smaller": "smallest"}[str(compare.value)]
    is_open = is_open and not (more or noun.is_definite or noun.is_article or noun.is_other or noun.subject == "it")
    two = Noun(noun.subject, is_definite=True, extreme=how, of=Amount(2))
    return joined(match, "np", Group((two,))) if is_open else None


def as_nothing(match: Match) -> Token:
    return joined(match, "np", Group((Noun(ANY_OBJECT, quantifier="no"),)))


def as_everything(match: Match) -> Token:
    """All that is in the picture."""
    return joined(match, "np", Group((Noun(ANY_OBJECT, is_plural=True, quantifier="all"),)))


def listed(tokens: Sequence[Token]) -> Group:
    """Nouns in a list as one group; "no" holds for all that have no word of their own before them."""
    nouns, is_no, is_either = list[Noun](), False, False
    for at, one in enumerate(tokens):
        is_no = is_no and one.category != "but"
        is_either |= one.category == "or" or (one.category == "np" and one.value.is_either)
        has_nor = any(each.category == "nor" for each in tokens[at:])
        is_only = one.category == "np" and one.text.lower().startswith(("only ", "just ", "merely "))
        is_no = is_no and not (is_only or (one.category == "np" and one.value.nouns[0].is_only))
        is_open = is_no and not any(each.category in ("and", "or", "nor") for each in tokens[1:])
        for noun in one.value.nouns if one.category == "np" else ():
            has_own = noun.quantifier or noun.amount or noun.is_article or noun.is_definite
            after_nor = at > 0 and tokens[at - 1].category == "nor"
            is_no = noun.quantifier == "no" or after_nor or (is_no and (has_nor or not has_own))
            is_lost = is_open and at > 0 and noun.quantifier != "no"  # "no artefacts, filaments": are these there?
            nouns.append(replace(noun, subject="") if is_lost else replace(noun, quantifier="no") if is_no else noun)
    return Group(tuple(nouns), is_either and any(one.quantifier != "no" for one in nouns))


PRE = (
    "((the|a|no|none_of|not_all|all|most|minority|some|amount|percent|only|other|qualifier comma|qualifier|odd comma"
    "|odd|more|extreme|side|any|(no|any) visible) of?)*"
)
