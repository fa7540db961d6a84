"""Sentences and clauses, and how a clause says what it says: denied, doubted, asked, supposed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?=\S))+[.!?\n]?")
ABBREVIATION = re.compile(
    r"(?i)\b(?:approx|ca|e\.g|i\.e|etc|fig|resp|vs|cf|incl|arcsec|arcmin|deg|st|no)\.(?=\s+[a-z\d(])"
)
UNDECIDED = re.compile(
    r"(?i)(?:\bnot|n't)\s+(?:been\s+|yet\s+|be\s+)?(?:classified|known|clear|determined|recorded|annotated)\b|\b(?:is|are|remains?)\s+(?:unclassified|unknown|unclear"
    r"|uncertain|undetermined|ambiguous)\b|\buncertain whether\b|\bunclear (?:whether|if)\b|\bcannot be (?:told|said|determined|decided|judged)\b"
    r"|\b(?:hard|difficult|impossible) to (?:tell|say|judge|determine)\b|\bno (?:classification|information)\b|\b(?:cannot|can't|could not|unable to) (?:tell|say|determine|judge|decide)\b"
)
SUPPOSED = re.compile(
    r"(?i)\b(?:if|whether|unless|suppose|supposing|assuming|hypothetically|would|were there|had there|imagine|in case|in principle"
    r"|one (?:might|could|may) (?:think|expect|say|mistake|believe)|might be (?:mistaken|confused)|could be (?:mistaken|confused)|mistaken for|confused with"
    r"|defined as|is a term|refers? to|(?:the|your|this) question|asked|for example|such as those|would have|in other (?:images|pictures)|elsewhere"
    r"|typically|usually|generally|in general|often|normally|by definition|sometimes|should|as opposed to|definition)\b"
)
HEDGED = re.compile(
    r"(?i)\b(?:possibl[ye]|perhaps|maybe|might|may|could|potential(?:ly)?|conceivabl[ye]|hints? (?:of|at)|suspected|tentative(?:ly)?|arguabl[ye]"
    r"|cannot be (?:excluded|ruled out)|can't be (?:excluded|ruled out)|questionabl[ye]|doubtful|not sure|unsure|i (?:think|guess|suspect))\b"
)
NOT_EXCLUDED = re.compile(
    r"(?i)\b(?:cannot|can't|could not|can not) be (?:entirely |completely )?(?:excluded|ruled out|dismissed)\b"
)
OUTER = re.compile(
    r"(?i)\b(?:(?:it is|it's|it would be|that is|it seems)?\s*(?:not (?:true|the case|correct|right|accurate)|untrue|false|wrong|incorrect|inaccurate)"
    r"(?: to (?:say|claim|state|call it|conclude))?(?:\s+that\b|\s+(?=there))|(?:i|we) (?:do not|don't|cannot|can't) (?:think|believe|say|claim)(?: that)?"
    r"|(?:i|we) (?:deny|dispute|disagree) that)"
)
NEGATOR = re.compile(
    r"(?i)\b(?:no|not|without|neither|nor|never|cannot|none|nowhere|free (?:of|from)|lacks?|lacking|absence of|devoid of|empty of|bereft of|clear of|excludes?"
    r"|excluding|rules? out|ruled out|fails? to|failed to|unable to|instead of|rather than|in place of|unlike|nothing (?:like|resembling)|anything but|minus|barring)\b|n't\b"
)
NO_NEGATION = re.compile(
    r"(?i)\b(?:not only|not just|not merely|not simply|no doubt|without (?:any )?doubt|without question|no fewer than|no less than|no more than"
    r"|not (?:more|less|fewer) than|no question that|undoubtedly|not surprisingly|nothing but|none other than|no other than|not far from|no later than|cannot be denied"
    r"|cannot be overlooked|cannot be missed|cannot be ignored|unmistakabl[ye]|not uncommon(?:ly)?|why not|not necessarily)\b"
)
UNSURE = re.compile(
    r"(?i)\b(?:not (?:necessarily|entirely|fully|quite|very|always|every|all|clearly|particularly|really|exactly|truly|strictly|overly|too|especially|exclusively|purely|completely"
    r"|much|many|both)|hardly|barely|scarcely|rarely|seldom|few if any|little|almost no|nearly no|virtually no|practically no)\b"
)
VERB = (
    r"(?:is|are|was|were|has|have|contains?|shows?|lies?|lie|appears?|seems?|can|cannot|does|do|did|could|may|might|must|stands?|includes?|hosts?|holds?|displays?"
    r"|exhibits?|reveals?|features?|sits?|exists?|occurs?|dominates?|fills?|covers?|occup(?:y|ies)|spans?|extends?|surrounds?|crosses|looks?|remains?|consists?|comprises?"
    r"|belongs?|falls?|isn't|aren't|don't|doesn't|can't|i see|we see|one sees|there's|it's|abound|i count|we find|i find|resides?|belong|measures?|bears?|harbou?rs?|presents?)"
)
FINITE = re.compile(rf"(?i)\b{VERB}\b")
AFFIRMED = re.compile(  # a finite verb, or a contrast, between the negation and the word ends the negation
    r"(?i)\b(?:contains|shows|includes|hosts|holds|displays|has|exhibits|reveals|features|there (?:is|are))\b|\b(?:but|however|yet|while|whereas|although|though)\b"
)
DENIED_AFTER = re.compile(
    r"(?i)^(?:[\s,]+(?!(?:is|are|was|were|can|could|do|does|that|which|but|and\s+(?:is|are))\b)[\w'()-]+){0,8}?[\s,]+(?:(?:is|are|was|were|can|could|do|does|has|have|did)\s+(?:\w+ly\s+)?(?:not|never|nowhere)\b"
    r"|(?:is|are|was|were|appears?(?: to be)?|seems?(?: to be)?|(?:is|are|was|were) (?:entirely|completely|totally|wholly))\s+(?:absent|missing|lacking|excluded|ruled out|nowhere|none|undetected|invisible)\b|cannot\b"
    r"|(?:is|are|ca|could|do|does|was|were)n't\b|fails? to\b|(?:is|are) nonexistent\b|(?:is|are) non-existent\b)"
    r"|^\s*(?:[:=|-]|\()\s*(?:none|no|0|zero|absent|not (?:present|seen|visible|detected|found)|false|n)\b|^\s*\?\s*(?:no|none)\b"
)
STRONG_END = re.compile(r"[;:!?\n]|\.(?=\s|$)|\s-{1,2}\s")
CONTRAST = re.compile(
    r"(?i),?\s*\b(?:(?<!nothing )(?<!none )(?<!anything )(?<!everything )(?<!\ball )but(?! also)|however|yet|although|though|while|whereas|except that|on the other hand|in contrast|by contrast|nevertheless)\b"
)
COORDINATION = re.compile(r"(?i),\s*(?:and|so|then|with|where|which|who)\b|,|\band\b|\bwith\b|\bso\b")


@dataclass(frozen=True)
class Clause:
    """A piece of a text, [start, end), that says one thing or lists several."""

    start: int
    end: int
    is_hedged: bool = False
    is_turned: bool = False
    """Said to be false as a whole: "it is not true that"."""
    is_undecided: bool = False
    """It says that something is not known."""
    is_supposed: bool = False
    """It asks, supposes, or speaks of something else than the picture."""

    @property
    def is_silent(self) -> bool:
        """Whether nothing is claimed by what it names."""
        return self.is_undecided or self.is_supposed


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a plain text, [start, end)."""
    hidden = ABBREVIATION.sub(lambda one: one[0][:-1] + ",", text)
    yield from (one.span() for one in SENTENCE.finditer(hidden) if one[0].strip())


