"""Tables and JSON in a text, as statements "class: value" put together from their rows and members."""

import ast
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from curation.extraction.text import END, RULE, Statement, sentences

_OF = r"(?: of (?:the )?(?:radio )?(?:objects?|sources?|detections?|galax(?:y|ies)))?"
COLUMNS = {
    "id": r"|id|index|item no\.?|row|entry|nr\.?|s/?n",
    "class": (
        r"(?:\w+ )?(?:class(?:es)?|labels?|types?|category|categories|morpholog(?:y|ies)|classification)"
        r"|(?:radio )?(?:objects?|sources?|galax(?:y|ies))|features?|elements?|propert(?:y|ies)|structures?|items?"
        r"|kinds?|names?|quantity|quantities|question|target|detections?"
    ),
    "value": (
        rf"(?:total )?(?:number|counts?|amount|n|num|how many|tally|occurrences){_OF}"
        r"|present|presence|visible|detected|seen|found|there|yes ?/ ?no|observed|exists|values?|answer|result"
        r"|(?:present )?in (?:the )?(?:image|picture|field)"
        r"|(?:bounding |b)?box(?:es)?(?: coordinates)?|bbox(?:es)?(?: ?2d)?|coordinates"
        r"|positions?|locations?|where|place|quadrant|description|remarks?|notes?|comments?|details"
    ),
}
"""What the heads of columns mean; one that is none of these stands before its cells."""
NUMBERS = r"no\.?|number"
VALUE = re.compile(r"(?i)\d+|yes|no|true|false|present|absent|none|[✓✗]")
JSON_START = re.compile(r"[\[{](?=\s*[\[{\"'])")
CLASS_KEYS = ("label", "class", "name", "type", "category", "object", "class name", "morphology")
VALUE_KEYS = re.compile(
    r"(?i)(?:bounding )?box(?:es)?|bbox(?:es)?(?: 2d)?|counts?|number|n|positions?|locations?"
    r"|present|presence|visible|detected|is present|found"
)
TEXTS = re.compile(r"(?i)(?:short )?(?:description|caption|text|summary|explanation|answer|response|reply)")
CORNER_KEYS = (("x_min", "y_min", "x_max", "y_max"), ("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"))
HOLDERS = re.compile(
    r"(?i)(?:the )?(?:objects?|sources|detections?|counts?|annotations?"
    r"|results?|items|image|features|labels|classes|presence|answer)"
)


def statements(text: str) -> Iterator[Statement]:
    """The statements of a plain text, in its order: rows without the marks of lists, tables and JSON."""
    start = 0
    for begin, end, held in _json(text):
        yield from _tables(text, start, begin)
        for one in _members(held, ""):
            said = one.rstrip(" .")
            parts = sentences(one, 0, len(one)) if END.search(said) else [Statement(said, 0, len(one))]
            yield from (replace(each, start=begin, end=end, is_made=True) for each in parts)
        start = end
    yield from _tables(text, start, len(text))


# -- tables ---------------------------------------------------------------------------------------------------------


def _tables(text: str, start: int, end: int) -> Iterator[Statement]:
    """The rows of tables; what stands between them as sentences."""
    table: list[tuple[int, int]] = []
    begin = start
    for line in [*re.finditer(r"[^\n]*(?:\n|$)", text[start:end]), None]:
        at, until = (start + line.start(), start + line.end()) if line else (end, end)
        if (
            line
            and line[0].strip().count("|") + line[0].strip().count("\t") >= (1 if table else len("||") - 1)
            and "<|" not in line[0]
        ):
            if not table:
                yield from sentences(text, begin, at)
            table.append((at, until))
            continue
        if table:
            yield from _table(text, table)
            table, begin = [], at
    yield from sentences(text, begin, end)


def _table(text: str, lines: Sequence[tuple[int, int]]) -> Iterator[Statement]:
    rows = [_cells(text[start:end]) for start, end in lines]
    is_rule = [bool(RULE.match(text[start:end])) for start, end in lines]
    heads = _heads(rows[0], is_followed=len(rows) > 1 and is_rule[1])
    for (start, end), cells, rule in list(zip(lines, rows, is_rule, strict=True))[1 if heads else 0 :]:
        if not rule:
            until = start + len(text[start:end].rstrip())
            made = _row(cells, heads or [])
            yield from (Statement(one, start, until, is_item=True, is_made=True) for one in made)


def _cells(line: str) -> list[str]:
    line = re.sub(r"^\||\|$", "", line.strip())
    return [one.strip(" .") for one in re.split(r"[|\t]", line)]


def _column(head: str, at: int) -> str | None:
    """What a column's head says of its cells; None where it is a name of its own."""
    said = re.sub(r"[?:_]+", " ", head).strip()
    if re.fullmatch(rf"(?i){NUMBERS}", said):
        return "value" if at else "id"
    return next((role for role, words in COLUMNS.items() if re.fullmatch(rf"(?i){words}", said)), None)


def _heads(cells: Sequence[str], *, is_followed: bool) -> list[tuple[str | None, str]] | None:
    """The columns of a table by its first row, as (meaning, words); None where that is no head."""
    roles = [_column(one, at) for at, one in enumerate(cells)]
    is_data = any(VALUE.fullmatch(one) for one in cells[1:]) and None in roles
    return list(zip(roles, cells, strict=True)) if not is_data and (is_followed or None not in roles) else None


