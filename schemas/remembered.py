"""What is made of a table that many parts read: made once, and kept as long as the table itself."""

import weakref
from collections.abc import Callable
from functools import wraps
from typing import TypeVar

import pyarrow as pa

Made = TypeVar("Made")


def per_table(make: Callable[[pa.Table], Made]) -> Callable[[pa.Table], Made]:
    """The function, asked once for each table. What it gives is for all who ask, so nobody may change it."""
    kept: dict[int, Made] = {}

    @wraps(make)
    def made(table: pa.Table) -> Made:
        key = id(table)  # of no other table while this one lives
        if key not in kept:
            kept[key] = make(table)
            weakref.finalize(table, kept.pop, key, None).atexit = False
        return kept[key]

    return made
