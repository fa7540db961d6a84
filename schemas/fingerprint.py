"""A recipe's one canonical form, and the hash that addresses and ids are made of."""

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from typing import TypeVar, cast

from pydantic import BaseModel

Option = TypeVar("Option")


def canonical_json(recipe: object) -> str:
    """JSON with sorted keys and no spaces. Refuses anything without one stable form."""
    return json.dumps(recipe, default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)


def fingerprint(recipe: object) -> str:
    """SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(recipe).encode()).hexdigest()


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_id(prefix: str, *parts: object) -> str:
    """An id made from what a row is: `prefix`, a dash and sixteen digits of a hash."""
    return f"{prefix}-{fingerprint(list(parts))[:16]}"


def choose(options: Sequence[Option], key: str) -> Option:
    """The same option for the same key, whatever the order or the sharding of the rows."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return options[int.from_bytes(digest) % len(options)]


def fraction(key: str) -> float:
    """A number in [0, 1) that depends on the key alone."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest()) / 2**64


def _in_order(value: object) -> object:
    """A door's tables as pairs: the order of a scheme's labels, or of a question's classes, is the order in texts."""
    if isinstance(value, dict):
        return [[key, _in_order(one)] for key, one in cast(dict[str, object], value).items()]
    return [_in_order(one) for one in cast(tuple[object, ...], value)] if isinstance(value, tuple) else value


def _plain(value: object) -> object:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields.items()  # one declared with exclude=True, such as `cite`, moves nothing
        return {name: _in_order(value.__dict__[name]) for name, field in fields
                if name in value.__dict__ and not field.exclude}  # fmt: skip
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return cast(object, value.value)
    raise TypeError(
        f"{type(value).__name__} has no stable form, so it cannot be part of a recipe: {value!r:.80}. "
        "Use a frozen dataclass, a pydantic model, an Enum or a plain value. A path is a where, not a what."
    )
