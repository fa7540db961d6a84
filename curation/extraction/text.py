"""A text as the reader sees it: plain letters, statements of one sentence each, words, and numbers.

Spans are kept: every character of the plain text knows where in the text as written it stood.
"""

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

DASHES = str.maketrans(
    dict.fromkeys("‐‑‒–−", "-")
    | dict.fromkeys("—―", ";")
    | dict.fromkeys("\u00a0\u2009\u202f*`#>", " ")
    | {"’": "'", "‘": "'", "″": '"', "′": "'", "“": '"', "”": '"', "×": "x", "~": " "}
)
LOOKALIKES = str.maketrans("аеорсухіјАВЕКМНОРСТХІοιανΟΑΒΕΗΙΚΜΝΡΤΧ", "aeopcyxijABEKMHOPCTXIoiavOABEHIKMNPTX")
WORD = re.compile(
    r"\d+(?:[.,]\d+)+|\d+(?=(?:arc|deg|mas|MHz|GHz|cm|px)\w*\b)|(?:ca|wo|[^\W_]+?)(?=n't\b)|n't\b|[^\W_]+|'(?:s|re|ve|m|ll|d)\b|--|\S"
)
END = re.compile(r"(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bca)(?<!\bapprox)[.!?]+(?=[\s\"')\]]|$)(?!\s*\d+\s*%)|\n\s*")
BULLET = re.compile(r"^\s*(?:[-•+]\s+|\(?\d{1,2}[.)]\s+|\(?[a-h]\)\s+)+")
RULE = re.compile(r"^[\s|:+-]*$")
WORDS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ONES = "|".join(WORDS[1:10])
NUMBER = rf"(?:\d+|(?:{'|'.join(TENS)})(?:[\s-](?:{_ONES}))?|{'|'.join(sorted(WORDS, key=len, reverse=True))})"
SPELLING = {"artefact": "artifact", "artefacts": "artifacts", "catalogued": "cataloged"}


@dataclass(frozen=True)
class Statement:
    """A sentence, an item of a list, a row of a table or a member of JSON, [start, end) of the plain text."""

    text: str
    start: int
    end: int


def flattened(text: str) -> tuple[str, list[int]]:
    """The text without invisible characters, in plain letters, and where in it each character stood."""
    letters: list[str] = []
    where: list[int] = []
    for at, character in enumerate(text):
        if unicodedata.category(character) in ("Cf", "Mn"):
            continue
        if character in " \t\u00a0" and letters and letters[-1] == " ":
            continue
        for one in plain(unicodedata.normalize("NFKC", plain(character)).replace("⁄", "/").translate(LOOKALIKES)):
            letters.append(one)
            where.append(at)
    return plain("".join(letters)), [*where, len(text)]


def plain(text: str) -> str:
    """The text with one kind of dash, blank and apostrophe, and one spelling of artefact; as long as it was."""
    text = text.translate(DASHES)
    return re.sub(r"(?i)(?<=art)e(?=fact)", lambda found: "I" if found[0].isupper() else "i", text)


def statements(text: str) -> Iterator[Statement]:
    """The statements of a plain text, in its order: rows without the marks of lists, tables and JSON."""
    start = 0
    for one in [*END.finditer(text), None]:
        end = one.start() if one else len(text)
        yield from _rows(text, start, one.end() if one and one[0].strip() else end)
        start = one.end() if one else len(text)


def _rows(text: str, start: int, end: int) -> Iterator[Statement]:
    row = text[start:end]
    if RULE.match(row):
        return
    bullet = BULLET.match(row)
    begin = start + (bullet.end() if bullet else 0)
    if row.count("|") > 1:
        yield from _cells(text, begin, end)
    elif text[begin:end].strip():
        yield Statement(text[begin:end].strip(" .!?"), begin, end)


def _cells(text: str, start: int, end: int) -> Iterator[Statement]:
    """A row of a table as "class: value"; its number and the table's heads say nothing."""
    cells = [one.strip() for one in text[start:end].strip().strip("|").split("|")]
    cells = [one for one in cells if one and not one.isdigit()]
    heads = r"(?i)no\.?|id|class(?:es)?|label|type|box(?:es)?|bounding box|bbox|object|source|position|location|present\??|value|feature|quantity|count|number"
    if cells and not all(re.fullmatch(heads, one) for one in cells):
        yield Statement(": ".join([cells[0], ", ".join(cells[1:])]) if len(cells) > 1 else cells[0], start, end)


def members(text: str) -> list[Statement] | None:
    """The members of a text that is JSON, each as "name: value" with its place; None where it is none."""
    found = re.fullmatch(r"\s*(?:json)?\s*([\[{].*[\]}])\s*", text, re.DOTALL)
    try:
        held = json.loads(found[1]) if found else None
    except (ValueError, RecursionError):
        return None
    return list(_members(held, len(text))) if isinstance(held, dict | list) else None


def _members(held: object, end: int) -> Iterator[Statement]:
    if isinstance(held, dict):
        box = next((one for key, one in held.items() if "box" in str(key).lower() and isinstance(one, list)), None)
        label = next((one for key, one in held.items() if str(key).lower() in ("label", "class", "name", "type")), None)
        if box is not None and label is not None and len(held) == len(("box", "label")):
            yield Statement(f"{label}: {json.dumps(box)}", 0, end)
            return
        for key, one in held.items():
            value = {True: "yes", False: "no", None: "null"}.get(one, one) if isinstance(one, bool | None) else one
            is_simple = isinstance(value, str | int | float)
            yield Statement(f"{str(key).replace('_', ' ')}: {value if is_simple else json.dumps(value)}", 0, end)
    elif isinstance(held, list):
        if held and all(isinstance(one, int | float) for one in held):
            yield Statement(json.dumps(held), 0, end)
            return
        for one in held:
            yield from _members(one, end) if isinstance(one, dict | list) else [Statement(str(one), 0, end)]


def number(word: str) -> int:
    """A number in digits or words. Raises ValueError for another word."""
    said = word.lower().replace(",", "")
    if said.isdigit():
        return int(said)
    if said in WORDS:
        return WORDS.index(said)
    first, _, second = said.replace("-", " ").partition(" ")
    return 10 * (TENS.index(first) + 2) + (WORDS.index(second.strip()) if second.strip() else 0)
