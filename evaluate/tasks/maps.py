"""Replies that are data: JSON, tables, and lists of `NAME: yes`.

Nothing but the standard library is used here: an exported lmms-eval task carries this file along.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from evaluate.tasks.reply_words import Vocabulary, spellings

FENCE = re.compile(r"```[\w-]*\s*\n?(.*?)```", re.DOTALL)
MOST = 20_000
"""Characters of a reply that are tried as data: a deeper one would only cost time."""
ANSWER_KEYS = {
    "ANSWER", "FINAL-ANSWER", "ANSWERS", "CLASS", "CLASSES", "LABEL", "LABELS", "CLASSIFICATION", "CATEGORY",
    "CATEGORIES", "TYPE", "MORPHOLOGY", "MORPHOLOGICAL-CLASS", "RESULT", "PREDICTION", "RESPONSE", "CHOICE", "OPTION",
    "CLASS-LABEL", "CLASS-LABELS", "PREDICTED-CLASS",
}  # fmt: skip
HELD_KEYS = {"PRESENT", "VISIBLE", "DETECTED", "VALUE", "ANSWER", "IS_PRESENT", "FOUND"}
TRUE = {"YES", "TRUE", "1", "PRESENT", "VISIBLE", "DETECTED", "SEEN", "Y", "X", "✓", "✔", "✅", "☑"}
FALSE = {
    "NO",
    "FALSE",
    "0",
    "ABSENT",
    "N",
    "NOT PRESENT",
    "NOT VISIBLE",
    "NOT SEEN",
    "NOT DETECTED",
    "✗",
    "✘",
    "❌",
    "☐",
    "NONE",
}
VALUE = (
    r"(YES|TRUE|PRESENT|FALSE|ABSENT|VISIBLE|DETECTED|SEEN|NOT (?:PRESENT|VISIBLE|SEEN|DETECTED|OBSERVED|FOUND|"
    r"IDENTIFIED)|[✓✔✅☑✗✘❌☐]|"
    r"(?:NO|[01](?![.%]\d))(?=\s*(?:$|[.,;|!]|\s-\s|\b(?:BECAUSE|AS|SINCE)\b)))(?![\w-])"
)
SAID_ALONE = r"(YES|NO|TRUE|FALSE)(?=\s*(?:$|[.,;|]))"
TICKED = re.compile(r"^\s*(?:[-*+]\s+)?(?:\[\s*([xX✓✔ ]?)\s*\]|([✓✔✅☑✗✘❌☐])\ufe0f?)\s+(?=\S)", re.MULTILINE)


def data_of(text: str) -> Any:
    """The JSON (or Python literal) that a reply is or has as its one fenced block; None where there is none."""
    blocks = FENCE.findall(text)
    inside = (blocks[0] if len(blocks) == 1 else text).strip()
    if not inside.startswith(("{", "[")) or len(inside) > MOST:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            return read(inside)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    return None


def told_in(data: Any, words: Vocabulary) -> tuple[dict[str, bool] | None, str | None]:
    """What data says of classes by name, or the words that it has as the answer; (None, None) for neither."""
    if isinstance(data, list) and data and all(isinstance(one, Mapping) for one in data):
        said = [told_in(one, words)[1] for one in data]
        return None, ", ".join(dict.fromkeys(one for one in said if one)) or None
    if isinstance(data, Mapping):
        return _in_mapping({_key(str(name)): value for name, value in data.items()}, words)
    return None, None


def _in_mapping(data: Mapping[str, Any], words: Vocabulary) -> tuple[dict[str, bool] | None, str | None]:
    known = {_key(spelling): label for spelling, label in spellings(words)}
    named = {known[name]: truth_of(value) for name, value in data.items() if name in known}
    if named:
        held = {name: value for name, value in named.items() if value is not None}
        return (held if len(held) == len(named) else {}), None
    for value in (value for name, value in data.items() if name in ANSWER_KEYS):
        if isinstance(value, Mapping):
            return told_in(value, words)
        if isinstance(value, bool):
            return None, "true" if value else "false"
        if isinstance(value, str):
            return None, value
        if isinstance(value, Sequence):
            return None, ", ".join(str(one) for one in value) or words.none or None
    inner = [value for value in data.values() if isinstance(value, Mapping)]
    return told_in(inner[0], words) if len(data) == 1 and inner else (None, None)


def truth_of(value: Any) -> bool | None:
    """Whether a value says yes; None where it says something else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Mapping):  # {"present": true, "confidence": 0.9}
        told = {truth_of(one) for name, one in value.items() if str(name).upper() in HELD_KEYS}
        return told.pop() if len(told) == 1 else None
    said = str(value).strip().upper()
    return True if said in TRUE else False if said in FALSE else None


def ticked(text: str) -> str:
    """Lines with a tick or a cross in front, as `NAME: yes` and `NAME: no`; other text as it is."""
    if not TICKED.search(text):
        return text
    return "\n".join(_tick(line) for line in text.split("\n"))


def _tick(line: str) -> str:
    found = TICKED.match(line)
    if not found:
        return line
    mark = (found[1] if found[1] is not None else found[2]).strip().upper()
    return f"{line[found.end() :].rstrip(' .:')}: {'yes' if mark in TRUE else 'no'}"


def listed(said: str, words: Vocabulary) -> tuple[dict[str, set[bool]], str, list[str]]:
    """`NAME: yes`, `NAME = 0` and rows of tables in a text; the text without them; the words taken."""
    found, taken = dict[str, set[bool]](), list[str]()
    for spelling, label in sorted(spellings(words), key=lambda one: (-len(one[0]), one[0])):
        inside = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", spelling.upper()))
        pattern = re.compile(
            rf"(?<![\w/-]){inside}(?:\s+(?:SOURCES?|EMISSION|CLASS))?\s*(?:(?:[:=|]|\s-\s|->|→)[\s|]*{VALUE}|"
            rf"\s{SAID_ALONE})",
            re.IGNORECASE | re.MULTILINE,
        )
        for one in pattern.finditer(said):
            found.setdefault(label, set()).add((one[1] or one[2]).upper() in TRUE)
            taken.append(" ".join(one[0].upper().split()))
        said = pattern.sub(" ; ", said)
    return found, said, taken


def _key(name: str) -> str:
    return re.sub(r"[\s_-]+", "-", name.strip().upper())
