"""Faults of English that templates can make: an empty slot, a blank too many, "a" for "an", "there is two".

Rules over words, without a model. They are sure rather than complete: what number a noun has is read only of nouns that
are known, from `COMMON` and from the pairs that a scheme gives ("island", "islands"); a word that is none is passed by.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.article import article, fits

COMMON = (
    "source", "galaxy", "object", "region", "nebula", "remnant", "island", "peak", "component", "structure",
    "artefact", "artifact", "pattern", "image", "picture", "pixel", "lobe", "jet", "ring", "shell", "filament",
    "star", "pulsar", "quasar", "binary", "class",
)  # fmt: skip
IRREGULAR = {"nebula": "nebulae", "nucleus": "nuclei", "locus": "loci", "spectrum": "spectra", "maximum": "maxima"}
WORD = re.compile(r"\d+(?:[.,]\d+)*(?!\w)|[^\W_](?:[\w'’-]*\w)?|[^\s'’]")
ENDS_NOUN = re.compile(
    r"(?i)\W|of|in|on|at|with|without|from|to|by|near|around|along|between|inside|within|across|towards?|for|as|than"
    r"|like|and|or|but|nor|that|which|whose|who|where|what|while|if|it|you|they|we|a|an|the|this|these|those|each|there"
    r"|is|are|was|were|be|been|has|have|had|do|does|did|can|may|must|lies?|seen|visible|present|known|not|rather"
    r"|shows?|contains?|cross(?:es)?|fills?|surrounds?|appears?|stands?|extends?|looks?|emits?|consists?|belongs?"
)  # fmt: skip
ONE = frozenset(("one", "1", "a", "an", "every", "each", "another"))
SEVERAL = frozenset((
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "both", "several",
    "many", "few", "these", "those", "various", "multiple",
))  # fmt: skip
BE = ("is", "are", "was", "were")
LEADING = frozenset(("a", "an", "the", "any", "no", "every", "each", "another"))
JOINED = frozenset((
    "of", "in", "on", "at", "with", "from", "to", "by", "near", "around", "between", "and", "or", "each", "than",
    "where", "without", "within", "inside", "that", "which", "whose", "for", "like", "do", "does", "did", "can",
    "could", "would", "may", "must",
))  # fmt: skip
"""After them the noun before a verb need not be what the verb is said of."""
COUNTED = frozenset(("few", "couple", "dozen", "hundred", "thousand", "lot", "number", "pair", "handful", "variety"))
SPACING = {
    r"  ": "a doubled blank, or an empty slot",
    r"\A | \Z| \n|\n ": "a blank at the end of a line",
    r"\s[.,;:?!)]": "a blank before punctuation, or an empty slot",
    r"\( |\(\)": "an empty bracket",
    r"[{}]": "a slot that is not filled",
    r"([.,;:?!])\1|[,;:][.?!]|[?!]\.": "punctuation twice",
    r"(?i)(?<!-)\b([^\W\d_]+) \1\b(?!-)": "a word twice",
    r"(?i)\b(?:a|an|the|every|any)\s*[.;:?!]": "an article without a noun, or an empty slot",
    r"(?i)\b(?:a|an|the|every|any|no|each|one|two|\d+) (?:a|an|the|every|any|no)\b": "two articles",
    r"(?<!\b[eic]\.[ge])(?<!\bapprox)(?<!\b(?:cf|vs|ca|al))(?<!\bresp)[.?!] [a-z]": "a sentence without a capital",
}  # fmt: skip
ARTICLE = re.compile(r"(?:(?<![\w-])(an?)|(?:\A|(?<=[.?!:\n] )|(?<=\n))(An?))(?= ([^\W_]\S*(?: \S+)?))")


@dataclass(frozen=True)
class Nouns:
    """Words known to mean one, and words known to mean several."""

    one: frozenset[str]
    several: frozenset[str]

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]] = ()) -> "Nouns":
        """The common nouns, and those of pairs of noun phrases, for one and for several."""
        heads = {(head(one), head(many)) for one, many in pairs}
        one = {*COMMON, *(left for left, right in heads if left != right)}
        several = {*(plurals(word)[0] for word in COMMON), *(right for left, right in heads if left != right)}
        return cls(frozenset(one - several), frozenset(several))


def head(noun: str) -> str:
    """The word of a noun phrase that bears its number: "field" of "field of pure noise"; lower case, "" of nothing."""
    words = WORD.findall(noun.lower())
    at = next((at for at, word in enumerate(words) if at and ENDS_NOUN.fullmatch(word)), len(words))
    return words[at - 1] if words else ""


def plurals(word: str) -> tuple[str, ...]:
    """How a word may be written for several, the usual way first."""
    found = [IRREGULAR[word]] if word in IRREGULAR else []
    if re.search(r"[^aeiou]y$", word):
        found.append(f"{word[:-1]}ies")
    elif re.search(r"(?:s|x|z|sh|ch)$", word):
        found.append(f"{word}es")
    changed = ((r"is$", "es"), (r"us$", "i"), (r"a$", "ae"), (r"(?:um|on)$", "a"), (r"fe?$", "ves"), (r"ix$", "ices"))
    return (*found, f"{word}s", *(re.sub(end, new, word) for end, new in changed if re.search(end, word)))


def faults(text: str, nouns: Nouns, *, is_sentence: bool = True) -> list[str]:
    """What is wrong with a text, each with the words where it is; `is_sentence`: no bare name, number or list."""
    found = [f"{what} ({_near(text, one)})" for rule, what in SPACING.items() for one in re.finditer(rule, text)]
    for one in ARTICLE.finditer(text):
        said = one[1] or one[2]
        if not fits(said, one[3]):
            found.append(f'"{said} {one[3]}", expected "{article(one[3])}"')
    if is_sentence and not re.match(r"""["'(\[]*(?:[^\W_a-z]|[a-z]*[A-Z0-9])""", text):
        found.append(f"no capital at the beginning ({text[:24]!r})")
    if is_sentence and not re.search(r"""[.?!:]["')]*\Z""", text):
        found.append(f"no full stop at the end ({text[-24:]!r})")
    for clause in re.split(r"[.?!:;\n]+(?:\s|\Z)", text):
        found += [f'number: "{part}"' for part in _disagreements(WORD.findall(clause), nouns)]
    return list(dict.fromkeys(found))


