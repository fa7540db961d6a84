"""Numbers and amounts in words: "three", "at least two", "a pair of", "several"."""

import re
from dataclasses import dataclass, replace

WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
SPECIAL = {
    "a pair of": 2, "pair of": 2, "a duo of": 2, "twin": 2, "a trio of": 3, "a triplet of": 3,
    "a quartet of": 4, "half a dozen": 6, "a dozen": 12,
    "a single": 1, "a lone": 1, "a sole": 1, "single": 1, "lone": 1,
    "sole": 1, "a hundred": 100, "one hundred": 100,
}  # fmt: skip
_ONES = "|".join(sorted(WORDS[1:10], key=len, reverse=True))
NUMBER = (
    rf"(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+|(?:{'|'.join(TENS)})[\s-](?:{_ONES})"
    rf"|{'|'.join(sorted((*WORDS, *TENS[1:]), key=len, reverse=True))})"
)
HOW = {
    "no more and no fewer than": "exactly", "no more and no less than": "exactly",
    "neither more nor fewer than": "exactly",
    "neither more nor less than": "exactly", "not more and not fewer than": "exactly",
    "at least": "at least", "no fewer than": "at least", "no less than": "at least", "not fewer than": "at least",
    "not less than": "at least", "a minimum of": "at least", "minimum": "at least", "at most": "at most",
    "up to": "at most", "no more than": "at most", "not more than": "at most", "a maximum of": "at most",
    "not exceeding": "at most", "more than": "more than", "over": "more than", "above": "more than",
    "fewer than": "fewer than", "less than": "fewer than", "under": "fewer than", "below": "fewer than",
    "about": "about", "around": "about", "approximately": "about", "approx": "about", "roughly": "about",
    "nearly": "about", "almost": "about", "some": "about", "circa": "about", "an estimated": "about",
    "close to": "about", "in the region of": "about", "~": "about", "≈": "about", ">": "more than", "<": "fewer than",
    "≥": "at least", "≤": "at most",
}  # fmt: skip
_HOW = "|".join(re.escape(one) for one in sorted(HOW, key=len, reverse=True))
VAGUE = {
    "several": "several", "many": "several", "multiple": "several", "numerous": "several", "various": "several",
    "a number of": "several", "a handful of": "several", "a few": "several", "few": "few", "some": "several",
    "a couple of": "couple", "dozens of": "dozens", "plenty of": "several", "lots of": "several",
    "a lot of": "several", "a variety of": "several", "a group of": "several", "a host of": "several",
    "hundreds of": "hundreds", "thousands of": "hundreds", "a population of": "several", "a large number of": "several",
    "a small number of": "several",
}  # fmt: skip
_VAGUE = "|".join(sorted(VAGUE, key=len, reverse=True))
_SPECIAL = "|".join(sorted(SPECIAL, key=len, reverse=True))
PLAIN = (
    "catalogu?ed|visible|distinct|separate|different|radio|likely|individual|clear|clearly|isolated|identifiable"
    "|discernible|detected|known|annotated|labelled|astronomical|apparent|such|recorded|listed|discrete|unambiguous"
)
RESTRICTING = (
    "bright|faint|large|small|big|tiny|weak|strong|other|further|additional|more|remaining|nearby|prominent|dominant"
    "|brighter|fainter|larger|smaller|elongated|round|roundish|circular|irregular|neighbouring|neighboring|blended|main"
    "|obvious|significant|extra|new|unusual|symmetric|asymmetric|red|blue|luminous|distant|background|foreground"
)
BEFORE = re.compile(
    rf"(?i)(?<![\w.-])(?:(?P<how>{_HOW})\s*)?(?:(?:a (?:total|group|set|collection|number) of"
    rf"|exactly|precisely|just|only|the|these|those|all|his|its"
    rf"|merely|in total)\s+)*(?:between\s+(?P<low>{NUMBER})\s+and\s+(?P<high>{NUMBER})|(?P<number>{NUMBER})"
    rf"(?:\s*\(\s*(?P<again>{NUMBER})\s*\))?(?:\s*(?P<link>to|or|-|and)\s*(?P<second>{NUMBER}))?"
    rf"(?P<more>\s+or\s+(?:more|so|fewer|less))?|(?P<special>{_SPECIAL})|(?P<vague>{_VAGUE}))"
    rf"(?:\s+of\s+(?:the|these|those))?(?:\s*[x×])?\s+"
    rf"(?P<mods>(?:(?:{PLAIN}|{RESTRICTING}|and)\s*,?\s+)*)$"
)
PARTITIVE = re.compile(
    rf"(?i)(?<![\w.-])(?:(?P<how>{_HOW})\s*)?(?:exactly\s+|only\s+"
    rf"|just\s+)?(?P<number>{NUMBER})\s+(?:out\s+)?of\s+(?:the|these|those|all|all\s+the|its"
    rf"|a\s+total\s+of)?\s*"
    rf"(?:(?P<total>{NUMBER})\s+)?(?:(?:{PLAIN})\s+)*$"
)
BOUND_AFTER = re.compile(
    r"(?i)\s*,?\s*(?:or\s+(?=more|fewer|less)|at\s+(?:the\s+very\s+)?(?=most|least))(?P<word>more|fewer|less"
    r"|most|least)\b"
)
SUBSET = re.compile(rf"(?i)\b(?:{RESTRICTING})\b")
AFTER = re.compile(
    rf"(?i)\s*(?:\(\s*(?:n\s*=\s*)?(?P<bracket>{NUMBER})\s*(?:in total|in number)?\)|[:="
    rf"|]\s*(?P<colon>{NUMBER})(?![\w.]\d|\s*(?:%|per\s?cent))\b"
    rf"|,?\s*(?:number|numbering|amount(?:s|ing)? to|total(?:s|ling)?|counted|\(?count:?)\s+(?P<verb>{NUMBER})\b"
    rf"|,\s*(?P<listed>{NUMBER})\s+in\s+(?:number|total|all)\b)"
)
NUMBER_OF = re.compile(
    r"(?i)\b(?:number|count|tally|total(?: number| count)?)\s+of\s+(?:(?:all|the|visible|distinct|catalogu?ed)\s+)*$"
)
IS_NUMBER = re.compile(
    rf"(?i)[^.;!?]{{0,60}}?(?:\bis|\bequals|\bwas|\bamounts to|\bstands at|\bcomes to|=|:)\s*"
    rf"(?P<not>not\s+)?(?:(?P<how>{_HOW})\s*)?(?:(?:exactly|precisely|only|just)\s+)?(?P<number>{NUMBER})\b(?!\s*(?:%"
    rf"|per\s?cent|[.]\d))"
)


