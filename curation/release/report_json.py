"""What the page says as plain JSON: no picture, and no number that JSON does not have."""

import math
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

PICTURE = "picture"
"""The field that holds a picture of the page: it is no number, and would be most of the file."""


def as_json(value: Any) -> Any:
    """Dataclasses and mappings as objects, sequences as lists; infinite and undefined numbers as null."""
    if is_dataclass(value) and not isinstance(value, type):
        return as_json({field.name: getattr(value, field.name) for field in fields(value)})
    if isinstance(value, Mapping):
        return {str(name): as_json(one) for name, one in value.items() if name != PICTURE}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
