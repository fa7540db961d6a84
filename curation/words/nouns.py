"""What the clauses of a text speak of: labels, any source, one of those just named; with number, place and predicate."""

import re
from dataclasses import dataclass, field, replace

from curation.words.amounts import NUMBER, Amount, amount_after, amount_before, amount_of, number, part_before
from curation.words.claims import ANY_OBJECT
from curation.words.clauses import Clause
from curation.words.grammar import PREDICATE, Mention
from curation.words.places import Place, attribute, places

GENERIC = re.compile(
    r"(?i)\b(?:radio[\s-]+|cata?logued\s+|astronomical\s+|celestial\s+)*"
    r"(?P<word>sources?|objects?|detections?|blobs?)\b(?!\s+(?:finder|catalogue|catalog|type|class|name|count|list|extraction|detection)\b)"
)
FEATURE = re.compile(
    r"(?i)\b(?:lobes?|jets?|cores?|hot-?\s?spots?|tails?|peaks?|components?|emission|structures?|rings?|halo(?:s|es)?|plumes?|bridges?|arcs?"
    r"|shells?|knots?|nucle(?:us|i)|counterparts?|hosts?|features?|blemish(?:es)?|stripes?|streaks?|glow|cavit(?:y|ies)|islands?|maxim(?:um|a)|patterns?|rays|spikes)\b"
)
OF_THEM = (
    r"(?:\s+of\s+(?:them|these|those|which|the\s+(?:two|three|four|five|six|seven|eight|nine|ten|\d+|latter|former)))"
)
ANAPHOR = re.compile(
    rf"(?i)(?<![\w.-])(?P<word>(?P<number>{NUMBER}){OF_THEM}?|another(?:\s+one)?|(?:each|all|both|none|neither|most|some|any|half|many){OF_THEM}"
    rf"|the\s+(?:other|others|rest|remaining\s+(?:ones?|{NUMBER})|former|latter|first|second|third|last)(?:\s+(?:ones?|{NUMBER}))?|both|all|none|each|they|it|them|which|this|these|those)\b"
    rf"(?=\s*(?:$|[,.;:)!?]|\b(?:is|are|was|were|in|on|at|near|lies?|sits?|appears?|looks?|seems?|to|towards?|along|has|have|stands?|can|belongs?|located|close|isn't|aren't|do|does|occup\w+|resides?|falls?|being|and|or)\b))"
)
EXTREMES = {
    "largest": "largest", "biggest": "largest", "most extended": "largest", "greatest": "largest", "widest": "largest",
    "smallest": "smallest", "tiniest": "smallest", "leftmost": "leftmost", "rightmost": "rightmost",
    "topmost": "uppermost", "uppermost": "uppermost", "highest": "uppermost", "lowest": "lowermost",
    "lowermost": "lowermost", "bottommost": "lowermost", "most central": "most central", "brightest": "brightest",
    "faintest": "faintest", "strongest": "brightest", "weakest": "faintest", "most prominent": "brightest",
    "most luminous": "brightest", "dominant": "brightest", "nearest": "nearest", "most massive": "heaviest",
    "most conspicuous": "brightest", "most distant": "farthest", "second largest": "second largest",
}  # fmt: skip
EXTREME = re.compile(
    rf"(?i)\b(?P<word>{'|'.join(sorted(EXTREMES, key=len, reverse=True))})\s+(?:(?:of\s+(?:all\s+)?(?:the\s+|these\s+|its\s+)?)|(?:visible|single|cata?logued|known|radio|and\s+\w+)\s+)*(?:(?:{NUMBER})\s+)?$"
)
EXTREME_ALONE = re.compile(
    rf"(?i)\bthe\s+(?P<word>{'|'.join(sorted(EXTREMES, key=len, reverse=True))})(?:\s+one)?\s+(?=is\b|lies\b|sits\b|of\s+(?:them|these|which|all)\b|appears\b|,|\()"
)
MOST_CENTRAL = re.compile(
    r"(?i)^\s*(?:(?:that\s+is\s+)?(?:closest|nearest)\s+to|near(?:est)?)\s+the\s+(?:image\s+)?cent(?:re|er)\b"
)
QUANTIFIER = re.compile(
    r"(?i)\b(?P<word>not\s+(?:all|every|each)|all|every|each|most|(?:the\s+)?(?:vast\s+|great\s+|large\s+)?majority|half|both|none|neither|no)"
    r"(?:\s+(?:single|one))?(?:\s+of)?(?:\s+the|\s+these|\s+those|\s+its|\s+them)?(?:\s+(?:visible|cata?logued|detected|radio|individual|two|three|four|five|six|seven|eight|nine|ten|\d+))*\s*$"
)
APART = re.compile(r"(?i)\b(?:there|that|which|who|and|but|than|as)\b|[;:]")


