"""Claims as a served model writes them: a closed vocabulary of small JSON objects, bounded for each picture.

A model names labels of the scheme, objects by the ids that it was told ("o1"), places, bounds and numbers in bounds;
of map, survey, frequency, resolution, size and direction it names the fact alone, and its value is that of the picture.
One table says which fields each kind has; the JSON Schema that bounds a reply and the check of what came both follow
from it. A model that reads writes the same claims, each after the words that make it; it was told no ids and no facts.
"""

from collections.abc import Mapping
from typing import Any

from curation.verification.claims import ANY_OBJECT
from schemas.errors import ReplyError
from schemas.labels import LabelScheme

MOST_NUMBER = 999
THOUSANDTHS = 1000
"""A box that a model gives in numbers has corners in thousandths of the picture's side: whole numbers have an end."""
PLACES = (
    "left", "right", "upper", "lower", "upper left", "upper right", "lower left", "lower right", "centre",
    "upper edge", "lower edge", "left edge", "right edge",
)  # fmt: skip
FACTS = ("map", "survey", "frequency", "size", "beam", "orientation")
BOUNDS = {"exactly": None, "at least": "at least", "at most": "at most", "about": "about"}
STATES = ("present", "absent")
RELATIONS = ("more", "fewer", "equal", "larger", "smaller", "left", "right", "above", "below", "nearer")
EXTREMES = ("largest", "smallest", "leftmost", "rightmost", "uppermost", "lowermost", "most central")
SHARES = ("all", "most", "half")
KINDS: Mapping[str, Mapping[str, str]] = {
    "presence": {"label": "label", "state": "state_or_possible"},
    "count": {"what": "what", "bound": "bound", "n": "number"},
    "boxes": {"what": "what", "objects": "objects", "complete": "flag"},
    "box": {"what": "what", "corners": "corners"},
    "place": {"what": "what", "share": "one_or_share", "place": "place"},
    "count_at": {"what": "what", "n": "number", "place": "place"},
    "compare": {"what": "what", "is": "relation", "than": "what"},
    "extreme": {"what": "what", "is": "extreme", "place": "place"},
    "extreme_class": {"what": "what", "is": "extreme", "label": "label"},
    "share": {"label": "label", "share": "share", "of": "what"},
    "only": {"label": "label"},
    "extent": {"what": "what", "axis": "axis", "unit": "unit", "n": "number"},
    "structure": {"what": "structure", "n": "number"},
    "peculiarity": {"content": "content", "state": "state"},
    "border": {"where": "border", "state": "state"},
    "blank_percent": {"n": "percent"},
    "fact": {"fact": "fact"},
}
"""Fields of each kind, in order, and the type of each."""
WORDS = "words"
"""Field of a claim that was read: what of the sentence makes it, letter by letter."""
LONGEST_WORDS = 400
READ_KINDS = tuple(kind for kind in KINDS if kind != "boxes")
OF_OBJECTS = frozenset({"boxes", "box", "place", "count_at", "extreme", "extreme_class", "extent"})
"""Kinds that nothing can be stated of in a picture without boxes."""


def claim_definitions(scheme: LabelScheme, n_objects: int) -> dict[str, Any]:
    """The `$defs` of a form whose items refer to "#/$defs/claim"; the same for pictures with as many told objects."""
    kinds = [kind for kind in KINDS if n_objects or kind not in OF_OBJECTS]
    types = value_types(scheme, n_objects)
    used = {one for kind in kinds for one in KINDS[kind].values()}
    forms = [_form(kind, KINDS[kind]) for kind in kinds]
    return {"claim": {"anyOf": forms}, **{name: types[name] for name in sorted(used)}}


def reading_definitions(scheme: LabelScheme) -> dict[str, Any]:
    """The same of claims that were read: one for all pictures of a scheme."""
    types = reading_types(scheme)
    used = {one for kind in READ_KINDS for one in KINDS[kind].values()} | {WORDS}
    forms = [_form(kind, KINDS[kind], read=True) for kind in READ_KINDS]
    return {"claim": {"anyOf": forms}, **{name: types[name] for name in sorted(used)}}