def _row(cells: Sequence[str], heads: Sequence[tuple[str | None, str]]) -> Iterator[str]:
    """A row as "class: value"; of a table without classes as "head: value"."""
    if len(heads) > 0 and len(heads) != len(cells):
        yield " | ".join(cells)
        return
    roles = [role for role, _ in heads] or [
        None if one.isdigit() and at == 0 and len(cells) > len("ab") else "value" for at, one in enumerate(cells)
    ]
    if not heads:
        roles = [
            "id"
            if role is None
            else "class"
            if role == "value" and "class" not in roles[:at] and at == roles.index("value")
            else role
            for at, role in enumerate(roles)
        ]
    names = [name for _, name in heads] or [""] * len(cells)
    roles = ["id" if role == "class" and cell.isdigit() else role for role, cell in zip(roles, cells, strict=True)]
    subject = next((at for at, role in enumerate(roles) if role == "class"), None)
    n_said = 0
    for at, (role, name, cell) in enumerate(zip(roles, names, cells, strict=True)):
        if at == subject or (role == "id" and (cell.isdigit() or not cell)) or not re.search(r"[\w✓✗]", cell):
            continue
        n_said += 1
        if role == "value" and subject is not None:
            yield f"{cells[subject]}: {cell}"
        else:
            yield f"{name}: {cell}" if role is None or subject is None else f"{cells[subject]} {name}: {cell}"
    if subject is not None and not n_said and cells[subject]:
        yield cells[subject]


# -- JSON -----------------------------------------------------------------------------------------------------------


class _Pairs(list[tuple[str, Any]]):
    """The members of a JSON object in order, a name as often as it stands."""


MOST_STARTS = 200
"""Places where JSON may begin that are tried: a text of brackets alone has thousands."""


def _json(text: str) -> Iterator[tuple[int, int, Any]]:
    """The JSON in a text with its place, with the fence and the word before it."""
    at = 0
    for _ in range(MOST_STARTS):
        found = JSON_START.search(text, at)
        if found is None:
            return
        at = found.start() + 1
        held, end = _decoded(text, found.start())
        if isinstance(held, dict | list | _Pairs) and not _is_box(held):
            lead = re.search(r"(?i)(?:\bjson|\bpython)?\s*$", text[: found.start()])
            yield (lead.start() if lead else found.start()), end, held
            at = end


def _decoded(text: str, start: int) -> tuple[Any, int]:
    try:
        return json.JSONDecoder(object_pairs_hook=_Pairs).raw_decode(text, start)
    except (ValueError, RecursionError):
        pass
    end = max(text.rfind("}"), text.rfind("]")) + 1
    try:
        held = ast.literal_eval(text[start:end]) if "{" in text[start:end] else None
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):  # TypeError: a set of lists
        return None, start
    return _paired(held), end


def _paired(held: Any) -> Any:
    if isinstance(held, dict):
        return _Pairs((str(name), _paired(one)) for name, one in held.items())
    return [_paired(one) for one in held] if isinstance(held, list | tuple) else held


def _members(held: Any, name: str) -> Iterator[str]:
    """Each member as "name: value"; an object with a class and a box, a count or a place as "class: box"."""
    if isinstance(held, _Pairs):
        yield from _object(held, name)
    elif isinstance(held, list) and not held and name:
        yield f"{name}: none"
    elif isinstance(held, list) and any(isinstance(one, _Pairs) for one in held):
        for one in held:
            yield from _members(one, name)
    else:
        yield f"{name}: {_value(held)}" if name else _value(held)


def _object(held: _Pairs, name: str) -> Iterator[str]:
    corners = _corners(held)
    if corners:
        yield from _members(corners, name)
        return
    known = [(_words(key), one) for key, one in held]
    is_value = [bool(VALUE_KEYS.fullmatch(key)) for key, _ in known]
    label = next((one for key, one in known if key.lower() in CLASS_KEYS and isinstance(one, str)), None)
    if label is None and name and any(is_value):
        label = name
    for (key, one), has_value in zip(known, is_value, strict=True):
        if label is not None and any(is_value) and key.lower() in CLASS_KEYS and one == label:
            continue
        if key.lower() in ("id", "index", "image id", "object id") and isinstance(one, int):
            continue
        if TEXTS.fullmatch(key) and isinstance(one, str):
            yield one
        elif label is not None and has_value:
            yield from _members(one, label)
        elif HOLDERS.fullmatch(key) and isinstance(one, _Pairs | list) and not _is_box(one):
            yield from _members(one, "" if one and not isinstance(one[0], str) else key)
        else:
            yield from _members(
                one, f"{label} {key}" if label is not None and any(is_value) else f"{name} {key}".strip()
            )


def _words(key: str) -> str:
    """A name as words: "has_artifacts", "radioGalaxy"; labels in capitals stay."""
    said = key if key.upper() == key else re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", key).replace("_", " ")
    return said.strip()


def _corners(held: _Pairs) -> list[float] | None:
    named = {key.lower(): one for key, one in held}
    for names in CORNER_KEYS:
        if set(names) == set(named) and all(isinstance(one, int | float) for one in named.values()):
            return [named[one] for one in names]
    return None


def _is_box(held: Any) -> bool:
    return (
        isinstance(held, list)
        and not isinstance(held, _Pairs)
        and bool(held)
        and all(isinstance(one, int | float) and not isinstance(one, bool) or _is_box(one) for one in held)
    )


def _value(held: Any) -> str:
    if held is None or isinstance(held, bool):
        return {None: "null", True: "yes", False: "no"}[held]
    if isinstance(held, list):
        is_box = len(held) == len("xyxy") and all(isinstance(one, int | float) for one in held)
        return json.dumps(held) if is_box else ", ".join(_value(one) for one in held)
    return str(held)