@dataclass(frozen=True)
class Noun:
    """Something that a clause speaks of, [start, end)."""

    start: int
    end: int
    subject: str | None
    """A label, "A|B", "scheme:label", ANY_OBJECT; None for a part of a source, of which nothing is known."""
    word: str
    says: bool | None = None
    is_anaphor: bool = False
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


def nouns(text: str, clause: Clause, mentions: list[Mention], context: Context) -> list[Noun]:
    """The nouns of a clause in its order, each with its places and predicates."""
    found = _found(text, clause, mentions, context)
    found = [_with_amount(text, clause, one) for one in found]
    found = _with_places(text, clause, found, context)
    return _with_predicates(text, clause, found)


def _found(text: str, clause: Clause, mentions: list[Mention], context: Context) -> list[Noun]:
    """Mentions, then generic nouns, parts of sources and pronouns that do not overlap them."""
    found = [
        Noun(one.start, one.end, one.label, text[one.start : one.end], one.says)
        for one in mentions
        if clause.start <= one.start < clause.end
    ]
    taken = [(one.start, one.end) for one in found]

    def is_free(span: tuple[int, int]) -> bool:
        return all(span[1] <= start or end <= span[0] for start, end in taken)

    for one in GENERIC.finditer(text, clause.start, clause.end):
        if is_free(one.span()):
            found.append(Noun(*one.span(), ANY_OBJECT, one["word"]))
            taken.append(one.span())
    for one in EXTREME_ALONE.finditer(text, clause.start, clause.end):
        if is_free(one.span("word")):
            found.append(
                Noun(*one.span("word"), context.subject or ANY_OBJECT, "one", extreme=EXTREMES[one["word"].lower()])
            )
            taken.append(one.span("word"))
    for one in FEATURE.finditer(text, clause.start, clause.end):
        if is_free(one.span()):
            found.append(Noun(*one.span(), None, one[0]))
            taken.append(one.span())
    last = context.subject
    for one in ANAPHOR.finditer(text, clause.start, clause.end):
        if not is_free(one.span("word")) or re.match(r"(?i)\s+(?:or|to)\s+(?:more|fewer|less|\d)", text[one.end() :]):
            continue
        before = [each for each in found if each.end <= one.start() and each.subject]
        subject = max(before, key=lambda each: each.end).subject if before else last
        digits = one["number"]
        word = one["word"].lower()
        quantifier = next(
            (name for name in ("all", "both", "none", "neither", "most", "half", "each") if word.startswith(name)), None
        )
        if word.startswith(("this", "these", "those", "it", "they", "them")) and not before and subject is None:
            subject = ANY_OBJECT
        if subject is None:
            continue
        amount = Amount(number(digits), None, one.start()) if digits else None
        found.append(
            Noun(*one.span("word"), subject, word, is_anaphor=True, amount=amount,
                 quantifier={"both": "all", "each": "all", "neither": "none"}.get(quantifier or "", quantifier))
        )  # fmt: skip
        taken.append(one.span("word"))
    return sorted(found, key=lambda one: one.start)


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
    end = one.end
    if amount is None:
        after = amount_after(text, one.end) or amount_of(text, one.start, one.end)
        if after and after[1] <= clause.end + 8:
            amount, end = after
    central = MOST_CENTRAL.match(text, one.end)
    return replace(
        one,
        end=max(one.end, end),
        amount=amount,
        total=total,
        is_part=bool(part),
        extreme=one.extreme
        or (EXTREMES[extreme["word"].lower()] if extreme else None)
        or (
            "most central"
            if central and "nearest" in central[0].lower() + text[one.end : one.end + 30].lower()
            else None
        ),
        quantifier=one.quantifier or name,
        is_definite=bool(re.search(r"(?i)\b(?:the|this|that|its)\s+(?:[\w-]+\s+){0,2}$", lead)),
        places=(Place(clause.start + place.start, one.start, place.name),) if place else (),
    )


def _with_places(text: str, clause: Clause, found: list[Noun], context: Context) -> list[Noun]:
    """Each place goes to the noun before it; where the clause opens with a place, to the nouns after it."""
    spans = [(one.start - clause.start, one.end - clause.start) for one in found]
    spans += [(each.start - clause.start, each.end - clause.start) for one in found for each in one.places]
    here = [
        Place(clause.start + one.start, clause.start + one.end, one.name, one.is_outside)
        for one in places(_hidden(text[clause.start : clause.end], spans))
    ]
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
    for index, one in enumerate(found[:-1]):
        is_general = one.is_anaphor or one.subject == ANY_OBJECT or one.extreme
        if not is_general:
            continue
        following = found[index + 1]
        between = text[max(clause.start, one.end) : following.start]
        if not PREDICATE.search(between) or APART.search(between):
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


def _hidden(text: str, spans: list[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[: max(0, start)] + "#" * (end - max(0, start)) + text[end:]
    return text
