"""MosaicML's Streaming: MDS shards and an index for each split, as `streaming.StreamingDataset` reads them.

A shard is the number of samples and where each begins (unsigned 32-bit), what its columns are (JSON), then the samples:
the sizes of the columns, and their bytes. A sample has `id` (text), `image` (a PNG, byte for byte as in the hand-over)
and `messages` (JSON).
"""

import json
import shutil
import struct
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from curation.release.handover_rows import Row, Split
from curation.release.shards import json_line, shards

COLUMNS = {"id": "str", "image": "png", "messages": "json"}
FORMAT = "mds"
VERSION = 2  # of MDS


def write_mds(split: Split, folder: Path, shard_bytes: int) -> int:
    """Write a split's shards and index, and give the number of its records; nothing for a split without any."""
    listed = list[dict[str, Any]]()
    for number, shard in enumerate(shards(split.rows(), shard_bytes)):
        (folder / split.name).mkdir(exist_ok=True)
        name = f"shard.{number:05d}.mds"
        path = folder / split.name / name
        n = _write_shard(shard, path, shard_bytes)
        raw = {"basename": name, "bytes": path.stat().st_size, "hashes": {}}
        listed.append({**_config(shard_bytes), "raw_data": raw, "samples": n, "zip_data": None})
    if listed:
        index = {"shards": listed, "version": VERSION}
        (folder / split.name / "index.json").write_bytes(json_line(index))
    return sum(one["samples"] for one in listed)


def _sample(row: Row) -> bytes:
    parts = [row.record.id.encode(), row.png, json.dumps(row.messages, sort_keys=True).encode()]
    return struct.pack(f"<{len(parts)}I", *map(len, parts)) + b"".join(parts)


def _write_shard(rows: Iterator[Row], path: Path, shard_bytes: int) -> int:
    """Write a shard, samples aside first since their sizes stand before them; gives how many they are."""
    config = json.dumps(_config(shard_bytes), sort_keys=True).encode()
    with TemporaryFile(dir=path.parent) as aside, path.open("wb") as out:
        sizes = [aside.write(_sample(row)) for row in rows]
        first = 4 + 4 * (len(sizes) + 1) + len(config)
        out.write(struct.pack(f"<{len(sizes) + 2}I", len(sizes), *accumulate(sizes, initial=first)) + config)
        aside.seek(0)
        shutil.copyfileobj(aside, out)
    return len(sizes)


def _config(shard_bytes: int) -> dict[str, Any]:
    return {
        "column_encodings": [*COLUMNS.values()], "column_names": [*COLUMNS], "column_sizes": [None] * len(COLUMNS),
        "compression": None, "format": FORMAT, "hashes": [], "size_limit": shard_bytes, "version": VERSION,
    }  # fmt: skip
