"""A text as the reader sees it: plain letters, statements of one sentence each, words, and numbers.

Spans are kept: every character of the plain text knows where in the text as written it stood.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

DASHES = str.maketrans(
    dict.fromkeys("‐‑‒–−", "-")
    | dict.fromkeys("—―", ";")
    | dict.fromkeys("\u00a0\u2009\u202f*`", " ")
    | dict.fromkeys("•◦▪‣∙·●○■□", "-")
    | {"’": "'", "‘": "'", "″": '"', "′": "'", "“": '"', "”": '"', "×": "x", "→": ":", "⇒": ":", "≈": "~"}
)
LOOKALIKES = str.maketrans("аеорсухіјАВЕКМНОРСТХІοιανΟΑΒΕΗΙΚΜΝΡΤΧ", "aeopcyxijABEKMHOPCTXIoiavOABEHIKMNPTX")
SPELT_OUT: dict[int, str] = (
    {ord("≥"): ">=", ord("≤"): "<="}
    | dict.fromkeys(map(ord, "✓✔✅☑"), " ✓ ")
    | dict.fromkeys(map(ord, "✗✘❌✖☒"), " ✗ ")
)
FIRST_PICTOGRAM = 0x2600
"""From here on symbols are decoration, as the smiling face; below stand the degree and the number sign."""
WORD = re.compile(
    r"\d+(?:[.,]\d+)+|\d+(?=(?:arc|deg|mas|MHz|GHz|cm|px)\w*\b)|(?:ca|wo|[^\W_]+?)(?=n't\b)|n't\b|[^\W_]+|'(?:s|re|ve|m|ll|d)\b|--|\S"
)
MARKS = re.compile(
    r"<\|[a-z_]+\|>|(?i:</?(?:ref|box|bbox|obj|object|p|quad|b|i|u|strong|em|br|li|ul|ol|answer)\s*/?>)"
    r"|^[ \t]*>+(?=\s*[A-Za-z*-])|~~|[-=]+>",
    re.MULTILINE,
)
"""Marks of HTML, of quotes, of models' boxes: they say nothing. An arrow is a colon."""
HEADING = re.compile(r"(?m)^#{1,6}[ \t]+(?P<said>[^\n:]*[^\s:])[ \t]*:?[ \t]*$")
"""A heading of Markdown, which stands before what follows as a name with a colon does."""
ASIDE = re.compile(r"(?<=[^\d\s|] )-(?= )|(?<=[\d)\]] )-(?= [^\d\s])")
"""A dash with a blank on either side that is no minus, no range and no bullet."""
DOUBLED = re.compile(r"\[(?=\s*\[)|(?<=\])\s*\]")
"""The outer brackets of a list of boxes."""
END = re.compile(
    r"(?i)(?=[.!?])(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bca)(?<!\bapprox)(?<!\bvs)(?<!\bresp)(?<!\bfig)(?<!\bincl)(?<!\bexcl)"
    r"[.!?]+(?=[\s\"')\]]|$)[\"')\]]*"
)
BULLET = re.compile(r"^\s*(?:(?:[-+]|--)\s+|\(?\d{1,2}[.)]\s+(?=\S)|\(?(?:[a-hA-H]|[ivIV]{1,4})[.)]\s+)+")
INLINE = re.compile(r"(?<![\w.])\(?(\d{1,2}|[a-h])[.)]\s+(?=\S)")
CHECKED = re.compile(r"^\[\s*([xX]?)\s*\]\s*(?=[A-Za-z])")
RULE = re.compile(r"^[\s|:+=_-]*$")
LEAST_WRAPPED = 40
"""Characters of a line that goes on in the next, where that begins with a small letter."""
WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES = "|".join(WORDS[1:10])
NUMBER = rf"(?:\d+|(?:{'|'.join(TENS)})(?:[\s-](?:{_ONES}))?|{'|'.join(sorted(WORDS, key=len, reverse=True))})"


@dataclass(frozen=True)
class Statement:
    """A sentence, an item of a list, a row of a table or a member of JSON, [start, end) of the plain text."""

    text: str
    start: int
    end: int
    is_question: bool = False
    is_item: bool = False
    """It stands in a list."""
    is_made: bool = False
    """Its text was put together: it is no piece of the plain text."""


PLAIN = re.compile(r"(?!.*(?i:artefact))(?:[A-Za-z0-9.,;:!?'\"()\[\]%/\n-]| (?! ))*", re.DOTALL)
"""A text that is plain already."""


PLAIN_LETTERS = re.compile(r"(?:[!-)+-_a-~\n]| (?! ))*")
"""A text whose letters are plain already, though words and marks may not be."""


def flattened(text: str) -> tuple[str, list[int]]:
    """The text without invisible characters, in plain letters, and where in it each character stood."""
    if PLAIN.fullmatch(text):
        return text, list(range(len(text) + 1))
    if PLAIN_LETTERS.fullmatch(text):
        return plain(text), list(range(len(text) + 1))
    letters: list[str] = []
    where: list[int] = []
    for at, character in enumerate(text):
        for one in _plain_letters(character):
            if one in " \t" and letters and letters[-1] == " ":
                continue
            letters.append(one)
            where.append(at)
    return plain("".join(letters)), [*where, len(text)]