def clauses(text: str, start: int, end: int) -> Iterator[Clause]:
    """The clauses of a sentence: cut at contrasts, and where a new verb has a new subject."""
    outer = OUTER.search(text, start, end)
    cuts = {one.start() for one in STRONG_END.finditer(text, start, end)} | {
        one.start() for one in CONTRAST.finditer(text, start, end)
    }
    edges = [start, *sorted(cuts), end]
    for begin, stop in zip(edges, edges[1:], strict=False):
        for first, last in _by_verbs(text, begin, stop):
            if re.search(r"\w", text[first:last]):
                words = text[first:last]
                is_open = bool(NOT_EXCLUDED.search(words))
                yield Clause(
                    first,
                    last,
                    is_hedged=is_open or bool(HEDGED.search(words)),
                    is_turned=bool(outer) and first <= outer.start() < last,
                    is_undecided=bool(UNDECIDED.search(words)) and not is_open,
                    is_supposed=bool(SUPPOSED.search(words)) or text[start:end].rstrip().endswith("?"),
                )


def polarity(text: str, clause: Clause, start: int, end: int) -> bool | None:
    """Whether what stands at [start, end) is affirmed (True) or denied (False); None where that cannot be told."""
    before = text[clause.start : start]
    if clause.is_turned:
        before = OUTER.sub(lambda one: " " * len(one[0]), before)
    before = NO_NEGATION.sub(lambda one: " " * len(one[0]), before)
    if NOT_EXCLUDED.search(text[clause.start : clause.end]):
        return not clause.is_turned
    unsure = list(UNSURE.finditer(before))
    if unsure and not AFFIRMED.search(before[unsure[-1].end() :]):
        return None
    negators = [one for one in NEGATOR.finditer(before) if not AFFIRMED.search(before[one.end() :])]
    n_denials = _denials(before, negators)
    is_denied = n_denials % 2 == 1
    if DENIED_AFTER.search(text[end : clause.end]):
        is_denied = not is_denied
        if n_denials:
            return None if n_denials > 1 or not re.search(r"(?i)\bno\b", negators[-1][0]) else is_denied
    return is_denied == clause.is_turned


