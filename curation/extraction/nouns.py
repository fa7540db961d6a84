"""What a clause speaks of: labels, any source, one of those just named; with number, place and predicate."""

import re
from dataclasses import dataclass, field, replace

from curation.extraction.amounts import (
    Amount,
    amount_after,
    amount_before,
    amount_of,
    bound_after,
    number,
    part_before,
)
from curation.extraction.clauses import Clause
from curation.extraction.grammar import PREDICATE, Mention
from curation.extraction.noun_words import (
    ANAPHOR,
    ANAPHOR_OF,
    APART,
    AS_A,
    BLANKISH,
    CLASSIFIED,
    DEFINITE,
    EXTREME,
    EXTREME_ALONE,
    EXTREMES,
    FEATURE,
    GENERIC,
    IS_THE,
    MOST_CENTRAL,
    QUANTIFIER,
    QUANTIFIERS,
    SHARE,
    SHARES,
    SIZED,
)
from curation.extraction.places import Place, attribute, places
from curation.verification.claims import ANY_OBJECT


@dataclass(frozen=True)
class Noun:
    """Something that a clause speaks of, [start, end)."""

    start: int
    end: int
    subject: str | None
    """A label, "A|B", "scheme:label", ANY_OBJECT; None for a part of a source, of which nothing is known."""
    word: str
    says: bool | None = None
    is_adjective: bool = False
    is_anaphor: bool = False
    is_home: bool = False
    """The source at the centre, of which the labels speak: what is said of it is said by the labels named."""
    is_definite: bool = False
    amount: Amount | None = None
    is_part: bool = False
    total: int | None = None
    """The five of "three of the five sources"."""
    extreme: str | None = None
    quantifier: str | None = None
    """"all", "not all", "most", "half", "none"."""
    places: tuple[Place, ...] = ()
    is_apart: bool = False
    """A comma stands between it and its place, or it has several places: its number is that of the whole picture."""
    predicates: tuple["Noun", ...] = field(default=())

    @property
    def is_plural(self) -> bool:
        """Whether its word is a plural."""
        return self.word.lower().endswith("s") or self.word.lower() in ("they", "them", "both", "all", "these", "those")


@dataclass(frozen=True)
class Context:
    """What the clauses before have named: what "it", "one of them" and "the other" may mean."""

    subject: str | None = None
    number: int | None = None


def nouns(text: str, clause: Clause, mentions: list[Mention], context: Context, *, is_central: bool) -> list[Noun]:
    """The nouns of a clause in its order, each with its places and predicates.

    `is_central`: the labels are those of the source at the centre, which "it" and "the source at the centre" mean.
    """
    found = _found(text, clause, mentions, context)
    found = [_with_amount(text, clause, one) for one in found]
    found = _with_places(text, clause, found, context)
    if is_central:
        found = [replace(one, is_home=True) if _is_home(one) else one for one in found]
    return _with_predicates(text, clause, found)


def _found(text: str, clause: Clause, mentions: list[Mention], context: Context) -> list[Noun]:
    """Mentions, then generic nouns, parts of sources and pronouns that do not overlap them."""
    found = [
        Noun(one.start, one.end, one.label, text[one.start : one.end], one.says, is_adjective=one.is_adjective)
        for one in mentions
        if clause.start <= one.start < clause.end
    ]
    for at, one in enumerate(found):  # "the most extended source" is the largest one, whatever its class
        lead = re.search(r"(?i)\bmost\s+$", text[clause.start : one.start])
        if lead and one.word.lower().startswith("extended "):
            found[at] = replace(one, subject=ANY_OBJECT, word="source", extreme="largest")
    for one in GENERIC.finditer(text, clause.start, clause.end):
        _add(found, Noun(*one.span(), ANY_OBJECT, one["word"]))
    for one in EXTREME_ALONE.finditer(text, clause.start, clause.end):
        how = EXTREMES[one["word"].lower()]
        _add(found, Noun(one.start("word"), one.end("noun"), context.subject or ANY_OBJECT, "one", extreme=how))
    for one in FEATURE.finditer(text, clause.start, clause.end):
        _add(found, Noun(*one.span(), None, one[0]))
    if not BLANKISH.search(text, clause.start, clause.end):
        every = [
            *ANAPHOR_OF.finditer(text, clause.start, clause.end),
            *ANAPHOR.finditer(text, clause.start, clause.end),
        ]
        for one in every:
            noun = _anaphor(text, one, found, context)
            if noun:
                _add(found, noun)
    return sorted(found, key=lambda one: one.start)


