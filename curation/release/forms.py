"""A hand-over in the forms that other software reads, with the pictures inside or beside: streamed, in shards.

    hf-parquet   Parquet with pictures embedded: `datasets.load_dataset(FOLDER)` gives images that are opened
    webdataset   TAR shards: a picture and its record under one key
    messages     JSON lines of `messages` and `images`, as TRL and ms-swift take them, pictures beside

Equal hand-overs give equal bytes: no clock, host or path goes in. The folder is whole or absent.
"""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from curation.release.card import front_matter
from curation.release.certificate import FILE_OF
from curation.release.export import whole_handover
from schemas.errors import StoreError
from schemas.llava import OPENING, LlavaRecord
from schemas.whole import check_free, published, read_manifest

VERSION = 1  # raised when a form starts to look different
MB = 1_000_000
ROWS_OF_A_GROUP = 64
ROLES = {"human": "user", "gpt": "assistant"}
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
PICTURE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
TEXT = {"dtype": "string", "_type": "Value"}
FEATURES = {  # as Hugging Face's datasets writes them into a schema
    "id": TEXT,
    "images": {"feature": {"_type": "Image"}, "_type": "List"},
    "messages": {"feature": {"role": TEXT, "content": TEXT}, "_type": "List"},
}


@dataclass(frozen=True)
class Row:
    """A record with its picture; `messages` without the picture's placeholder, which stands first in every record."""

    number: int
    """Place in its split, from 0."""
    record: LlavaRecord
    png: bytes

    @property
    def messages(self) -> list[dict[str, str]]:
        """The turns as chat templates want them."""
        said = [{"role": ROLES[one.from_], "content": one.value} for one in self.record.conversations]
        said[0]["content"] = said[0]["content"].removeprefix(OPENING)
        return said


def write_form(handover: Path, form: str, out: Path, *, shard_mb: int = 500) -> dict[str, Any]:
    """Write a whole hand-over to `out` in a form of FORMS, and give the manifest of what was written.

    RecipeError for a folder that is no hand-over, StoreError for one that is damaged or for anything in the way.
    """
    there = whole_handover(handover)
    check_free(out)
    said = {"form": form, "version": VERSION, "corpus": there["corpus"], "handover": there["address"]}
    with published(out, said) as aside:
        counts = {split: FORMS[form](rows_of(handover, split), split, aside, shard_mb * MB) for split in FILE_OF}
        said["counts"] = counts
        (aside / "README.md").write_text(_readme(said, form, counts), encoding="utf-8", newline="\n")
    return read_manifest(out)


def rows_of(handover: Path, split: str) -> Iterator[Row]:
    """The records of a split in their order, each with its picture; StoreError for a picture of another digest."""
    for number, record in enumerate(_records(handover / FILE_OF[split])):
        path = handover / record.image
        png = path.read_bytes()
        if hashlib.sha256(png).hexdigest() != path.stem:
            raise StoreError(f"{path}: damaged: its bytes are not those that its name says")
        yield Row(number, record, png)


def _records(path: Path) -> Iterator[LlavaRecord]:
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            text = line.strip().rstrip(",")
            if text in ("[", "]", "[]"):
                continue
            try:
                yield LlavaRecord.model_validate_json(text)
            except ValidationError as error:
                raise StoreError(f"{path}: a line is no record: {error.errors()[0]['msg']}") from None


def key_of(row: Row) -> str:
    """The key of a sample in a TAR: WebDataset ends it at the first dot, so `J1234.5+67` and `J1234.5-67` would be one.

    Whatever is no letter, digit, `-` or `_` is written as its hexadecimal code; the number in front makes keys differ.
    """
    name = re.sub(r"[^A-Za-z0-9_-]", lambda found: f"_{ord(found[0]):x}_", row.record.id)
    return f"{row.number:09d}-{name}"


# -- forms -----------------------------------------------------------------------------------------------------------


