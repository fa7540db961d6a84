"""Sentences and clauses, and how a clause says what it says: denied, doubted, asked, supposed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SENTENCE = re.compile(r"(?:[^.!?\n]|[.!?](?=\S))+[.!?\n]?")
ABBREVIATION = re.compile(
    r"(?i)\b(?:approx|ca|e\.g|i\.e|etc|fig|resp|vs|cf|incl|arcsec|arcmin|deg|st|no)\.(?=\s+[a-z\d(])"
)
UNDECIDED = re.compile(
    r"(?i)(?:\bnot|n't)\s+(?:been\s+|yet\s+|be\s+)?(?:classified(?! as)|known(?! as)|clear|determined"
    r"|recorded(?! as)|annotated(?! as))\b|\b(?:is|are|remains?)\s+(?:unclassified|unknown|unclear"
    r"|uncertain|undetermined|ambiguous)\b|\buncertain whether\b|\bunclear (?:whether|if)\b"
    r"|\bcannot be (?:told|said|determined|decided|judged)\b"
    r"|\b(?:hard|difficult|impossible) to (?:tell|say|judge|determine)\b|\bno (?:classification"
    r"|information)\b|\b(?:cannot|can't|could not|unable to) (?:tell|say|determine|judge|decide)\b"
)
SUPPOSED = re.compile(
    r"(?i)\b(?:if|whether|unless|suppose|supposing|assuming|hypothetically|would (?:have|look|be (?!class"
    r"|categori|called|described|wrong|false|incorrect|inaccurate|untrue)|appear|expect|show|stand|seem)"
    r"|were there|had there|imagine|in case|in principle"
    r"|one (?:might|could|may) (?:think|expect|say|mistake|believe)|might be (?:mistaken|confused)"
    r"|could be (?:mistaken|confused)|mistaken for|confused with"
    r"|defined as|is a term|refers? to|(?:the|your|this) question|asked (?:whether|if|about|for)|for example"
    r"|such as those|in other (?:images|pictures)|elsewhere"
    r"|typically|usually|generally|in general|often|normally|by definition|sometimes|should (?:have|show"
    r"|look)|definition)\b"
)
HEDGED = re.compile(
    r"(?i)\b(?:possibl[ye]|perhaps|maybe|might|may|could|potential(?:ly)?|conceivabl[ye]|hints? (?:of|at)"
    r"|suspected|tentative(?:ly)?|arguabl[ye]"
    r"|cannot be (?:excluded|ruled out)|can't be (?:excluded|ruled out)|questionabl[ye]|doubtful|not sure"
    r"|unsure|i (?:guess|suspect))\b"
)
NOT_EXCLUDED = re.compile(
    r"(?i)\b(?:cannot|can't|could not|can not) be (?:entirely |completely )?(?:excluded|ruled out|dismissed)\b"
)
OUTER = re.compile(
    r"(?i)\b(?:(?:it is|it's|it would be|that is|it seems)?\s*(?:not (?:true|the case|correct|right|accurate)"
    r"|untrue|false|wrong|incorrect|inaccurate)"
    r"(?: to (?:say|claim|state|call it|conclude))?(?:\s+that\b|\s+(?=there))|(?:i|we) (?:do not|don't|cannot"
    r"|can't) (?:think|believe|say|claim)(?: that)?"
    r"|(?:i|we) (?:deny|dispute|disagree) that|(?:it (?:is|seems|appears) )?(?:very |highly |rather )?unlikely that\b)"
)
NEGATOR = re.compile(
    r"(?i)\b(?:no|not|without|neither|nor|never|cannot|none|nothing|nowhere|free (?:of|from)|lacks?|lacking"
    r"|absence of|devoid of|empty of|bereft of|clear of|excludes?"
    r"|excluding|rules? out|ruled out|fails? to|failed to|unable to|instead of|rather than|in place of|unlike"
    r"|as opposed to|as distinct from|in contrast to|nothing (?:like|resembling)|anything but|minus|barring"
    r"|unlikely|inconsistent with"
    r"|incompatible with|far from(?! the)|(?:more likely|rather|sooner)\b[^.;:]{0,120}\bthan|(?:absent|missing"
    r"|lacking)(?=\s*:))\b|n't\b"
)
NO_NEGATION = re.compile(
    r"(?i)\b(?:not only|not just|not merely|not simply|no doubt|without (?:any )?doubt|without question"
    r"|no fewer than|no less than|no more than"
    r"|not (?:more|less|fewer) than|no question that|undoubtedly|not surprisingly|nothing but|none other than"
    r"|no other than|not far from|no later than|cannot be denied"
    r"|cannot be overlooked|cannot be missed|cannot be ignored|unmistakabl[ye]|not uncommon(?:ly)?|why not"
    r"|not necessarily|no more and no (?:fewer|less) than|neither more nor (?:fewer|less) than)\b"
)
UNSURE = re.compile(
    r"(?i)\b(?:not (?:necessarily|entirely|fully|quite|very|always|every|all|clearly|particularly|really"
    r"|exactly|truly|strictly|overly|too|especially|exclusively|purely|completely"
    r"|much|many|both)|hardly|barely|scarcely|rarely|seldom|few if any|little|almost no|nearly no"
    r"|virtually no|practically no)\b"
)
VERB = (
    r"(?:is|are|was|were|has|have|contains?|shows?|lies?|lie|appears?|seems?|can|cannot|does|do|did|could|may"
    r"|might|must|stands?|includes?|hosts?|holds?|displays?"
    r"|exhibits?|reveals?|features?|sits?|exists?|occurs?|dominates?|fills?|covers?|occup(?:y|ies)|spans?"
    r"|extends?|surrounds?|crosses|looks?|remains?|consists?|comprises?"
    r"|belongs?|falls?|isn't|aren't|don't|doesn't|can't|i see|we see|one sees|there's|it's|abound|i count"
    r"|you count|you look|we look|we count|you search|we find|i find|resides?|belong|measures?|bears?"
    r"|harbou?rs?|presents?|visible|absent|will find|you will|find|would not|should|don't see)"
)
FINITE = re.compile(rf"(?i)\b{VERB}\b")
AFFIRMED = re.compile(  # a finite verb, or a contrast, between the negation and the word ends the negation
    r"(?i)\b(?:contains|shows|includes|hosts|holds|displays|has|exhibits|reveals|features|there (?:is|are))\b"
    r"|\b(?:but|however|yet|while|whereas|although|though)\b"
)
DENIED_AFTER = re.compile(
    r"(?i)^(?:[\s,]+(?!(?:visible|present|seen|there|of which|is|are|was|were|can|could|do|does|that|which"
    r"|but|and\s+(?:is|are))\b)[\w'()-]+){0,8}?[\s,]+(?:(?:is|are|was|were|can|could|do|does|has|have"
    r"|did)\s+(?:\w+ly\s+)?(?:not|never|nowhere)\b"
    r"|(?:is|are|was|were|appears?(?: to be)?|seems?(?: to be)?|(?:is|are|was|were) \w+ly)\s+(?:absent"
    r"|missing|lacking|excluded|ruled out|nowhere|none|undetected|invisible)\b|cannot\b"
    r"|(?:is|are|ca|could|do|does|was|were)n't\b|fails? to\b|(?:is|are) nonexistent\b|(?:is|are) non-existent\b)"
    r"|^(?:[\s,]+(?!there\b|but\b|is\b|are\b)[\w-]+){0,10}?[\s,]+(?:of which\s+)?(?:there\s+(?:is|are)"
    r"|the\s+\w+\s+(?:contains?|has|shows?)|(?:you|we)\s+(?:will\s+)?(?:find|see))\s+(?:no\s+(?:sign|trace"
    r"|evidence|hint)|none|nothing|neither|not\s+(?:any|one|a))\b"
    r"|^(?:\s+[\w'-]+){0,4}?\s+nothing\s+(?:is|can|could)\b"
    r"|^(?:\s+[\w'-]+){0,1}\s+(?:absent|missing|invisible|not\s+(?:visible|present|seen|detected|found))\b"
    r"|^\s*(?:[:=|-]|\()\s*(?:none|no|0|zero|absent|not (?:present|seen|visible|detected|found)|false|n)\b"
    r"|^\s*\?\s*(?:no|none)\b"
)
FARTHEST = 400
"""Characters over which a negation reaches."""
HEAVY = re.compile(r"lacks?|lacking|without|free (?:of|from)|absence of|devoid of|excludes?|fails? to")
NOT_ABSENT = re.compile(
    r"(?i)^(?:\s+[\w'-]+){0,6}?\s+(?:(?:is|are|was|were)\s+(?:not|never)|(?:is|are|was"
    r"|were)n't)\s+(?:\w+ly\s+)?(?:absent|missing|lacking|excluded|invisible|ruled out|nowhere)\b"
)
AS_IS = re.compile(
    r"(?i)\b(?:absent|missing|lacking|not\s+\w+|n't\s+\w+)\b[^.;:]{0,150},\s*(?:and\s+)?(?:as|so)\s+(?:is|are|was"
    r"|were)\s+(?:\w+\s+){0,2}$|\bneither\s+(?:is|are)\s+(?:\w+\s+){0,2}$"
)
NOT_WHOLLY = re.compile(
    r"(?i)\bnot\s+(?:all|every|the whole|the entire|entirely|completely|wholly|fully)\b[^.;:]{0,120}\b(?:free of"
    r"|without|devoid of)\b"
)
CONTRASTING = re.compile(r"(?i)instead of|rather than|in place of|unlike|as opposed to|as distinct from|in contrast to")
LABEL = re.compile(r"(?i)(?:^|[.;!?\n])[\s*-]*(?:[\w'-]+[ \t]+){0,5}[\w'-]+\s*$")
STRONG_END = re.compile(r"[;:!?\n]|\.(?=\s|$)|\s-{1,2}\s")
CONTRAST = re.compile(
    r"(?i),?\s*\b(?:(?<!nothing )(?<!none )(?<!anything )(?<!everything )(?<!\ball )but(?! also)|however|yet"
    r"|although|though|while|whereas|except that|in contrast(?! to)|by contrast|nevertheless)\b"
)
COORDINATION = re.compile(
    r"(?i),(?!\s*as (?:is|are|was|were)\b)\s*(?:and|so|then|with|where|which|who)\b|,(?!\s*as (?:is|are|was"
    r"|were)\b)|\band\b|\bwith\b|\bso\b"
)


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
    cuts = {one.start() for one in STRONG_END.finditer(text, start, end) if not _is_label(text, start, one)} | {
        one.start() for one in CONTRAST.finditer(text, start, end)
    }
    edges = [start, *sorted(cuts), end]
    for begin, stop in zip(edges, edges[1:], strict=False):
        for first, last in _by_verbs(text, begin, stop):
            if re.search(r"\w", text[first:last]):
                words = text[first:last]
                outer = OUTER.search(words)
                is_open = bool(NOT_EXCLUDED.search(words))
                yield Clause(
                    first,
                    last,
                    is_hedged=is_open or bool(HEDGED.search(words)),
                    is_turned=bool(outer),
                    is_undecided=bool(UNDECIDED.search(words)) and not is_open,
                    is_supposed=bool(SUPPOSED.search(words)) or text[start:end].rstrip().endswith("?"),
                )


def _is_label(text: str, start: int, mark: re.Match[str]) -> bool:
    """Whether a colon stands after a few words without a verb, as in "Largest source: upper left"."""
    before = text[start : mark.start()]
    rest = re.split(r"[;\n]", before)[-1]
    if re.match(r"\s*that is where\b", text[mark.end() : mark.end() + 20]):
        return True
    if re.search(r"(?i)\bnot\s*$", rest):
        return False
    return (
        mark[0] == ":"
        and bool(LABEL.search(rest))
        and not FINITE.search(re.sub(r"(?i)^\W*not\s+\w+|visible|absent", "", rest))
    )


def polarity(text: str, clause: Clause, start: int, end: int) -> bool | None:
    """Whether what stands at [start, end) is affirmed (True) or denied (False); None where that cannot be told."""
    before = text[max(clause.start, start - FARTHEST) : start]
    if clause.is_turned:
        before = OUTER.sub(lambda one: " " * len(one[0]), before)
    before = NO_NEGATION.sub(lambda one: " " * len(one[0]), before)
    if clause.is_hedged and NOT_EXCLUDED.search(text[clause.start : clause.end]):
        return not clause.is_turned
    if NOT_WHOLLY.search(before):
        return not clause.is_turned
    if AS_IS.search(before):
        return clause.is_turned
    unsure = list(UNSURE.finditer(before))
    if unsure and not AFFIRMED.search(before[unsure[-1].end() :]):
        return None
    negators = [one for one in NEGATOR.finditer(before) if not _is_over(one[0], before[one.end() :])]
    n_denials = _denials(before, negators)
    is_denied = n_denials % 2 == 1
    is_contrasted = bool(negators) and CONTRASTING.fullmatch(negators[-1][0]) is not None
    after = text[end : min(clause.end, end + FARTHEST)]
    if DENIED_AFTER.search(after) and not is_contrasted and not NOT_ABSENT.search(after):
        is_denied = not is_denied
        if n_denials:
            return None if n_denials > 1 or not re.search(r"(?i)\bno\b", negators[-1][0]) else is_denied
    return is_denied == clause.is_turned


def _is_over(negator: str, rest: str) -> bool:
    """Whether a negation has ended before the words in question; "unlike this," ends at the comma."""
    if CONTRASTING.fullmatch(negator) or negator.lower().startswith("far from"):
        return "," in rest or bool(AFFIRMED.search(rest))
    return bool(AFFIRMED.search(rest))


def _denials(before: str, negators: list[re.Match[str]]) -> int:
    """How many of the negators count: a list with neither and nor, or of several "no", denies once."""
    if not negators:
        return 0
    words = [" ".join(one[0].lower().split()) for one in negators]
    first = next((at for at, word in enumerate(words) if word == "neither"), None)
    if first and words[-1] in ("neither", "nor") and any(HEAVY.fullmatch(word) for word in words[:first]):
        return 2
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