def _add(found: list[Noun], one: Noun) -> None:
    """Put a noun to the others unless it overlaps one of them."""
    if all(one.end <= other.start or other.end <= one.start for other in found):
        found.append(one)


def _anaphor(text: str, one: re.Match[str], found: list[Noun], context: Context) -> Noun | None:
    """What "two of them", "another", "it" or "none" means: what was named last, in the clause or before it."""
    if re.match(r"(?i)\s+(?:or|to)\s+(?:more|fewer|less|\d)", text[one.end() :]):
        return None
    before = [each for each in found if each.end <= one.start() and each.subject]
    subject, word = context.subject, one["word"].lower()
    if before:
        subject = max(before, key=lambda each: each.end).subject
    elif subject is None and word.startswith(("this", "these", "those", "it", "they", "them")):
        subject = ANY_OBJECT
    if subject is None:
        return None
    quantifier = next((meant for name, meant in QUANTIFIERS.items() if word.startswith(name)), None)
    amount = Amount(number(one["number"]), None, one.start()) if one["number"] else None
    return Noun(*one.span("word"), subject, word, is_anaphor=True, amount=amount, quantifier=quantifier)


def _is_home(one: Noun) -> bool:
    """Whether this is the source at the centre and nothing more is said of it as an object."""
    if one.subject != ANY_OBJECT and not one.is_anaphor:
        return False
    if one.amount or one.extreme or one.quantifier:
        return False
    if one.is_anaphor:
        return one.word in ("it", "this", "which") and not one.places
    is_there = [place.name == "centre" for place in one.places]
    return all(is_there) if is_there else one.is_definite and not one.is_plural


def _with_amount(text: str, clause: Clause, one: Noun) -> Noun:
    """With its number, superlative, quantifier and article, from the words before it and after it."""
    if one.is_anaphor or one.says is not None:
        return one
    before = text[clause.start : one.start]
    place = attribute(before, len(before))
    lead = before[: place.start] if place else before
    extreme = EXTREME.search(lead)
    quantifier = QUANTIFIER.search(lead)
    word = " ".join(quantifier["word"].lower().split()) if quantifier else None
    name = None
    if word:
        name = "not all" if word.startswith("not") else "most" if "majority" in word else word
        name = {"every": "all", "each": "all", "both": "all", "neither": "none", "no": "none"}.get(name, name)
    amount = amount_before(
        text[: one.start] if not place else text[: place.start + clause.start],
        one.start if not place else place.start + clause.start,
    )
    amount = amount if amount and amount.start >= clause.start else None
    part = part_before(text, one.start)
    total = None
    if part and part[0].start >= clause.start:
        amount, total = part
    bound = bound_after(text, one.end) if amount and amount.how is None and amount.count is not None else None
    if amount and bound:
        amount = replace(amount, how=bound)
    end = one.end
    if amount is None:
        after = amount_after(text, one.end) or amount_of(text, one.start, one.end)
        if after and after[1] <= clause.end + 8:
            amount, end = after
    share = SHARE.search(lead)
    if share:
        name, amount, part, total = f"{_percent(share)} %", None, None, None
    central = MOST_CENTRAL.match(text, one.end)
    sized = SIZED.match(text, one.end)
    end = sized.end() if sized else end
    return replace(
        one,
        start=clause.start + share.start() if share else one.start,
        end=max(one.end, end),
        amount=amount,
        total=total,
        is_part=bool(part),
        extreme=one.extreme or _extreme(sized) or _extreme(extreme) or ("most central" if central else None),
        quantifier=None if one.extreme else one.quantifier or name,
        is_definite=bool(DEFINITE.search(lead)),
        places=(Place(clause.start + place.start, one.start, place.name),) if place else (),
    )


def _percent(found: re.Match[str]) -> int:
    return round(float(found["percent"])) if found["percent"] else SHARES[" ".join(found["words"].lower().split())]