def _hf_parquet(rows: Iterator[Row], split: str, folder: Path, shard_bytes: int) -> int:
    schema = pa.schema(
        [("id", pa.string()), ("images", pa.list_(PICTURE)), ("messages", MESSAGES)],
        metadata={"huggingface": json.dumps({"info": {"features": FEATURES}}, sort_keys=True)},
    )
    n = 0
    for number, shard in enumerate(_shards(rows, shard_bytes)):
        path = folder / "data" / f"{split}-{number:05d}.parquet"
        path.parent.mkdir(exist_ok=True)
        with pq.ParquetWriter(path, schema, compression="none") as out:  # pictures are compressed already
            while group := list(islice(shard, ROWS_OF_A_GROUP)):
                out.write_table(pa.Table.from_pylist([_as_row(one) for one in group], schema))
                n += len(group)
    return n


def _as_row(row: Row) -> dict[str, Any]:
    picture = {"bytes": row.png, "path": Path(row.record.image).name}
    return {"id": row.record.id, "images": [picture], "messages": row.messages}


def _webdataset(rows: Iterator[Row], split: str, folder: Path, shard_bytes: int) -> int:
    n = 0
    for number, shard in enumerate(_shards(rows, shard_bytes)):
        with tarfile.open(folder / f"{split}-{number:05d}.tar", "w", format=tarfile.USTAR_FORMAT) as out:
            for row in shard:
                key = key_of(row)
                said = {"id": row.record.id, "messages": row.messages}
                _add(out, f"{key}.json", _json_line(said))
                _add(out, f"{key}.png", row.png)
                n += 1
    return n


def _add(out: tarfile.TarFile, name: str, body: bytes) -> None:
    entry = tarfile.TarInfo(name)  # no clock and no owner: its defaults are zeros
    entry.size = len(body)
    out.addfile(entry, io.BytesIO(body))


def _messages(rows: Iterator[Row], split: str, folder: Path, _shard_bytes: int) -> int:
    n = 0
    with ExitStack() as files:
        out = None
        for row in rows:
            if out is None:  # a split without records has no file: loaders take an empty one for a mistake
                out = files.enter_context((folder / f"{split}.jsonl").open("wb"))
            path = folder / row.record.image
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(row.png)
            out.write(_json_line({"id": row.record.id, "images": [row.record.image], "messages": row.messages}))
            n += 1
    return n


FORMS: dict[str, Callable[[Iterator[Row], str, Path, int], int]] = {
    "hf-parquet": _hf_parquet,
    "webdataset": _webdataset,
    "messages": _messages,
}
FILES = {"hf-parquet": "data/{}-*.parquet", "webdataset": "{}-*.tar", "messages": "{}.jsonl"}


def _readme(said: dict[str, Any], form: str, counts: dict[str, int]) -> str:
    paths = {split: FILES[form].format(split) for split, n in counts.items() if n}
    lines = [*front_matter(said["corpus"], paths), f"# {said['corpus']}", ""]
    lines += [
        f"Hand-over `{said['handover']}` as `{form}`, written by radio-corpus. Terms of use and whom to cite stand in "
        "the README.md and ATTRIBUTION.bib of the hand-over.",
        "",
    ]
    return "\n".join([*lines, *(f"* {split}: {n:,} records" for split, n in counts.items())]) + "\n"


def _shards(rows: Iterator[Row], shard_bytes: int) -> Iterator[Iterator[Row]]:
    """Rows in shards of about so many bytes of pictures, each to be taken to its end before the next."""
    number = n_bytes = 0

    def shard_of(row: Row) -> int:
        nonlocal number, n_bytes
        if n_bytes and n_bytes + len(row.png) > shard_bytes:
            number, n_bytes = number + 1, 0
        n_bytes += len(row.png)
        return number

    return (shard for _, shard in groupby(rows, shard_of))


def _json_line(said: object) -> bytes:
    return (json.dumps(said, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n").encode()