def _near(text: str, one: re.Match[str]) -> str:
    return repr(text[max(0, one.start() - 16) : one.end() + 12])


def _disagreements(words: list[str], nouns: Nouns) -> Iterator[str]:
    lower = [word.lower() for word in words]
    for at, word in enumerate(lower):
        span = _span(words, at + 1)
        number = _number(span, nouns)
        here = " ".join(words[max(0, at - 2) : at + 1 + len(span)])
        if _is_of_several(lower, at):
            if number == "one" and not _may_be_several(span, nouns):
                yield here
        elif word in ONE and number == "several" and span[0].lower() not in COUNTED:
            yield here
        if word == "there":
            yield from _there(words, at, nouns)
        elif at == 0 and word in (*BE, "does", "has", "do", "have"):
            yield from _asked(words, nouns)
        elif word in (*BE, "has", "does", "lies", "have", "do", "lie") and at and lower[at - 1] != "there":
            is_one = word in ("is", "was", "has", "does", "lies")
            is_alone = not JOINED & set(lower[: at - 1])
            subject = lower[at - 1]
            if is_alone and subject in (nouns.several if is_one else nouns.one):
                yield " ".join(words[max(0, at - 3) : at + 1])


def _there(words: list[str], at: int, nouns: Nouns) -> Iterator[str]:
    """`at`: the word "there", before its verb or after it."""
    lower = [word.lower() for word in words]
    verb = next((lower[one] for one in (at + 1, at - 1) if 0 <= one < len(lower) and lower[one] in BE), "")
    start = at + 1 + (lower[at + 1 : at + 2] == [verb])
    first = lower[start] if verb and start < len(lower) else ""
    span = _span(words, start + (first in LEADING or first in ONE)) if first else []
    here = " ".join(words[max(0, at - 1) : start + 1 + len(span)])
    number = _number(span, nouns)
    if verb in ("is", "was"):
        if _is_of_several(lower, start) or number == "several":
            yield here
    elif (first in ONE and span[:1] and span[0] not in COUNTED) or (
        number == "one" and not _may_be_several(span, nouns)
    ):
        yield here


def _asked(words: list[str], nouns: Nouns) -> Iterator[str]:
    """A question that opens with its verb: "Is any … seen", "Are the …"."""
    lower = [word.lower() for word in words]
    start = 1 + (lower[1:2] != [] and lower[1] in LEADING)
    span, is_one = _span(words, start), lower[0] in ("is", "was", "does", "has")
    number = _number(span, nouns) or ("several" if any(one.lower() in nouns.several for one in span) else "")
    if (is_one and number == "several") or (not is_one and number == "one" and not _may_be_several(span, nouns)):
        yield " ".join(words[: start + len(span) + 1])


def _span(words: list[str], start: int) -> list[str]:
    """The words of a noun phrase, up to what ends it, or counts another."""
    end = start
    while end < len(words) and not ENDS_NOUN.fullmatch(words[end]) and words[end].lower() not in (*ONE, *SEVERAL):
        end += 1
    return words[start:end]


def _number(span: Iterable[str], nouns: Nouns) -> str:
    """The number of a phrase: "several" where its last word is such a noun, "one" where its last known noun is."""
    words = [one.lower() for one in span]
    known = [word for word in words if word in nouns.one or word in nouns.several]
    if not known or any(re.search("['’]", word) for word in words):  # "one source's lobes"
        return ""
    return "one" if known[-1] in nouns.one else "several" if words[-1] in nouns.several else ""


def _may_be_several(span: Iterable[str], nouns: Nouns) -> bool:
    """Whether a word of the phrase is, or may be, a plural; a short form at its end ("two AGN") may."""
    words = list(span)
    may = any(word.lower() in nouns.several or re.search(r"(?:[^su]s|ae)$", word) for word in words)
    return may or (bool(words) and words[-1][-1:].isupper())


def _is_of_several(words: list[str], at: int) -> bool:
    """Whether a word at a place says that several follow: "three", "12", "many", "how many"; not "a two-component"."""
    if at >= len(words) or (at and words[at - 1] in ("a", "an", "one")):
        return False
    is_number = words[at].isdigit() and words[at] not in ("1", "0")
    return is_number or words[at] in SEVERAL