def _extreme(found: re.Match[str] | None) -> str | None:
    return EXTREMES[found["word"].lower()] if found else None


def _with_places(text: str, clause: Clause, found: list[Noun], context: Context) -> list[Noun]:
    """Each place goes to the noun before it; where the clause opens with a place, to the nouns after it."""
    spans = [(one.start - clause.start, one.end - clause.start) for one in found]
    spans += [(each.start - clause.start, each.end - clause.start) for one in found for each in one.places]
    here = [
        Place(clause.start + one.start, clause.start + one.end, one.name, one.is_outside)
        for one in places(_hidden(text[clause.start : clause.end], spans))
    ]
    blank = BLANKISH.search(text, clause.start, clause.end)
    if blank:  # where pixels are blank is another matter
        here = [one for one in here if not one.name.endswith("edge") and one.start < blank.start()]
    if not here:
        return found
    if not found and context.subject:
        found = [Noun(clause.start, clause.start, context.subject, "it", is_anaphor=True)]
    is_fronted = not any(one.end <= here[0].start for one in found)
    held: dict[int, list[Place]] = {}
    for at, place in enumerate(here):
        if is_fronted:
            stop = here[at + 1].start if at + 1 < len(here) else clause.end
            for index, one in enumerate(found):
                if place.end <= one.start < stop and (one.subject is not None or not held.get(index)):
                    held.setdefault(index, []).append(place)
        else:
            before = [index for index, one in enumerate(found) if one.end <= place.start]
            if before:
                held.setdefault(before[-1], []).append(place)
    return [
        replace(
            one,
            places=(*one.places, *held.get(index, ())),
            is_apart=len(held.get(index, ())) > 1
            or any("," in text[one.end : place.start] for place in held.get(index, ()) if place.start >= one.end),
        )
        for index, one in enumerate(found)
    ]


def _with_predicates(text: str, clause: Clause, found: list[Noun]) -> list[Noun]:
    """The first noun that is the subject of "is" takes what follows as its predicates."""
    turned = _turned(text, clause, found)
    if turned is not None:
        return turned
    for index, one in enumerate(found[:-1]):
        is_general = one.is_anaphor or one.subject == ANY_OBJECT or one.extreme
        if not is_general or one.is_home:
            continue
        following = found[index + 1]
        between = text[max(clause.start, one.end) : following.start]
        is_called = CLASSIFIED.search(text[clause.start : one.start]) and AS_A.fullmatch(between)
        if one.is_anaphor and not between.strip() and following.is_adjective:
            is_called = True  # "all of them compact"
        if not is_called and (not PREDICATE.search(between) or APART.search(between)):
            continue
        taken = [following]
        for other in found[index + 2 :]:
            if re.fullmatch(
                r"(?i)\s*(?:,|and|or|,\s*and|but|nor|,\s*or|as well as)?\s*(?:not\s+|also\s+|an?\s+|the\s+)*",
                text[taken[-1].end : other.start],
            ):
                taken.append(other)
            else:
                break
        predicates = tuple(each for each in taken if each.subject not in (ANY_OBJECT, None) and not each.is_anaphor)
        if not predicates:
            continue
        rest = [each for each in found if each not in (one, *predicates)]
        inherited = tuple(place for each in predicates for place in each.places)
        whole = replace(one, predicates=predicates, places=(*one.places, *inherited))
        return sorted([*rest, whole], key=lambda each: each.start)
    return found


def _turned(text: str, clause: Clause, found: list[Noun]) -> list[Noun] | None:
    """With "an FR-II radio galaxy is the largest source" as the largest source being one; None where it is not said."""
    for one, other in zip(found, found[1:], strict=False):
        is_of_class = one.subject not in (None, ANY_OBJECT) and not one.is_anaphor and not one.extreme
        between = text[one.end : other.start]
        if is_of_class and other.extreme and IS_THE.fullmatch(between):
            whole = replace(other, start=one.start, predicates=(one,))
            return sorted([each for each in found if each not in (one, other)] + [whole], key=lambda each: each.start)
    return None


def _hidden(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[: max(0, start)] + "#" * (end - max(0, start)) + text[end:]
    return text