def _denials(before: str, negators: list[re.Match[str]]) -> int:
    """How many of the negators count: a list with neither and nor, or of several "no", denies once."""
    if not negators:
        return 0
    words = [" ".join(one[0].lower().split()) for one in negators]
    if words[-1] in ("no", "nor", "neither", "none", "without", "zero") and len(words) > 1:
        rest = words[:-1]
        if words[-1] == "without":
            return 2 if rest[-1] in ("not", "n't", "never", "cannot", "no") else 1
        is_list = all(one in ("no", "nor", "neither", "none", "not", "n't", "without", "zero", "never") for one in rest)
        same = bool(
            re.search(
                r"(?i)(?:,|\band\b|\bor\b|\bnor\b)\s*(?:\w+\s+){0,1}$",
                before[negators[-2].end() : negators[-1].start()],
            )
        )
        if words[-1] in ("nor", "neither") or (
            is_list and (same or rest[-1] in ("no", "nor", "neither", "none", "without"))
        ):
            return 1
        return 2
    if len(words) > 1 and words[-1] in ("not", "n't", "never") and words[-2] in ("neither", "nor", "no", "none"):
        return 1
    if (
        len(words) > 1
        and words[-2] in ("no", "none", "neither", "nor")
        and words[-1] in ("excludes", "instead of", "rather than")
    ):
        return 1
    return len(words)


def _by_verbs(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut at "and" and commas where a verb stands on both sides."""
    first = start
    marks = [(one.start(), one.end()) for one in COORDINATION.finditer(text, start, end)]
    for at, (mark, after) in enumerate(marks):
        following = next((later for later, _ in marks[at + 1 :]), end)
        if FINITE.search(text, first, mark) and FINITE.search(text, after, following):
            yield first, mark
            first = mark
    yield first, end
