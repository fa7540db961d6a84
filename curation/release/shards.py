"""Rows in shards, and lines of JSON: what the forms of a hand-over share."""

import json
from collections.abc import Iterator
from itertools import groupby

from curation.release.handover_rows import Row


def shards(rows: Iterator[Row], shard_bytes: int) -> Iterator[Iterator[Row]]:
    """Rows in shards of about so many bytes of pictures, each to be taken to its end before the next."""
    number = n_bytes = 0

    def shard_of(row: Row) -> int:
        nonlocal number, n_bytes
        if n_bytes and n_bytes + len(row.png) > shard_bytes:
            number, n_bytes = number + 1, 0
        n_bytes += len(row.png)
        return number

    return (shard for _, shard in groupby(rows, shard_of))


def json_line(said: object) -> bytes:
    """A line of JSON with sorted keys, in ASCII."""
    return (json.dumps(said, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()
