"""The table of constructions: what each way of building a clause claims. No clause outside the table is understood.

A construction is a pattern over chunks (see tokens.pattern and chunks) with examples beside it; the examples are tests.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from curation.extraction.phrases import SAME, Amount, Group, Noun, listed
from curation.extraction.places import Place
from curation.extraction.tokens import Match, Token
from curation.verification import alternatives
from curation.verification.claims import ANY_OBJECT, NO_SOURCE, Claim
from schemas.labels import LabelScheme, Truth

NPS = "not_but? np ((comma|and|or|nor|but)+ np)*"
APS = (
    "(no|not|rather|as|not_but)* (adjective|np|sign)"
    " ((comma|and|or|nor|but|rather)* (no|not|rather|as)* (adjective|np|sign))*"
)
PLACES = "place ((comma|and|or)* place)*"
LABELS_OF_A_PICTURE = ("blank", "edge")
LINKS = ("and", "or", "nor", "but", "comma")


MOST_TRIES = 4000


@dataclass(frozen=True)
class Context:
    """What earlier clauses spoke of, and what was asked: what "it" and an answer of a word lean on."""

    scheme: LabelScheme
    noun: Noun | None = None
    asked: Any = None
    tries: list[int] = field(default_factory=lambda: [MOST_TRIES], compare=False)
    """How many more sentences may be tried: a text of very many joints is given up, and so not read."""
    is_loose: bool = False
    """Whether a sentence of no known form may be read by what it names: not where it is denied as a whole."""

    @property
    def is_central(self) -> bool:
        """Whether labels are those of the source at the centre."""
        return self.scheme.about == "source"


@dataclass(frozen=True)
class Read:
    """The claims of a clause, and what it spoke of last."""

    claims: tuple[Claim, ...]
    noun: Noun | None = None


Made = Callable[[Match, Context], Iterable[Claim] | None]
TABLE: list[tuple[str, Made]] = []


def construction(*written: str, examples: Sequence[str] = ()) -> Callable[[Made], Made]:
    """A way of building clauses, by its patterns; what it claims is the function."""

    def add(made: Made) -> Made:
        TABLE.extend((one, made) for one in written)
        EXAMPLES.extend(examples)
        return made

    return add


EXAMPLES: list[str] = []


def turned_round(one: Claim) -> Claim | None:
    """The claim denied; None where its denial is no claim: of a vague number, or of "only"."""
    is_vague = one.how in ("several", "about", "some", "couple", "few", "dozens", "hundreds")
    if one.kind in ("only", "unread") or (is_vague and (one.kind != "count" or one.how == "some")):
        return None
    if one.kind == "position" and one.count is not None:
        return (
            replace(one, count=None, how=None, state=Truth.ABSENT) if (one.count, one.how) == (1, "at least") else None
        )
    if one.kind == "count" and one.how in ("at least", "at most") and one.count is not None:
        step, how = (-1, "at most") if one.how == "at least" else (1, "at least")
        return replace(one, count=one.count + step, how=None if one.count + step == 0 else how)
    if one.kind == "count" and one.count == 0:
        return replace(one, count=1, how="at least")
    return replace(one, state=Truth.PRESENT if one.state is Truth.ABSENT else Truth.ABSENT)


def negated(claims: Sequence[Claim]) -> list[Claim] | None:
    """What it says that not all of some claims hold; None where none of them can be denied."""
    return alternatives.denied(claims, turned_round)


def state(is_there: bool) -> Truth:
    """Present or absent."""
    return Truth.PRESENT if is_there else Truth.ABSENT


def resolved(one: Noun, context: Context) -> Noun | None:
    """With what "it" stands for; None where that is not known."""
    if one.subject == SAME:
        last = context.noun if context.noun and context.noun.subject not in LABELS_OF_A_PICTURE else None
        if last is not None and not context.is_central:
            return replace(one, subject=last.subject, is_restricted=one.is_restricted or last.is_restricted)
        return None
    if one.subject != "it":  # not "the other compact sources": all but some of those that were just spoken of
        return None if one.is_other and one.is_definite and not one.amount else one
    if one.is_only:
        return None  # "only one of them"
    if context.noun is not None and context.noun.subject in LABELS_OF_A_PICTURE:
        return context.noun
    if context.is_central:
        return replace(one, subject=ANY_OBJECT, places=(Place(0, 0, "centre"),))
    is_lost = context.noun is not None and context.noun.is_restricted and not one.is_singular  # "they": of those there
    if context.noun is None or is_lost or (one.is_singular and context.noun.is_plural):
        return None
    return replace(
        context.noun, quantifier=one.quantifier, extreme=one.extreme, is_definite=True, amount=None, is_article=False,
        places=one.places, is_plural=context.noun.is_plural and not one.places, is_singular=one.is_singular,
    )  # fmt: skip


def is_central(one: Noun, context: Context) -> bool:
    """Whether a noun is the source that the labels are of."""
    at_centre = all(place.name == "centre" for place in one.places)
    one_only = not one.is_plural and one.quantifier is None and not one.extreme and not one.is_other
    is_any = one.subject == ANY_OBJECT and (one.is_definite or bool(one.places))
    return context.is_central and at_centre and one_only and is_any


# -- what is there --------------------------------------------------------------------------------------------------


def there_is(group: Group, where: Sequence[Place], context: Context, *, is_there: bool = True) -> list[Claim] | None:
    """That some things are there, or that they are not."""
    if group.is_either and len(group.nouns) > 1 and is_there:
        subjects = [one.subject for one in group.nouns]
        plain = not where and not any(one.amount or one.quantifier or one.is_other for one in group.nouns)
        return [Claim("presence", "|".join(subjects))] if plain and ANY_OBJECT not in subjects else None
    if len(group.nouns) > 1 and any(one.is_only for one in group.nouns):
        return _only_those(group, where, context) if is_there else None
    claims: list[Claim] = []
    for noun in group.nouns:
        made = _one_is_there(noun, where, context, is_there=is_there)
        if made is None:
            return None
        claims += made
    return claims


def _one_is_there(one: Noun, where: Sequence[Place], context: Context, *, is_there: bool) -> list[Claim] | None:
    one = resolved(one, context) or replace(one, subject="")
    places = [*one.places, *where]
    is_there = is_there != (one.quantifier == "no")
    if not one.subject or one.extreme or one.quantifier in ("all", "most", "half", "not all"):
        return None
    if one.subject in LABELS_OF_A_PICTURE:
        return _border(one, places, is_there=is_there)
    if (one.quantifier or "").endswith("%"):
        return None
    if not is_there:
        return _none_is_there(one, places, context)
    if one.is_only:
        return _only(one, places, context)
    made = counted(one, context)
    if places:
        amount = one.amount or (Amount(1, "at least") if one.is_article else None)
        how = ("some" if one.is_restricted and not amount.how else amount.how) if amount else None
        count = amount.count if amount else None
        return [Claim("position", one.subject, count=count, how=how, other=place.name) for place in places]
    return made


def _none_is_there(one: Noun, places: Sequence[Place], context: Context) -> list[Claim] | None:
    if one.amount and one.quantifier != "no":  # "there are not more than three"
        made = counted(one, context)
        turned = (
            turned_round(made[0])
            if made and len(made) == 1 and not places and made[0].how in ("at least", "at most")
            else None
        )
        return [turned] if turned else None
    if (one.is_restricted and not one.is_seen) or (one.is_other and one.subject == ANY_OBJECT):
        return None  # no bright ones: others there may be
    if places:
        return [Claim("position", one.subject, Truth.ABSENT, other=place.name) for place in places]
    if one.subject == ANY_OBJECT:
        return [Claim("count", ANY_OBJECT, count=0)]
    return [Claim("presence", label, Truth.ABSENT) for label in one.subject.split("|")]


def counted(one: Noun, context: Context) -> list[Claim] | None:
    """How many there are of a noun, or that there are some."""
    amount = one.amount
    if amount is None:
        if one.subject == ANY_OBJECT:
            return [Claim("count", ANY_OBJECT, count=1, how="at least")] if not one.is_other else None
        return [Claim("presence", one.subject)]
    how = "some" if one.is_restricted and not amount.how and amount.count is not None else amount.how
    if one.is_other and one.subject == ANY_OBJECT:
        return None
    if amount.count == 0:
        return _none_is_there(replace(one, amount=None), (), context)
    if (amount.count, how) == (1, "at least") and one.subject != ANY_OBJECT:
        return [Claim("presence", one.subject)]
    is_outlined = one.is_object and one.subject == ANY_OBJECT and bool(NO_SOURCE & context.scheme.labels.keys())
    other = "objects" if is_outlined else None
    total = [Claim("count", one.subject, count=one.of.count, how=one.of.how, other=other)] if one.of else []
    how = "some" if one.of and not how else how
    return [*total, Claim("count", one.subject, count=amount.count, how=how, other=other)]


def _border(one: Noun, places: Sequence[Place], *, is_there: bool) -> list[Claim] | None:
    """Blank pixels, in the picture or along its sides."""
    if one.subject == "blank" and places and not all(place.name.endswith("edge") for place in places):
        return [Claim("border", "blank"), Claim("unread", "where blank")] if is_there else None
    if one.amount is not None and one.amount.count not in (None, 1):
        return None
    subject = "edge" if one.subject == "edge" or places else "blank"
    return [Claim("border", subject, state(is_there))]


def _only_those(group: Group, where: Sequence[Place], context: Context) -> list[Claim] | None:
    """Of "only compact and extended sources": they are there, and none of another class."""
    subjects = [label for one in group.nouns for label in one.subject.split("|")]
    is_first = group.nouns[0].is_only and not any(one.quantifier or one.extreme or one.places for one in group.nouns)
    if where or not is_first or {"it", SAME, ANY_OBJECT} & set(subjects):
        return None
    made = there_is(Group(tuple(replace(one, is_only=False) for one in group.nouns)), (), context)
    return None if made is None else [*made, Claim("only", "|".join(dict.fromkeys(subjects)))]


def _only(one: Noun, places: Sequence[Place], context: Context) -> list[Claim] | None:
    """Of "only compact sources": there are some, and no other."""
    if one.subject == ANY_OBJECT:
        return None
    is_single = one.is_definite and not one.is_plural and one.amount is None
    made = counted(replace(one, is_only=False, amount=Amount(1) if is_single else one.amount), context)
    made = [*(made or ()), *(Claim("position", one.subject, other=place.name) for place in places)]
    if one.amount is not None:
        return made  # "only two compact sources" is a number
    return None if places and not is_single else [*(made or ()), Claim("only", one.subject)]


@construction(
    f"there be {NPS} visible? ({PLACES})?", f"({PLACES} comma?) there be {NPS} visible?", f"see {NPS} ({PLACES})?",
    f"({PLACES} comma?) see {NPS}", f"see_not {NPS} ({PLACES})?", f"there exist {NPS} ({PLACES})?",
    f"portion? the? image have {NPS} ({PLACES})?", f"portion? the? image lack (and|or|no)* {NPS} ({PLACES})?",
    f"{NPS} {PLACES} visible", f"{NPS} visible by the? image",
    f"{NPS} visible ({PLACES})?", f"({PLACES} comma?) {NPS} visible", f"{NPS} exist ({PLACES})?", f"{NPS} absent",
    f"{NPS} be there",
    f"visible {NPS}", f"{NPS} (be|do)", f"{NPS} lie", f"{NPS} mar", f"{NPS} span the? image", f"{PLACES} colon {NPS}",
    f"do {NPS} lie", f"the? {PLACES} (have|lack) {NPS}", f"({PLACES} comma?) (lie|be|have) {NPS}",
    examples=("There are no imaging artefacts in the image.", "The image shows two compact sources in the lower half."),
)  # fmt: skip
def _exists(match: Match, context: Context) -> list[Claim] | None:
    denied = sum(one.is_denied + (one.category in ("lack", "see_not", "absent")) for one in match.matched)
    where = [one.value for one in match.all("place")]
    group = listed(match.all("np", *LINKS))
    if where and len(group.nouns) == 1 and (group.nouns[0].is_definite or group.nouns[0].quantifier in ("all", "most")):
        return is_at(group.nouns[0], where, context, is_true=denied % 2 == 0)
    is_left_out = match.matched[-1].category in ("be", "do")
    if is_left_out and (group.nouns[0].subject in ("it", SAME) or (denied % 2 and group.nouns[0].is_definite)):
        return None  # "it is not": what, nobody knows
    last, one = match.matched[-1], match.matched[-2] if len(match.matched) > 1 else None
    if len(group.nouns) > 1 and last.category == "place" and one is not None and one.category == "np":
        if len(where) > 1 or not _is_set_off(match.matched) or len(one.value.nouns) > 1:
            return None  # whether they all are there nobody can tell
        first = there_is(Group(group.nouns[:-1]), (), context, is_there=denied % 2 == 0)
        rest = there_is(Group(group.nouns[-1:]), where, context, is_there=denied % 2 == 0)
        return None if first is None or rest is None else [*first, *rest]
    return there_is(group, where, context, is_there=denied % 2 == 0)


@construction(
    f"no exist {NPS}", "nor (do|be|exist) np (visible|exist)?",
    examples=("Neither is there a filament nor a radio galaxy.",),
)  # fmt: skip
def _neither(match: Match, context: Context) -> list[Claim] | None:
    """That none of some things is there."""
    nouns = [noun for one in match.all("np") for noun in one.value.nouns]
    if any(one.is_denied for one in match.matched) or any(one.quantifier or one.is_definite for one in nouns):
        return None
    return there_is(Group(tuple(replace(one, is_article=False) for one in nouns)), (), context, is_there=False)


def _is_set_off(tokens: Sequence[Token]) -> bool:
    """Whether a comma stands before the "and" of the last noun."""
    kinds = [one.category for one in tokens]
    return kinds[-4:-2] == ["comma", "and"] or kinds[-4:-2] == ["comma", "but"]


@construction(
    NPS, f"{NPS} {PLACES}", f"{PLACES} comma? {NPS}", "not np", examples=("Four compact sources", "no artefacts")
)
def _fragment(match: Match, context: Context) -> list[Claim] | None:
    group = listed(match.all("np", *LINKS))
    where = [one.value for one in match.all("place")]
    is_there = not match.all("not")
    if not is_there and any(one.is_definite for one in group.nouns):
        return None  # "not the compact one": another is meant
    asked = context.asked
    is_what = asked is not None and not (asked.is_polar or asked.is_count or asked.is_where or asked.is_boxes)
    if is_what and asked.place and not (where or context.is_central):
        where = [Place(0, 0, asked.place)]  # "What is the object in the centre?" "A compact source."
        if asked.place == "centre" and is_there and len(group.nouns) == 1 and group.nouns[0].subject != ANY_OBJECT:
            return [Claim("extreme", ANY_OBJECT, how="most central", other=f"is {group.nouns[0].subject}")]
    if asked is not None and asked.is_about_the_source and not where:
        return _is_a(Noun(ANY_OBJECT, is_definite=True), group, context, is_true=is_there)
    if len(group.nouns) == 1 and group.nouns[0].is_definite and where:
        return is_at(group.nouns[0], where, context, is_true=is_there)
    return there_is(group, where, context, is_there=is_there)


@construction("(there|image|the)* (be|have) amount but np", "see_not amount but np")
def _not_but(match: Match, context: Context) -> list[Claim] | None:
    """Of "there are not two but three sources"."""
    if not any(one.is_denied or one.category == "see_not" for one in match.matched):
        return None
    return there_is(match.all("np")[0].value, (), context)


@construction("number_of np (be|colon) (no|nope|there_none)", examples=("The number of artefacts is zero.",))
def _number_zero(match: Match, context: Context) -> list[Claim] | None:
    """That the number of some things is zero."""
    noun, *more = match.all("np")[0].value.nouns
    is_odd = more or noun.quantifier or noun.amount or any(one.is_denied for one in match.matched)
    return None if is_odd else there_is(Group((replace(noun, is_definite=False),)), (), context, is_there=False)


@construction("number_of np (be|colon) amount", "amount be number_of np", "np (colon|be) amount", "np lpar amount rpar")
def _number_of(match: Match, context: Context) -> list[Claim] | None:
    (group,), (amount,) = (one.value for one in match.all("np")), match.all("amount")
    noun = group.nouns[0]
    if len(group.nouns) != 1 or noun.quantifier not in (None, "all") or noun.amount or noun.is_restricted:
        return None
    made = counted(replace(noun, amount=amount.value, quantifier=None), context)
    if any(one.is_denied for one in match.matched):
        return (
            [replace(made[0], state=Truth.ABSENT)] if made and made[0].kind == "count" and made[0].how is None else None
        )
    return made


@construction(
    f"of np comma amount be {APS}",
    f"np comma? of (it|np) amount be {APS}",
    f"there be np comma? of (it|np) amount be {APS}",
    f"np visible place? comma? amount of np be {APS}",
    f"np visible place? comma? of np amount be {APS}",
    f"there be np comma? amount of np be {APS}",
    f"the? image have np comma? amount of np be {APS}",
    f"the? image have np comma? of (it|np) amount be {APS}",
)
def _of_them(match: Match, context: Context) -> list[Claim] | None:
    """Of "of the five sources, three are compact"."""
    tokens = list(match.matched)
    at = next(at for at, one in enumerate(tokens) if one.category == "amount")
    if tokens[at + 1].category == "of":  # "two of which are"
        tokens = [*tokens[: at + 1], *tokens[at + 3 :]]
    whole_np = next(one for one in tokens[:at] if one.category == "np" and one.value.nouns[0].subject != "it")
    whole = whole_np.value.nouns[0]
    what = predicated(tokens[at + 2 :])
    if any(one.value.nouns[0].subject != "it" for one in tokens[:at] if one.category == "np" and one is not whole_np):
        return None
    if what is None or tokens[at + 1].is_denied or whole.quantifier or whole.amount is None:
        return None
    return _is_a(
        replace(whole, amount=tokens[at].value, of=whole.amount, is_definite=False), what, context, is_true=True
    )


@construction(
    "(there be|the? image have|see)? (np (comma|colon))? (np|amount) place ((comma|and)+ (np|amount) place)+",
    "np (lie|be|visible|exist) place ((comma|and)+ amount place)+",
    examples=("There are two compact sources on the left and one on the right.",),
)  # fmt: skip
def _spread(match: Match, context: Context) -> list[Claim] | None:
    """So many here and so many there."""
    claims: list[Claim] = []
    noun: Noun | None = context.noun
    tokens = [one for one in match.matched if one.category not in ("lie", "be", "visible", "exist")]
    is_list = len(match.all("place")) > 1  # whoever tells two on the left, one near the centre, means others there
    for one, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        if one.category == "np":
            noun = resolved(one.value.nouns[0], replace(context, noun=noun))
            if len(one.value.nouns) > 1 or noun is None or noun.quantifier or noun.is_restricted or noun.extreme:
                return None
            if after.category != "place":
                claims += counted(noun, context) or []
        elif one.category == "amount" and noun is not None:
            noun = replace(noun, amount=one.value, is_article=False, places=())
        elif one.category == "place" and noun is not None:
            amount = noun.amount or Amount(1, "at least")
            how = "told" if is_list and amount.how is None else amount.how
            claims.append(Claim("position", noun.subject, count=amount.count, how=how, other=one.value.name))
    return claims if noun is not None and not any(one.is_denied for one in match.matched) else None


@construction("there be (some|there_none|nope)")
def _some_are(match: Match, context: Context) -> list[Claim] | None:
    """Of "there are some", of what was spoken of."""
    if context.noun is None:
        return None
    noun = replace(context.noun, amount=None, quantifier=None, is_definite=False, is_article=False)
    return there_is(Group((noun,)), (), context, is_there=bool(match.all("some")))


@construction("np be qualifier", examples=("The absence of compact sources is notable.",))
def _absence(match: Match, context: Context) -> list[Claim] | None:
    """That it is worth a word that something is not there."""
    (token,) = match.all("np")
    is_absence = re.match(r"(?i)the (?:complete |total |)(?:absence|lack) of", token.text)
    return there_is(token.value, (), context) if is_absence and not match.all("be")[0].is_denied else None


@construction(
    "if there be np comma np (if|would|be|exist|visible)+ (semi|but|comma|and)+ (there be)? there_none "
    "(do|be|visible|exist)*"
)
def _were_there(match: Match, context: Context) -> list[Claim] | None:
    """Of "if there were a source, it would stand out; there is none"."""
    (first, _) = match.all("np")
    return there_is(first.value, (), context, is_there=False) if len(first.value.nouns) == 1 else None


@construction("phrase", examples=())
def _phrase(match: Match, context: Context) -> list[Claim]:
    label, is_there = match.all("phrase")[0].value
    return [Claim("presence", label, state(is_there))]


# -- of what class it is --------------------------------------------------------------------------------------------


@construction(f"call not? {NPS} place? as? {APS}")
def _called(match: Match, context: Context) -> list[Claim] | None:
    first = match.all("np")[0]
    rest = [one for one in match.matched if one.start > first.start and one.category not in ("as", "not", "place")]
    what = predicated(rest)
    return None if what is None else _is_a(first.value.nouns[0], what, context, is_true=not match.all("not"))


@construction(
    f"{NPS} be {APS}",
    f"be {APS}",
    f"np place? colon {APS}",
    examples=("The source at the centre is an FR-II radio galaxy.", "All sources are compact."),
)
def _is(match: Match, context: Context) -> list[Claim] | None:
    subject, verb, rest = parted(match, "be", "colon")
    what = predicated(rest)
    is_half = bool(match.all("not_but")) and context.scheme.kind == "single"  # "not purely FR I" is a hybrid
    if (
        what is None
        or is_half
        or len(subject.nouns) != 1
        or (verb.category == "colon" and not is_central(subject.nouns[0], context))
    ):
        return None
    if verb.is_denied and any(one.category == "but" for one in rest):
        return _is_not_but(subject.nouns[0], rest, context)
    return _is_a(subject.nouns[0], what, context, is_true=not verb.is_denied)


def _is_not_but(noun: Noun, rest: Sequence[Token], context: Context) -> list[Claim] | None:
    """Of "is not compact but extended": what stands after "but" holds."""
    at = next(at for at, one in enumerate(rest) if one.category == "but")
    first, second = predicated(rest[:at]), predicated(rest[at + 1 :])
    if first is None or second is None:
        return None
    no, yes = _is_a(noun, first, context, is_true=False), _is_a(noun, second, context, is_true=True)
    return None if no is None or yes is None else [*no, *yes]


@construction(f"{NPS} {PLACES} be {APS}")
def _is_there_a(match: Match, context: Context) -> list[Claim] | None:
    subject, verb, rest = parted(match, "be")
    places = tuple(one.value for one in match.all("place"))
    what = predicated([one for one in rest if one.category != "place"])
    if what is None or len(subject.nouns) != 1:
        return None
    noun = replace(subject.nouns[0], places=(*subject.nouns[0].places, *places))
    return _is_a(noun, what, context, is_true=not verb.is_denied)


def parted(match: Match, *verbs: str) -> tuple[Group, Token, list[Token]]:
    """The nouns before the first of some verbs, the verb, and all after it."""
    tokens = list(match.matched)
    at = next(at for at, one in enumerate(tokens) if one.category in verbs)
    before = [one for one in tokens[:at] if one.category != "place"]
    return listed(before) if before else Group((Noun("it", is_definite=True),)), tokens[at], tokens[at + 1 :]


def predicated(tokens: Sequence[Token]) -> Group | None:
    """What is said to be the case after "is": nouns, adjectives and signs, each perhaps denied."""
    nouns: list[Noun] = []
    no = False
    for one in tokens:
        if one.category in ("no", "not", "rather"):
            no = True
        elif one.category == "np":
            no = no or one.value.nouns[0].quantifier == "no"
            nouns += [replace(each, quantifier="no") if no else each for each in one.value.nouns]
        elif one.category in ("adjective", "sign"):
            nouns.append(Noun(str(one.value), quantifier="no" if no else None))
        elif one.category in ("but",):
            no = False
    links = {one.category for one in tokens}
    either = "or" in links or any(one.value.is_either for one in tokens if one.category == "np")
    either = either and not any(one.quantifier == "no" for one in nouns)
    return Group(tuple(nouns), either) if nouns else None


def _is_a(one: Noun, what: Group, context: Context, *, is_true: bool) -> list[Claim] | None:
    """That what a noun means is of a class, or of several, or of none of them."""
    noun = resolved(one, context)
    first = what.nouns[0]
    if (
        first.extreme
        and noun is not None
        and len(what.nouns) == 1
        and not noun.is_plural
        and noun.subject != ANY_OBJECT
    ):
        own = ANY_OBJECT if first.subject == "it" else first.subject
        if noun.quantifier or (noun.places and not is_true):
            return None  # the one at that place is not the largest: of its kind another may be
        claim = Claim("extreme", own, state(is_true), how=first.extreme, other=f"is {noun.subject}")
        return [claim, *(replace(claim, other=f"in {place.name}") for place in noun.places)]
    if noun is None or any(each.places or each.extreme for each in what.nouns):
        return None
    if what.is_either and is_true and len(what.nouns) > 1:
        return said_to_be(
            noun, replace(what.nouns[0], subject="|".join(each.subject for each in what.nouns)), context, is_true=True
        )
    if noun.extreme and len(what.nouns) > 1:
        return None  # "the largest are a compact and an extended one"
    claims: list[Claim] = []
    for each in what.nouns:
        own = noun
        if each.amount and noun.amount:  # "five of the nine are compact, three extended"
            own = replace(noun, amount=each.amount, of=None)
        is_so = is_true != (each.quantifier == "no")
        made = said_to_be(own, each, context, is_true=is_so)
        is_sole = each.is_definite and each.amount == Amount(1)  # "the only extended source"
        if made is None or (is_sole and (not is_so or context.is_central or each.subject == ANY_OBJECT)):
            return None
        claims += [*made, Claim("count", each.subject, count=1)] if is_sole else made
    return claims


def said_to_be(noun: Noun, what: Noun, context: Context, *, is_true: bool) -> list[Claim] | None:
    """That what a noun means is of a class; None where it is not sure who is meant."""
    subject = what.subject
    if subject in ("it", SAME):
        return None
    if subject == ANY_OBJECT:
        return [] if is_central(noun, context) and is_true and not what.amount else None
    if noun.extreme:
        n = noun.amount.count if noun.amount else None
        claim = Claim("extreme", noun.subject, state(is_true), count=n, how=noun.extreme, other=f"is {subject}")
        total = [Claim("count", noun.subject, count=noun.of.count)] if noun.of else []
        return [claim, *total] if n or not noun.is_plural or not noun.amount else None
    is_one = not (noun.is_plural or noun.quantifier)
    if is_central(noun, context) or (context.is_central and is_one and noun.subject == ANY_OBJECT):
        return [Claim("presence", subject, state(is_true))]
    if context.is_central and is_one and not (noun.amount or noun.is_other or noun.is_only):
        at_centre = all(place.name == "centre" for place in noun.places)
        return [Claim("presence", noun.subject), Claim("presence", subject, state(is_true))] if at_centre else None
    if noun.quantifier is not None or noun.places:
        return _are(noun, subject, is_true=is_true)
    return _so_many_are(noun, subject, context, is_true=is_true)


def _are(noun: Noun, subject: str, *, is_true: bool) -> list[Claim] | None:
    """That all, most, none, or those at a place are of a class."""
    if noun.quantifier == "no":
        if not is_true or noun.places or noun.is_restricted or subject == "it":
            return None
        none = Claim("share", subject, Truth.ABSENT, how="some", other=noun.subject)
        return [Claim("presence", subject, Truth.ABSENT) if noun.subject == ANY_OBJECT else none]
    if noun.places:
        if noun.amount and not noun.is_definite and noun.subject == ANY_OBJECT and is_true and not noun.is_restricted:
            how = noun.amount.how or ("at least" if noun.amount.count == 1 else None)
            return [Claim("position", subject, count=noun.amount.count, how=how, other=at.name) for at in noun.places]
        is_plain = not noun.amount and not noun.quantifier
        return [Claim("position", subject, state(is_true), other=noun.places[-1].name)] if is_plain else None
    how = {"not all": "all"}.get(noun.quantifier or "", noun.quantifier)
    if noun.is_object and subject in NO_SOURCE and noun.subject == ANY_OBJECT:
        return [Claim("share", subject, state(is_true and noun.quantifier != "not all"), how=how, other="objects")]
    return [Claim("share", subject, state(is_true and noun.quantifier != "not all"), how=how, other=noun.subject)]


def _so_many_are(noun: Noun, subject: str, context: Context, *, is_true: bool) -> list[Claim] | None:
    """So many of them, or all: "three of the five sources are compact", "the four are", "the only one is"."""
    amount, every = noun.amount, Claim("share", subject, state(is_true), how="all", other=noun.subject)
    is_several = noun.is_plural and (noun.is_definite or noun.subject == ANY_OBJECT)
    if noun.is_definite and noun.is_plural and noun.is_restricted:
        return None  # "the bright ones are compact"
    if amount is None and is_several and (is_true or not noun.is_only):
        return None if noun.is_only and noun.subject != ANY_OBJECT else [every]
    if not is_true:
        return _so_many_are_not(noun, subject, context)
    if noun.is_definite and amount is not None and amount.count is not None:
        is_sole = amount == Amount(1) and noun.subject == ANY_OBJECT and not noun.is_part
        is_plain = (is_sole or noun.is_plural) and amount.how is None and not noun.of
        total = counted(replace(noun, is_definite=False), context) if is_plain else None
        return [*total, every] if total else None
    if amount is not None:
        total = counted(replace(noun, amount=noun.of, of=None), context) if noun.of else []
        how = "some" if noun.is_restricted and not amount.how else amount.how
        if noun.is_part and amount == Amount(1) and not noun.of and context.scheme.about == "picture":
            return [Claim("presence", subject)]  # "one of the objects is"
        return [*(total or ()), Claim("count", subject, count=amount.count, how=how)]
    how = "all" if noun.is_definite and not noun.is_singular else "some"
    is_wider = noun.subject == ANY_OBJECT or set(subject.split("|")) <= set(noun.subject.split("|"))
    made = Claim("presence", subject) if is_wider else Claim("share", subject, how=how, other=noun.subject)
    return None if noun.is_only else [made]


def _so_many_are_not(noun: Noun, subject: str, context: Context) -> list[Claim] | None:
    """Of "four of the nine sources are not compact": the other five are."""
    n, of = noun.amount, noun.of
    is_some = n is not None and of is None and n.how is None and n.count and (noun.is_part or noun.is_only)
    if is_some and n is not None and noun.subject == ANY_OBJECT and not noun.is_restricted:
        return [Claim("share", subject, count=n.count, how="all but", other=ANY_OBJECT)]
    is_plain = n is not None and of is not None and noun.subject == ANY_OBJECT and not noun.is_restricted
    if not is_plain or n is None or of is None or n.how or of.how or n.count is None or of.count is None:
        return None
    total = counted(replace(noun, amount=of, of=None), context)
    return None if total is None or n.count > of.count else [*total, Claim("count", subject, count=of.count - n.count)]


# -- where it is ----------------------------------------------------------------------------------------------------


@construction(
    f"{NPS} (lie|be) not? {PLACES}",
    f"(lie|be) not? {PLACES}",
    examples=("The multi-island source lies at the lower left.",),
)
def _lies(match: Match, context: Context) -> list[Claim] | None:
    before = [one for one in match.matched if one.category == "np"]
    verb = next(one for one in match.matched if one.category in ("lie", "be"))
    denied = verb.is_denied != bool(match.all("not"))
    places = [one.value for one in match.all("place")]
    if not before:
        return is_at(Noun("it", is_definite=True), places, context, is_true=not denied)
    claims: list[Claim] = []
    for one in listed([one for one in match.matched if one.start < verb.start]).nouns:
        made = is_at(one, places, context, is_true=not denied)
        if made is None:
            return None
        claims += made
    return claims


def is_at(one: Noun, places: Sequence[Place], context: Context, *, is_true: bool) -> list[Claim] | None:
    noun = resolved(one, context)
    if noun is None:
        return None
    if noun.subject in LABELS_OF_A_PICTURE:
        return _border(noun, places, is_there=is_true != (noun.quantifier == "no"))
    claims: list[Claim] = []
    if len(places) > 1 and noun.is_definite and noun.amount and any(one.name.startswith("compass") for one in places):
        return None  # the two in the east and in the north: which of them is where
    for place in places:
        holds = is_true != place.is_outside
        if noun.extreme:
            claims.append(Claim("extreme", noun.subject, state(holds), how=noun.extreme, other=f"in {place.name}",
                                count=noun.amount.count if noun.amount else None))  # fmt: skip
            continue
        made = _placed(noun, place, holds=holds, several=len(places) > 1)
        if made is None:
            return None
        claims.append(made)
    if noun.extreme and noun.of:
        claims.append(Claim("count", noun.subject, count=noun.of.count))
    if (
        noun.is_definite
        and noun.amount
        and noun.amount.count is not None
        and noun.subject != ANY_OBJECT
        and not noun.is_restricted
    ):
        claims += counted(noun, context) or []
    return claims


def _placed(noun: Noun, place: Place, *, holds: bool, several: bool) -> Claim | None:
    if noun.quantifier == "no":
        return (
            None if noun.is_restricted or not holds else Claim("position", noun.subject, Truth.ABSENT, other=place.name)
        )
    if noun.quantifier in ("all", "most", "not all"):
        is_so = True if noun.quantifier == "not all" else holds
        if several:
            return None
        return Claim("position", noun.subject, state(is_so), how=noun.quantifier, other=place.name)
    if noun.quantifier is not None:
        return None
    if noun.is_definite and noun.is_plural and noun.is_restricted:
        return None
    is_all = noun.is_definite and (noun.is_plural or (noun.amount and (noun.amount.count or 2) > 1))
    if is_all and not several:
        return Claim("position", noun.subject, state(holds), how="all", other=place.name)
    if noun.amount is not None and not is_all:
        how = "some" if noun.is_restricted and not noun.amount.how and noun.amount.count else noun.amount.how
        how = "at least" if noun.is_part and noun.amount.count == 1 and not how else how
        return Claim("position", noun.subject, count=noun.amount.count, how=how, other=place.name) if holds else None
    return Claim("position", noun.subject, state(holds), other=place.name)


@construction(
    "there be np place? beside np", "see np place? beside np", "the? image have np place? beside np",
    examples=("There is a compact source above the extended source.",),
)  # fmt: skip
def _there_beside(match: Match, context: Context) -> list[Claim] | None:
    """That something is there, and on which side of another."""
    one, other = (each.value for each in match.all("np"))
    said = there_is(one, [each.value for each in match.all("place")], context)
    noun, against = one.nouns[0], resolved(other.nouns[0], context)
    is_plain = len(one.nouns) == len(other.nouns) == 1 and not any(each.is_denied for each in match.matched)
    if said is None or against is None or not is_plain or noun.quantifier or against.quantifier or against.extreme:
        return None
    if noun.amount and noun.amount.count != 1:
        return None
    kinds = str(match.all("beside")[0].value).split(" and ")
    return [*said, *(Claim(kind, noun.subject, other=against.subject) for kind in kinds)]


@construction(
    "np be compare than the? other amount?",
    "np be compare than np",
    "np compare_verb the? other amount?",
    examples=("The extended source is larger than the others.",),
)
def _than_others(match: Match, context: Context) -> list[Claim] | None:
    """That one thing is the largest or the smallest of all."""
    noun, amounts = resolved(match.all("np")[0].value.nouns[0], context), [one.value for one in match.all("amount")]
    than = [one.value.nouns[0] for one in match.all("np")[1:]]
    if any(not one.is_other or one.subject != ANY_OBJECT or one.quantifier or one.amount for one in than):
        return None
    is_one = noun is not None and not (noun.is_plural or noun.quantifier or noun.places or noun.extreme)
    if noun is None or not is_one or noun.subject == ANY_OBJECT or any(one.is_denied for one in match.matched):
        return None
    how = {"larger": "largest", "smaller": "smallest"}.get(str(match.all("compare", "compare_verb")[0].value))
    total = [Claim("count", ANY_OBJECT, count=one.count + 1) for one in amounts if one.count and not one.how]
    is_known = how is not None and len(total) == len(amounts) and not context.is_central
    return [*total, Claim("extreme", ANY_OBJECT, how=how, other=f"is {noun.subject}")] if is_known else None


@construction("np (span|be) np", examples=("Compact sources make up the majority of the objects.",))
def _majority(match: Match, context: Context) -> list[Claim] | None:
    """That most of all are of a class."""
    one, of = (each.value.nouns[0] for each in match.all("np"))
    is_plain = (of.quantifier or "").endswith(("most", "half", "%")) and not (
        one.quantifier or one.amount or one.is_restricted or one.places
    )
    if not is_plain or any(each.is_denied for each in match.matched) or one.subject in (ANY_OBJECT, "it", SAME):
        return None
    return [Claim("share", one.subject, how=of.quantifier, other=of.subject)]


@construction("np be the? extreme (of all? the? (amount|np)?)?", examples=("The multi-island source is the largest.",))
def _is_extreme(match: Match, context: Context) -> list[Claim] | None:
    """That what a noun means is the largest of all, or of some kind."""
    groups = [one.value.nouns for one in match.all("np")]
    noun = resolved(groups[0][0], context)
    of = groups[1][0] if len(groups) > 1 else Noun(ANY_OBJECT)
    is_one = noun is not None and not (noun.is_plural or noun.quantifier or noun.extreme or noun.amount)
    if noun is None or not is_one or noun.subject == ANY_OBJECT or context.is_central or len(groups[0]) > 1:
        return None
    if noun.places and match.all("be")[0].is_denied:
        return None
    if of.quantifier not in (None, "all") or of.places or of.is_restricted:
        return None
    claim = Claim(
        "extreme", ANY_OBJECT if of.subject == "it" else of.subject, state(not match.all("be")[0].is_denied),
        how=str(match.all("extreme")[0].value), other=f"is {noun.subject}",
    )  # fmt: skip
    return [claim, *(Claim("position", noun.subject, other=place.name) for place in noun.places)]


@construction(
    "np be np place",
    "np place? be not? np",
    examples=("The largest of the sources is the one at the centre.",),
)
def _extreme_is_at(match: Match, context: Context) -> list[Claim] | None:
    """Of "the largest is the one at the centre", "the largest source is not the one on the left"."""
    one, other = (each.value.nouns for each in match.all("np"))
    where = [each.value for each in match.all("place")]
    if len(one) != 1 or len(other) != 1:
        return None
    first, second = resolved(one[0], context), other[0]
    if first is None or first.quantifier or second.quantifier or second.amount:
        return None
    places = [*second.places, *where]
    is_one = second.subject == "it" or (second.is_definite and second.subject == ANY_OBJECT)
    if not (first.extreme and is_one and len(places) == 1) or first.places or second.extreme:
        return None
    is_denied = any(one.is_denied for one in match.matched) or bool(match.all("not"))
    return is_at(first, places, context, is_true=not is_denied)


# -- one against another --------------------------------------------------------------------------------------------


@construction(
    "np place? be compare than np place?",
    "np place? (be|lie|visible) beside np place?",
    "np (be|lie) beside and beside np",
    "be compare than np",
    "(be|lie) beside np",
    "np place? compare_verb np axis? place?",
    "np beside np",
    examples=(
        "The artefact lies to the left of the extended source.",
        "The artefact can be seen above the extended source.",
    ),
)
def _compared(match: Match, context: Context) -> list[Claim] | None:  # noqa: PLR0911
    groups = [one.value.nouns for one in match.all("np")]
    left, right = (
        [resolved(each, context) for each in one] for one in ([(Noun("it", is_definite=True),)] + groups)[-2:]
    )
    relation = match.all("compare", "beside", "compare_verb")[0]
    verb = match.all("be", "lie", "visible", "compare_verb", "beside")[0]
    if len(left) != 1 or len(right) != 1 or None in (*left, *right):
        return None
    (one,), (other,) = left, right
    if one is not None and one.quantifier == "all":
        one = replace(one, quantifier=None)  # what is said of one of several is said of all
    if (
        one is not None
        and other is not None
        and one.quantifier == "no"
        and one.subject == ANY_OBJECT
        and relation.value in ("larger", "smaller")
    ):
        how = "largest" if relation.value == "larger" else "smallest"
        return [Claim("extreme", ANY_OBJECT, how=how, other=f"is {other.subject}")] if not other.quantifier else None
    if one is not None and one.quantifier == "no" and one.subject != ANY_OBJECT and not verb.is_denied:
        is_plain = other is not None and not (other.extreme or other.places or other.quantifier or one.places)
        is_two = len(match.all("np")) > 1 and not match.all("place", "and") and not (one.is_restricted or one.extreme)
        relation_of = Claim(str(relation.value), one.subject, Truth.ABSENT, other=other.subject if other else None)
        return [relation_of] if is_plain and is_two else None
    if (
        one is None
        or other is None
        or one.extreme
        or other.extreme
        or one.places
        or other.places
        or one.quantifier
        or other.quantifier
    ):
        return None
    said = match.all("beside") if match.all("and") else [relation]
    kinds = [kind for each in said for kind in str(each.value).split(" and ")]
    if len(kinds) > 1 and verb.is_denied:
        return None
    claims = [Claim(kind, one.subject, state(not verb.is_denied), other=other.subject) for kind in kinds]
    nouns = match.all("np")
    for place in match.all("place"):
        of = max((each for each in nouns if each.start < place.start), key=lambda each: each.start)
        claims.append(Claim("position", (resolved(of.value.nouns[0], context) or one).subject, other=place.value.name))
    return claims


@construction(
    "there be np other? (besides|than|with_ex|but|with)+ np", "there be np nothing_else", "np nothing_else",
    "the? image have np nothing_else",
    "np (besides|with_ex|than|but) np visible", "there be only np", "np be all that be? visible", "see np nothing_else",
    "there be np (comma|and)* nothing_else",
    examples=("There are no other sources besides the compact source.", "There is one compact source and nothing else"),
)  # fmt: skip
def _nothing_else(match: Match, context: Context) -> list[Claim] | None:
    nouns = [one.value.nouns for one in match.all("np")]
    if len(nouns[-1]) > 1 or nouns[-1][0].subject == ANY_OBJECT or nouns[-1][0].quantifier:
        return None
    if len(nouns) > 1 and (nouns[0][0].quantifier != "no" or nouns[0][0].subject != ANY_OBJECT):
        return None
    one = replace(nouns[-1][0], is_definite=False)
    single = one.amount is None and not one.is_plural
    return [
        *(counted(replace(one, amount=Amount(1) if single else one.amount, places=()), context) or ()),
        Claim("only", one.subject),
    ]


@construction(
    f"what (see|lie|be|exist) other? place? be {NPS} place?", "what (see|lie|be) place be (no|not)? np but np"
)
def _what_lies(match: Match, context: Context) -> list[Claim] | None:
    """Of "what you see at the lower left is an extended source"."""
    where = [one.value for one in match.all("place")]
    group = predicated(match.all("np", "no", "not", "but", "and", "comma"))
    claims: list[Claim] = []
    for one in group.nouns if group else ():
        made = _one_is_there(one, where, context, is_there=True)
        if made is None:
            return None
        claims += made
    return claims


@construction(
    f"rather np comma? the? image have {NPS}",
    f"the? image have {NPS} comma? (rather|but) no? not? (by|of|with)? np",
    f"rather np comma? np be {APS}",
)
def _instead(match: Match, context: Context) -> list[Claim] | None:
    """Of "rather than diffuse emission, the image shows filaments": the one is there, the other is not."""
    tokens = list(match.matched)
    at = next(at for at, one in enumerate(tokens) if one.category in ("rather", "but"))
    denied = next(one for one in tokens[at:] if one.category == "np")
    absent = there_is(
        Group(tuple(replace(one, quantifier="no", is_article=False) for one in denied.value.nouns)), (), context
    )
    rest = [one for one in tokens if one.category == "np" and one is not denied]
    verb = next(one for one in tokens if one.category in ("have", "be"))
    if absent is None or verb.is_denied:
        return None
    if verb.category == "be":
        subject = rest[0].value.nouns[0]
        what = predicated([one for one in tokens if one.start > verb.start])
        said = _is_a(subject, what, context, is_true=True) if what else None
        no = _is_a(subject, Group(denied.value.nouns), context, is_true=False)
        return None if said is None or no is None else [*said, *no]
    said = there_is(
        listed(
            [
                one
                for one in tokens
                if one.category in ("np", *LINKS)
                and one is not denied
                and (one.category == "np" or one.start > rest[0].start)
            ]
        ),
        (),
        context,
    )
    return None if said is None else [*said, *absent]


@construction(
    "np place? be none_classes (np|sign|adjective) ((comma|and|or|nor)+ (np|sign|adjective))*",
    "the? image have none_classes (np|sign|adjective) ((comma|and|or|nor)+ (np|sign|adjective))*",
)  # fmt: skip
def _none_of_the_classes(match: Match, context: Context) -> list[Claim] | None:
    at = next(at for at, one in enumerate(match.matched) if one.category == "none_classes")
    what = predicated(match.matched[at + 1 :])
    if what is None or any(one.is_denied for one in match.matched):
        return None
    return [Claim("presence", one.subject, Truth.ABSENT) for one in what.nouns]


SHAPE = re.compile(
    r"(?i)(?:morphology|shape|structure|appearance|form|type|class|category|group)$|\b(?:island|component|peak)s?\b"
)


@construction(f"np (have|lack) {NPS} ({PLACES})?")
def _it_has(match: Match, context: Context) -> list[Claim] | None:
    """Of the picture: "it shows compact sources"."""
    first, *rest = match.all("np", *LINKS)
    one = first.value.nouns[0]
    is_all = one.subject == ANY_OBJECT and one.is_definite and one.is_plural and not (one.amount or one.is_restricted)
    if is_all and not (one.places or one.quantifier) and re.match(r"(?i)compris|includ", match.matched[1].text):
        return there_is(listed(rest), [at.value for at in match.all("place")], context)
    is_picture = one.subject == "it" and not one.quantifier and not context.is_central and context.noun is None
    denials = sum(one.is_denied + (one.category == "lack") for one in match.matched)
    where = [one.value for one in match.all("place")]
    return there_is(listed(rest), where, context, is_there=denials % 2 == 0) if is_picture else None


@construction("np have a? np", "np (consist|falls_into|be? lie? at) np")
def _has_shape(match: Match, context: Context) -> list[Claim] | None:
    """Of "it has an FR-I morphology": that it is one."""
    first, second = match.all("np")
    if not SHAPE.search(second.text):
        return None
    verb = match.matched[1]
    return _is_a(first.value.nouns[0], second.value, context, is_true=not verb.is_denied)


@construction(
    "np (be|lie|visible|exist)? surround np place?",
    "np be? (surround|visible) surround? np",
    "there be np surround np",
    "the? image have np surround np",
)
def _around(match: Match, context: Context) -> list[Claim] | None:
    """Artefacts around a source: both are there. Of other things that surround each other nothing is known."""
    one, other = (each.value for each in match.all("np"))
    is_joined = any(JOINED.search(each.text) for each in match.all("surround"))
    is_artefact = any(noun.subject in ARTEFACTS for noun in one.nouns)
    if not (is_joined or is_artefact) or any(each.is_denied for each in match.matched):
        return None
    claims = there_is(one, (), context)
    where = [Claim("position", other.nouns[0].subject, other=at.value.name) for at in match.all("place")]
    claims = None if claims is None else [*claims, *where]
    return (
        claims
        if other.nouns[0].subject == ANY_OBJECT
        else None
        if claims is None
        else [*claims, *(there_is(other, (), context) or ())]
    )


ARTEFACTS = ("ARTIFACT", "SPURIOUS")
JOINED = re.compile(r"(?i)accompan|through")
"""Words that say of two things no more than that both are there."""


@construction(f"{NPS} (surround np)? indicate {NPS}")
def _indicates(match: Match, context: Context) -> list[Claim] | None:
    """Artefacts that point to artefacts; what else points to what, nobody knows."""
    nouns = [
        noun for one in match.all("np") for noun in one.value.nouns if noun.subject != ANY_OBJECT or noun.quantifier
    ]
    if (
        any(noun.quantifier for noun in nouns)
        or any(one.is_denied for one in match.matched)
        or not all(noun.subject in ARTEFACTS for noun in nouns)
    ):
        return None
    return there_is(Group(tuple(nouns)), (), context)


@construction(
    f"all but (np|amount) be {APS}", f"besides np place? comma np be {APS}", f"with_ex np place? comma? np be {APS}",
    f"np with_ex (np|amount) be {APS}", f"np but (np|amount) be {APS}",
)  # fmt: skip
def _all_but_so_many(match: Match, context: Context) -> list[Claim] | None:
    """Of "all but two of the sources are compact", "apart from the FR-II galaxy, all galaxies are compact"."""
    tokens = list(match.matched)
    at = next(at for at, one in enumerate(tokens) if one.category == "be")
    what, nouns = predicated(tokens[at + 1 :]), [one.value.nouns[0] for one in tokens[:at] if one.category == "np"]
    amounts = [one.value for one in tokens[:at] if one.category == "amount"]
    if what is None or len(what.nouns) != 1 or what.nouns[0].quantifier or tokens[at].is_denied or context.is_central:
        return None
    if what.nouns[0].subject == ANY_OBJECT:
        return None
    whole = next((one for one in nouns if one.quantifier == "all"), None)
    is_odd_out = whole is not None and whole.subject == ANY_OBJECT
    rest = [one for one in nouns if one is not whole]
    out = rest[0] if rest else None
    amount = amounts[0] if amounts else out.amount if out and out.amount else Amount(1)
    is_plain = amount.how is None and amount.count is not None and (whole is not None or bool(match.all("all")))
    if not is_plain or len(rest) > 1 or (out is not None and (out.quantifier or (out.is_plural and not out.amount))):
        return None
    said = list[Claim]()
    if out is not None and out.subject != ANY_OBJECT:
        said += counted(replace(out, is_definite=False, amount=amount, places=()), context) or []
        places = [*out.places, *(one.value for one in match.all("place"))]
        said += [Claim("position", out.subject, other=place.name) for place in places]
    of = whole.subject if whole else ANY_OBJECT
    if is_odd_out and out is not None and out.subject in ARTEFACTS:  # no source, so that it is none of those
        return [*said, Claim("share", what.nouns[0].subject, how="all", other=ANY_OBJECT)]
    return [*said, Claim("share", what.nouns[0].subject, count=amount.count, how="all but", other=of)]


@construction("with_ex np comma? np be np", "np be np comma? with_ex np")
def _all_but(match: Match, context: Context) -> list[Claim] | None:
    """Of "With the exception of one artefact, all objects are real sources": that many are artefacts."""
    groups = [one.value.nouns for one in match.all("np")]
    nouns = [each[0] for each in groups]
    out = [one for one in nouns if one.subject in ARTEFACTS]
    rest = [one for one in nouns if one.subject == ANY_OBJECT]
    if (
        len(out) != 1
        or len(rest) != len(nouns) - 1
        or not any(one.quantifier == "all" for one in rest)
        or any(one.is_denied for one in match.matched)
    ):
        return None
    return counted(replace(out[0], amount=out[0].amount or (Amount(1) if not out[0].is_plural else None)), context)


def _none_besides(one: Group, other: Group, context: Context) -> list[Claim] | None:
    """Of "besides two FR-I galaxies there are only compact ones": both are there, and no other."""
    nouns = [replace(each, is_only=False, is_definite=False) for each in (*one.nouns, *other.nouns)]
    said = there_is(Group(tuple(nouns)), (), context)
    is_odd = any(each.quantifier or each.is_restricted or each.subject == ANY_OBJECT for each in nouns)
    only = Claim("only", "|".join(dict.fromkeys(label for each in nouns for label in each.subject.split("|"))))
    return None if said is None or is_odd else [*said, only]


def _but_for(out: Group, rest: Group, where: Sequence[Place], context: Context) -> list[Claim] | None:
    """Of "except for a mosaicking pattern, it is free of artefacts": the one is there, the others are not."""
    first = there_is(Group(tuple(replace(one, is_definite=False) for one in out.nouns)), where, context)
    no = there_is(rest, (), context, is_there=False)
    is_odd = {one.subject for one in out.nouns} & {one.subject for one in rest.nouns}
    return None if first is None or no is None or is_odd else [*first, *no]


@construction(
    "(besides|with) np place? comma? there be np", "(besides|with) np place? comma? the? image have np",
    "the? image have np comma? besides np", "there be np visible? comma? besides np", "np visible comma? besides np",
    "besides np place? comma? see np", "besides np place? comma? np visible", "with_ex np comma? there be np",
    "with_ex np place? comma the? image lack np", "the? image lack np comma? (besides|with_ex) np place?",
)  # fmt: skip
def _besides(match: Match, context: Context) -> list[Claim] | None:
    one, other = (each.value for each in match.all("np"))
    where = [each.value for each in match.all("place")]
    if match.all("lack"):
        return _but_for(*((one, other) if match.matched[0].category == "with_ex" else (other, one)), where, context)
    if match.matched[0].category == "besides" and other.nouns[0].quantifier == "no" and len(one.nouns) == 1:
        is_all = other.nouns[0].subject == ANY_OBJECT and not (other.nouns[0].is_restricted or where)
        made = counted(replace(one.nouns[0], is_definite=False), context) if is_all else None
        return [*made, Claim("only", one.nouns[0].subject)] if made else None
    if any(each.is_only for each in other.nouns):
        return _none_besides(one, other, context) if not where else None
    first = there_is(Group(tuple(replace(each, is_definite=False) for each in one.nouns)), where, context)
    second = there_is(
        Group(tuple(replace(each, is_other=False, is_restricted=False) for each in other.nouns)), (), context
    )
    joint = match.all("besides", "with", "with_ex")[0]
    if joint.text.lower() == "next to" and context.scheme.about == "objects" or any(x.is_denied for x in match.matched):
        return None
    return None if first is None or second is None else [*first, *second]


@construction(
    "(there be|the? image have|see)? np than np (visible|exist)?",
    "np number_verb np (by amount to amount)?",
    "there be more adjective than np",
    "the? image have more adjective than np",
    "see more adjective than np",
    "np (be|exist) at? equal",
    "(there be|the? image have|see)? times? as vague? np as np (visible|exist)?",
    "np be times as amount as np",
    "there be times as vague np as np",
    "np be as amount as np",
    "number_of np be times number_of? np",
)
def _more(match: Match, context: Context) -> list[Claim] | None:
    one, other = (
        [Noun(str(each.value)) for each in match.all("adjective")] + [each.value.nouns[0] for each in match.all("np")]
    )[:2]
    verbs, times = match.all("number_verb"), match.all("times")
    ratio = [one.value.count for one in match.all("amount")] if verbs else []
    if match.all("as") and not verbs and not times and any(one.value.count for one in match.all("amount")):
        return None
    if ratio and ratio[1] != 1:
        return None
    if one.places or other.places or any(each.is_denied for each in match.matched):
        return None
    compared = one.compared or next((str(each.value) for each in match.all("more")), None)
    if match.all("than") and compared is None:
        return None
    kind = str(verbs[0].value) if verbs else compared or ("more" if times else "equal")
    n = int(times[0].value) if times else ratio[0] if ratio else None
    return [Claim(kind, one.subject, other=other.subject, count=n)]


@construction("np (span|be|lie) share", "(span|be|lie) share", "np be share axis", "share axis? be span np")
def _extent(match: Match, context: Context) -> list[Claim] | None:
    (share,) = match.all("share")
    percent, bound, axis = share.value
    nouns = match.all("np")
    noun = resolved(nouns[0].value.nouns[0] if nouns else Noun("it"), context)
    verbs = match.all("span", "lie")
    if any(MAKES_UP.match(one.text) for one in verbs) and not (noun and noun.subject == "blank"):
        return None  # a share of the sources, not of the picture
    if noun is not None and noun.subject == "blank":
        return [blank_claim(percent, bound)]
    if noun is None or noun.quantifier or any(one.is_denied for one in match.matched):
        return None
    how = ("across" if axis == "across" else axis) if axis else str(verbs[0].value or "area") if verbs else None
    if how is None:
        return None
    how += {"at least": " at least", "more than": " at least", "at most": " at most", "fewer than": " at most"}.get(
        bound or "", ""
    )
    return [Claim("extent", noun.subject, count=round(percent), how=how)]


LIMITS = {"more than": "at least", "at least": "at least", "fewer than": "at most", "at most": "at most"}


def limit(match: Match) -> str | None:
    """Whether a measure is the least or the most that something has."""
    return next((LIMITS[one.value] for one in match.all("bound") if one.value in LIMITS), None)


@construction("np (be|span|have) (a axis of)? bound? angle (at? axis)?", "(be|span) bound? angle (at? axis)?")
def _angle(match: Match, context: Context) -> list[Claim] | None:
    nouns = match.all("np")
    noun = resolved(nouns[0].value.nouns[0] if nouns else Noun("it"), context)
    axes = [one.value for one in match.all("axis")]
    if noun is None or any(one.is_denied for one in match.matched) or len(match.all("angle")[0].value) > 1:
        return None
    axes += [axis for one in match.all("span", "have") for axis in ("width", "height") if axis in one.text.lower()]
    how = f"angle {axes[0]}" if axes and axes[0] != "across" else "angle"
    how = f"{how} {limit(match)}" if limit(match) else how
    return [Claim("extent", noun.subject, count=match.all("angle")[0].value[0], how=how)]


@construction(
    "np (be|span|have)? (a axis of)? bound* pixels axis? (and|comma)* (pixels axis)?", "(be|span)? bound* pixels axis",
    "the? image (be|span|have) bound* pixels axis? (and|comma)* (pixels axis)?",
    "(the|a)? portion axis? (be|span) bound* angle",
    examples=("The extended source is 51 pixels across.",),
)  # fmt: skip
def _in_pixels(match: Match, context: Context) -> list[Claim] | None:
    """Sizes in pixels, of an object or of the picture; the size of a pixel."""
    nouns, axes = match.all("np"), [str(one.value) for one in match.all("axis")]
    if any(one.is_denied for one in match.matched):
        return None
    if match.all("angle"):
        is_pixel = match.all("portion")[0].text.lower().startswith("pix")
        is_pixel = is_pixel and limit(match) is None
        return [Claim("pixels", "pixel", count=match.all("angle")[0].value[0])] if is_pixel else None
    sizes = [each for one in match.all("pixels") for each in one.value]
    noun = None if match.all("image") else resolved(nouns[0].value.nouns[0] if nouns else Noun("it"), context)
    if not match.all("image") and (noun is None or noun.quantifier or noun.extreme):
        return None
    subject = noun.subject if noun else "image"
    axes = axes if len(axes) == len(sizes) else ["width", "height"] if len(sizes) > 1 else ["across"]
    how = limit(match)
    return [Claim("pixels", subject, count=one, how=how, other=axis) for one, axis in zip(sizes, axes, strict=True)]


MAKES_UP = re.compile(r"(?i)mak|account")
NEAR = ("close to", "near", "next to", "beside")


@construction(
    "np (be|lie|visible) place? surround np place?", "(be|lie) surround np place?",
    "there be np place? surround np place?", "np (be|lie) besides np place?",
    examples=("The artefact lies close to the extended source.",),
)  # fmt: skip
def _is_near(match: Match, context: Context) -> list[Claim] | None:
    """That one thing is close to another, and where."""
    joint = match.all("surround", "besides")[0]
    groups = [one.value.nouns for one in match.all("np")]
    one, other = ([(Noun("it", is_definite=True),)] + groups)[-2:]
    if joint.text.lower() not in NEAR or len(one) != 1 or len(other) != 1:
        return None
    left, right = resolved(one[0], context), resolved(other[0], context)
    if left is None or right is None or any(each.is_denied for each in match.matched):
        return None
    if any(each.quantifier or each.extreme for each in (left, right)) or (left.amount and left.amount.count != 1):
        return None
    said = there_is(Group(one), (), context) if match.all("there") else []
    places = [
        Claim("position", (left if each.start < joint.start else right).subject, other=each.value.name)
        for each in match.all("place")
    ]
    return None if said is None else [*said, Claim("near", left.subject, other=right.subject), *places]


# -- the picture as a whole -----------------------------------------------------------------------------------------


@construction(
    "share be? covered", "percent of? the? portion be? covered", "most of? the? image be? covered",
    "most portion be? covered", examples=("More than half of the image is covered by data.",),
)  # fmt: skip
def _covered_share(match: Match, context: Context) -> list[Claim] | None:
    """So much of the picture has data: the rest is blank."""
    shares = match.all("share", "percent")
    percent, bound = shares[0].value[:2] if shares else (50.0, "more than")
    if any(one.is_denied for one in match.matched):
        return None
    return [blank_claim(100 - percent, TURNED.get(bound or "", bound))]


TURNED = {"more than": "fewer than", "fewer than": "more than", "at least": "at most", "at most": "at least"}
"""What a bound is of the rest."""


@construction(
    "share be blank",
    "percent of? the? (image|portion) be blank",
    "percent be blank",
    "the? image be percent blank",
    "percent blank",
    "blank colon percent",
    "share blank",
    "(share|percent of? the? portion) have blank",
    "np be percent",
    "blank_noun (span|be) share",
)
def _blank_share(match: Match, context: Context) -> list[Claim] | None:
    (share,), denied = match.all("share", "percent"), [one for one in match.matched if one.is_denied]
    if denied and not match.all("np") and [one.category for one in denied] == ["be"] and match.matched[0] is share:
        return [blank_claim(100 - share.value[0], TURNED.get(share.value[1] or "", share.value[1]))]
    if denied or match.all("np"):
        return None
    return [blank_claim(share.value[0], share.value[1])]


def blank_claim(percent: float, bound: str | None) -> Claim:
    """So many per cent; "less than 1 %" is 0."""
    if bound == "fewer than" and percent <= 1:
        return Claim("border", "blank", count=int(percent) - 1)
    how = {"more than": "at least", "fewer than": "at most"}.get(bound or "", bound)
    return Claim("border", "blank", count=round(percent), how=how)


@construction(
    "(some|any|a|no|the|not_all|all|none_of)* portion? of? (the? image)? be? blank place*",
    "(some|any|all) of? the? image be blank place*",
    "(some|any|no|a)* np be blank place*",
    "(some|a|the|no|any)* portion place be blank",
    "place comma? (some|no|any)* portion be blank",
    "the? (image|place) be some? blank",
    examples=("Part of the image is blank.", "No pixel of the image is blank."),
)
def _is_blank(match: Match, context: Context) -> list[Claim] | None:
    """Whether part of the picture is blank; of the whole of it nobody says so."""
    denied = sum(one.is_denied for one in match.matched) + bool(match.all("no", "none_of"))
    if match.all("blank")[0].text.lower() == "empty" and not match.all("portion", "np", "some", "any"):
        where = match.all("place")
        if denied:
            return None
        return [
            Claim("position", ANY_OBJECT, Truth.ABSENT, other=where[0].value.name)
            if where
            else Claim("count", ANY_OBJECT, count=0)
        ]
    places = [one.value for one in match.all("place")]
    nouns = match.all("np")
    if nouns and nouns[0].value.nouns[0].subject != "pixel":
        return None
    if nouns and nouns[0].value.nouns[0].quantifier == "no":
        denied += 1
    if not nouns and not match.all("portion", "some", "any", "no") and not (denied and match.all("image")):
        return None
    return _border(Noun("blank"), places, is_there=denied % 2 == 0)


@construction(
    "(the|image|be|have|a|comma|angle|axis|of|taken|at|survey|frequency|compare|qualifier|map|freq|bound|it|by|np|portion"
    "|visible|as|with|and|span|lpar|rpar)+"
)
def _map(match: Match, context: Context) -> list[Claim] | None:
    """What the picture was cut from: map, survey, frequency, and how large it is."""
    what = match.all("map", "survey", "frequency")
    is_of_image = match.all("image", "map") or (match.all("np") and match.all("taken", "visible"))
    if any(one.is_denied for one in match.matched) or not what or not is_of_image:
        return None
    if limit(match) or any(noun.subject != "it" for one in match.all("np") for noun in one.value.nouns):
        return None
    claims: list[Claim] = []
    for one in match.matched:
        if one.category == "map":
            claims += one.value
        elif one.category == "survey":
            claims.append(one.value)
        elif one.category == "frequency":
            claims.append(Claim("frequency", "map", count=one.value[0], how="wavelength" if one.value[1] else None))
        elif one.category == "angle":
            how = "one axis" if len(one.value) > 1 else None
            claims += [Claim("size", "image", count=each, how=how) for each in one.value]
    return claims


@construction(
    "np be a? image (of (a|the)? (sky|image))*", "the? image be a? image", examples=("This is a radio image.",)
)
def _is_radio(match: Match, context: Context) -> list[Claim] | None:
    """That the picture is one of radio emission, which all are."""
    nouns, last = [each for one in match.all("np") for each in one.value.nouns], match.all("image")[-1]
    is_it = all(one.subject == "it" and not one.quantifier for one in nouns)
    is_plain = is_it and "radio" in last.text.lower() and not any(one.is_denied for one in match.matched)
    return [Claim("map", "radio-continuum")] if is_plain else None


@construction("the? sky ((comma|and|colon|semi|the)+ sky)*", examples=("North is up and east is left.",))
def _sky(match: Match, context: Context) -> list[Claim]:
    return [one.value for one in match.all("sky")]


@construction(
    "the? image be no? (odd|adjective)", "np be odd", "odd",
    "(np|the? image) have a? odd klass", "the? image colon odd", "call not? the? image as? odd",
    "the? image be odd (rather|comma|not|but)+ odd", "not odd", "there be np odd (bound np (of np)?)?",
    examples=("The content of the image is complex.",),
)  # fmt: skip
def _odd(match: Match, context: Context) -> list[Claim] | None:
    """How ordinary the picture is."""
    nouns, said = match.all("np"), match.all("odd", "adjective")[0]
    what = said.value if said.category == "odd" else ODD.get(said.text.lower())
    first = nouns[0].value.nouns[0] if nouns else None
    is_nothing = bool(match.all("there")) and first is not None and first.quantifier == "no"
    if what is None or bool(match.all("there")) != is_nothing:
        return None
    if first is not None and ((first.subject != "it" and not is_nothing) or context.is_central):
        return None
    n = sum(one.is_denied for one in match.matched) + len(match.all("no", "not"))
    n += bool(match.all("there"))
    return [Claim("peculiarity", what, state(n % 2 == 0))]


ODD = {"peculiar": "PECULIAR", "anomalous": "PECULIAR", "unusual": "PECULIAR"}


@construction(
    "the? image (be|span|have) (a? image of|a axis of)? bound? angle (at? axis)?",
    "(all|each) axis of? (the image)? (span|be) bound? angle",
    "axis of? (the? image)? (colon|be|span) bound? angle",
    "the? image colon bound? angle axis?",
    "angle axis",
    "a? angle (axis|by axis)? image",
)
def _side(match: Match, context: Context) -> list[Claim] | None:
    angles = match.all("angle")[0].value
    if any(one.is_denied for one in match.matched):
        return None
    if context.noun is not None and not match.all("image"):
        return None  # "it is 5 arcmin wide and 4 arcmin high": not the picture
    how = "one axis" if len(angles) > 1 or any(one.value in ("width", "height") for one in match.all("axis")) else None
    how = limit(match) or how
    return [Claim("size", "image", count=one, how=how) for one in angles]


@construction(
    "beam (be|colon|have|span)? a? beam? of? bound? angle axis?",
    "the? image (have|be) a? beam of? bound? angle",
    "a? beam of bound? angle",
    "angle beam",
    "(the? image)? be taken (with|a|at|of|the)* beam of? bound? angle",
)
def _beam(match: Match, context: Context) -> list[Claim]:
    return [Claim("beam", "map", count=one, how=limit(match)) for one in dict.fromkeys(match.all("angle")[0].value)]


@construction(
    "freq (be|colon)? bound? frequency",
    "(the? image)? (be? taken?|visible) (at|of|with|a|freq)* bound? frequency",
    "it be taken (at|a|freq|of)* bound? frequency",
    "(visible|taken) (with|by|at|of|the)* survey (at|a|freq|of)* bound? frequency",
    "frequency",
    "the? image have a? freq of? bound? frequency",
    "bound? frequency (and|comma)? survey",
    "freq be bound? frequency (comma? as? (at|of)* survey)?",
)
def _freq(match: Match, context: Context) -> list[Claim] | None:
    if any(one.is_denied for one in match.matched):
        return None
    surveys = [one.value for one in match.all("survey")]
    (mhz, is_wave), *_ = (one.value for one in match.all("frequency"))
    if is_wave and limit(match):
        return None
    return [Claim("frequency", "map", count=mhz, how="wavelength" if is_wave else limit(match)), *surveys]


@construction(
    "(the? image|it)? (be|taken|the|a|of|at|by|part|colon|image)* survey image*",
    "survey",
    "(visible|taken) (with|by|at|of|the)* survey",
)
def _survey(match: Match, context: Context) -> list[Claim] | None:
    return None if any(one.is_denied for one in match.matched) else [one.value for one in match.all("survey")]