@dataclass(frozen=True)
class Amount:
    """How many; `how` is None for exactly `count`, else "at least", "at most", "about", "several", "2 to" (a range)."""

    count: int | None
    how: str | None
    start: int
    is_subset: bool = False
    """Of those only that are bright, other, or the like: which these are is not known."""
    is_denied: bool = False
    """Said not to be the number: "the number of sources is not four"."""


def number(word: str) -> int:
    """A number in digits or words."""
    plain = word.lower().replace(",", "")
    if plain.isdigit():
        return int(plain)
    if plain in WORDS:
        return WORDS.index(plain)
    first, _, second = plain.replace("-", " ").partition(" ")
    return 10 * (TENS.index(first) + 2) + (WORDS.index(second.strip()) if second.strip() else 0)


def number_words(count: int) -> str:
    """A number as a text has it: words up to twelve, then digits."""
    return WORDS[count] if count <= WORDS.index("twelve") else str(count)


def amount_before(text: str, end: int) -> Amount | None:
    """The amount that stands before a noun at `end`."""
    begin = max(0, end - 120)
    found = BEFORE.search(text[begin:end])
    if not found:
        return None
    start, is_subset = begin + found.start(), bool(SUBSET.search(found["mods"] or ""))
    how = HOW.get(" ".join((found["how"] or "").lower().split()))
    if found["vague"]:
        return Amount(None, VAGUE[" ".join(found["vague"].lower().split())], start, is_subset)
    if found["special"]:
        return _bounded(SPECIAL[" ".join(found["special"].lower().split())], how, None, start, is_subset=is_subset)
    if found["low"]:
        return Amount(number(found["high"]), f"{number(found['low'])} to", start, is_subset)
    if found["second"]:
        return Amount(number(found["second"]), f"{number(found['number'])} to", start, is_subset)
    return _bounded(number(found["number"]), how, found["more"], start, is_subset=is_subset)


def part_before(text: str, end: int) -> tuple[Amount, int | None] | None:
    """The amount of "three of the five NOUN", for a noun at `end`, and the whole number where it is said."""
    begin = max(0, end - 120)
    found = PARTITIVE.search(text[begin:end])
    if not found:
        return None
    how = HOW.get(" ".join((found["how"] or "").lower().split()))
    amount = _bounded(number(found["number"]), how, None, begin + found.start())
    return amount, number(found["total"]) if found["total"] else None


def bound_after(text: str, end: int) -> str | None:
    """The bound that stands after a noun: "three sources or more", "three sources at most"."""
    found = BOUND_AFTER.match(text, end)
    if not found:
        return None
    return "at least" if found["word"].lower() in ("more", "least") else "at most"


def amount_after(text: str, end: int) -> tuple[Amount, int] | None:
    """The amount that stands after a noun, such as "(3)" or ": 3", and where it ends."""
    found = AFTER.match(text, end)
    if not found:
        return None
    group = next(name for name in ("bracket", "colon", "verb", "listed") if found[name])
    return Amount(number(found[group]), None, found.start(group)), found.end()


def amount_of(text: str, start: int, end: int) -> tuple[Amount, int] | None:
    """The amount in "the number of NOUN is three", for a noun at [start, end), and where it ends."""
    if not NUMBER_OF.search(text[max(0, start - 80) : start]):
        return None
    found = IS_NUMBER.match(text, end)
    if not found:
        return None
    amount = _bounded(
        number(found["number"]), HOW.get(" ".join((found["how"] or "").lower().split())), None, found.start("number")
    )
    return replace(amount, is_denied=bool(found["not"])), found.end()


def _bounded(count: int, how: str | None, more: str | None, start: int, *, is_subset: bool = False) -> Amount:
    """With "more than two" as at least three."""
    how = None if how == "exactly" else how
    if how == "more than":
        return Amount(count + 1, "at least", start, is_subset)
    if how == "fewer than":
        return Amount(count - 1, "at most", start, is_subset)
    if more:
        word = more.split()[-1].lower()
        how = {"more": "at least", "so": "about"}.get(word, "at most")
    return Amount(count, how, start, is_subset)