def reading_types(scheme: LabelScheme) -> dict[str, dict[str, Any]]:
    """The types of the fields of claims that are read. Of the facts only that it is a map: the others have values."""
    words = {"type": "string", "minLength": 1, "maxLength": LONGEST_WORDS}
    return value_types(scheme, 0) | {"fact": {"enum": ["map"]}, WORDS: words}


def checked(found: object, types: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """A claim of known form. Raises ReplyError, saying what was found and what was expected, for any other."""
    kind = found.get("kind") if isinstance(found, dict) else None
    fields = KINDS.get(kind) if isinstance(kind, str) else None
    if not isinstance(found, dict) or fields is None:
        raise ReplyError(f"claim: found {str(found)[:120]!r}, expected an object with kind one of {', '.join(KINDS)}")
    if found.keys() != {"kind", *fields}:
        names = ", ".join(sorted(map(str, found)))[:120]
        raise ReplyError(f"claim {kind}: found {names}, expected kind, {', '.join(fields)}")
    for name, one in fields.items():
        if not _is_of(found[name], types[one]):
            said = str(found[name])[:80]
            raise ReplyError(f"claim {kind}: {name}: found {said!r}, expected {_expected(types[one])}")
    return found


def _form(kind: str, fields: Mapping[str, str], *, read: bool = False) -> dict[str, Any]:
    words = {WORDS: {"$ref": f"#/$defs/{WORDS}"}} if read else {}
    properties = {
        **words,
        "kind": {"const": kind},
        **{name: {"$ref": f"#/$defs/{one}"} for name, one in fields.items()},
    }
    return {"type": "object", "additionalProperties": False, "required": list(properties), "properties": properties}


def value_types(scheme: LabelScheme, n_objects: int) -> dict[str, dict[str, Any]]:
    """The types of the fields, each as a JSON Schema, for a picture with so many told objects."""

    def whole(most: int) -> dict[str, Any]:
        return {"type": "integer", "minimum": 0, "maximum": most}

    labels = list(scheme.labels)
    ids = [f"o{at}" for at in range(1, n_objects + 1)]
    return {
        "label": {"enum": labels}, "what": {"enum": [ANY_OBJECT, *labels]},
        "state": {"enum": list(STATES)}, "state_or_possible": {"enum": [*STATES, "possible"]},
        "bound": {"enum": list(BOUNDS)}, "number": whole(MOST_NUMBER), "percent": whole(100),
        "objects": {"type": "array", "minItems": 1, "maxItems": max(1, n_objects), "items": {"enum": ids}},
        "flag": {"type": "boolean"},
        "corners": {"type": "array", "minItems": 4, "maxItems": 4, "items": whole(THOUSANDTHS)},
        "place": {"enum": list(PLACES)}, "share": {"enum": list(SHARES)},
        "one_or_share": {"enum": ["one", "all", "most"]},
        "relation": {"enum": list(RELATIONS)}, "extreme": {"enum": list(EXTREMES)},
        "axis": {"enum": ["width", "height"]}, "unit": {"enum": ["percent", "arcsec"]},
        "structure": {"enum": ["islands", "peaks"]}, "content": {"enum": ["ORDINARY", "COMPLEX", "PECULIAR"]},
        "border": {"enum": ["blank", "edge"]}, "fact": {"enum": list(FACTS)},
    }  # fmt: skip


def _is_of(value: object, form: Mapping[str, Any]) -> bool:
    """Whether a value is of a type; JSON's true is no number, and no list holds the same twice unless of numbers."""
    if "enum" in form:
        return isinstance(value, str) and value in form["enum"]
    if form["type"] == "boolean":
        return isinstance(value, bool)
    if form["type"] == "integer":
        return type(value) is int and form["minimum"] <= value <= form["maximum"]
    if not isinstance(value, list) or not form["minItems"] <= len(value) <= form["maxItems"]:
        return False
    is_set = "enum" not in form["items"] or len(set(map(str, value))) == len(value)
    return is_set and all(_is_of(one, form["items"]) for one in value)


def _expected(form: Mapping[str, Any]) -> str:
    if "enum" in form:
        return f"one of {', '.join(form['enum'])}"
    if form["type"] == "integer":
        return f"a whole number from {form['minimum']} to {form['maximum']}"
    return (
        "true or false"
        if form["type"] == "boolean"
        else f"{form['minItems']} to {form['maxItems']} of {_expected(form['items'])}"
    )
