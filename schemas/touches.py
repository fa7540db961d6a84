"""Which tables a field of a door decides, said beside the field; and a door with only the fields of one table.

A field without a mark decides every table that its door is used for. One with `exclude=True` decides none: it is only
told to people. `only` leaves out what a table does not read, so that its address stays where such a field changes, and
so that reading such a field in the table's code is an error at once.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, cast

from pydantic import BaseModel

Door = TypeVar("Door", bound=BaseModel)

WORDS = ("descriptions", "answers", "conversations", "generated", "judged", "quality", "injections")
"""The tables of texts."""


@dataclass(frozen=True)
class Touches:
    """In `Annotated`: the kinds of tables, as `sources` or `quality`, that a field decides; none: it is for people."""

    tables: tuple[str, ...]

    def __init__(self, *tables: str) -> None:
        """`Touches("mosaics", *WORDS)`."""
        object.__setattr__(self, "tables", tables)


@cache
def touched(model: type[BaseModel], field: str) -> tuple[str, ...] | None:
    """The tables that a field decides; None: every one that its door is used for."""
    info = model.model_fields[field]
    if info.exclude:
        return ()
    return next((one.tables for one in info.metadata if isinstance(one, Touches)), None)


def only(door: Door, table: str) -> Door:
    """The door with the fields, and fields of fields, that decide a table; AttributeError for whoever reads another."""
    model = type(door)
    kept = {name: _only(value, table) for name, value in door.__dict__.items()
            if (tables := touched(model, name)) is None or table in tables}  # fmt: skip
    made = model.model_construct()
    held = cast(dict[str, Any], made.__dict__)
    held.clear()
    held.update(kept)
    return made


def _only(value: Any, table: str) -> Any:
    if isinstance(value, BaseModel):
        return only(value, table)
    if isinstance(value, dict):
        held = cast(dict[Any, Any], value)
        return {key: _only(one, table) for key, one in held.items()}
    return tuple(_only(one, table) for one in cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value