def _plain_letters(character: str) -> str:
    kind = unicodedata.category(character)
    if ord(character) in SPELT_OUT:
        return SPELT_OUT[ord(character)]
    if kind in ("Cf", "Mn") or (kind == "So" and ord(character) >= FIRST_PICTOGRAM):
        return ""
    return unicodedata.normalize("NFKC", character.translate(DASHES)).replace("⁄", "/").translate(LOOKALIKES)


def plain(text: str) -> str:
    """The text with one kind of dash, blank and apostrophe, and one spelling of artefact; as long as it was."""
    text = HEADING.sub(lambda found: f"{found['said']}:{' ' * (len(found[0]) - len(found['said']) - 1)}", text)
    text = MARKS.sub(_blanked, text.translate(DASHES).replace("#", " "))
    text = ASIDE.sub(";", text)
    return re.sub(r"(?i)(?<=art)e(?=fact)", lambda found: "I" if found[0].isupper() else "i", text)


def _blanked(found: re.Match[str]) -> str:
    if re.fullmatch(r"(?i)<\|?(?:box|bbox)(?:_start\|)?\s*>", found[0]):
        return "[" + " " * (len(found[0]) - 1)
    if re.fullmatch(r"(?i)</(?:box|bbox)\s*>|<\|box_end\|>", found[0]):
        return " " * (len(found[0]) - 1) + "]"
    is_arrow = found[0].endswith(">") and set(found[0]) <= set("-=>") and found[0][0] != ">"
    return (":" if is_arrow else " ") + " " * (len(found[0]) - 1)


def sentences(text: str, start: int, end: int) -> Iterator[Statement]:
    """The statements of a part of a plain text that is no table: of its lines, without the marks of lists."""
    for first, last in _lines(text, start, end):
        parts = _numbered(text, first, last)
        for at, until in parts:
            bullet = BULLET.match(text[at:until])
            begin = at + (bullet.end() if bullet else 0)
            if not RULE.match(text[begin:until]):
                yield from _sentences(text, begin, until, is_item=bool(bullet) or len(parts) > 1)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The lines, one that is wrapped with the next."""
    begin = start
    for one in re.finditer(r"\n|$", text[start:end]):
        at = start + one.start()
        line, rest = text[begin:at].strip(), text[at + 1 : end].lstrip(" ")
        is_wrapped = len(line) > LEAST_WRAPPED and line[-1].isalpha() and rest[:1].islower() and not BULLET.match(rest)
        if at == end or not is_wrapped:
            yield begin, at
            begin = at + 1


def _numbered(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The parts of a line with "1) … 2) …" or "a. … b. …" in order; the whole line where it has none."""
    marks = list(INLINE.finditer(text, start, end))
    for first in ("1", "a"):
        found = [one for one in marks if one[1].isdigit() == first.isdigit()]
        wanted = [chr(ord(first) + at) for at in range(len(found))] if len(found) < len("123456789") else []
        if len(found) > 1 and [one[1] for one in found] == wanted:
            ends = [*(one.start() for one in found[1:]), end]
            lead = [(start, found[0].start())] if text[start : found[0].start()].strip() else []
            return [*lead, *((one.end(), last) for one, last in zip(found, ends, strict=True))]
    return [(start, end)]


def _sentences(text: str, start: int, end: int, *, is_item: bool) -> Iterator[Statement]:
    begin = start
    for one in [*END.finditer(text, start, end), None]:
        last = one.start() if one else end
        yield from statement(text, begin, last, one[0] if one else "", is_item=is_item)
        begin = one.end() if one else end


def statement(text: str, start: int, end: int, stop: str = "", *, is_item: bool = False) -> Iterator[Statement]:
    """The statement at [start, end), which a full stop or the like ends; none where nothing stands there."""
    said = text[start:end].strip(" .!?;,\t\n")
    if not re.search(r"[\w✓✗\[]", said):
        return
    at = text.index(said, start)
    checked = CHECKED.match(said)
    if checked:
        made = f"{said[checked.end() :]}: {'yes' if checked[1] else 'no'}"
        yield Statement(made, at, at + len(said), is_item=True, is_made=True)
    else:
        said = DOUBLED.sub(lambda one: " " * len(one[0]), said)
        yield Statement(said, at, at + len(said) + len(stop), "?" in stop, is_item)


def number(word: str) -> int:
    """A number in digits or words. Raises ValueError for another word."""
    said = word.lower().replace(",", "")
    if said.isdigit():
        return int(said)
    if said in WORDS:
        return WORDS.index(said)
    first, _, second = said.replace("-", " ").partition(" ")
    return 10 * (TENS.index(first) + 2) + (WORDS.index(second.strip()) if second.strip() else 0)
