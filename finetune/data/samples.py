"""The records to train on, from a hand-over, a SAMPLES table or a LLaVA file.

Everything is read once, as a stream, into an Arrow file that all processes map into memory: any record can be had by
its number, and the memory used does not grow with the corpus. Records are taken as they are; what is wrong with them
is told by `preflight`, all at once, and never replaced, masked or cut.
"""

import bisect
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from finetune.data.records import named, parts, wrong_in
from finetune.data.sources import Location, located, problems
from schemas.conversation import PLACEHOLDER
from schemas.errors import CatalogError, StoreError
from schemas.fingerprint import fingerprint

FORMAT = 2  # of the Arrow file, and of what is read into it
ROWS_AT_ONCE = 256
PICTURES_AT_ONCE = 32
N_TOLD = 5
CHUNK = 1 << 20
COLUMNS = pa.schema(
    [
        ("sample_id", pa.string()), ("source", pa.string()), ("roles", pa.list_(pa.string())),
        ("texts", pa.list_(pa.string())), ("images", pa.list_(pa.string())), ("root", pa.string()),
        ("pngs", pa.list_(pa.large_binary())),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Picture:
    """A picture where it lies, or its bytes."""

    where: str
    content: bytes | None = None

    def read(self) -> bytes:
        """Its bytes. Raises CatalogError naming the file."""
        if self.content is not None:
            return self.content
        try:
            return Path(self.where).read_bytes()
        except OSError as error:
            raise CatalogError(f"{self.where}: the picture cannot be read: {error.strerror}") from error


@dataclass(frozen=True)
class Message:
    """What one side says; `role` is user or assistant."""

    role: str
    text: str


@dataclass(frozen=True)
class Sample:
    """One conversation and its pictures; text alone has none."""

    sample_id: str
    source: str
    pictures: tuple[Picture, ...]
    messages: tuple[Message, ...]

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Questions and answers as they stand, placeholders included."""
        texts = [message.text for message in self.messages]
        return list(zip(texts[::2], texts[1::2], strict=False))

    @property
    def n_placeholders(self) -> int:
        """How often the picture's placeholder stands in the user's words."""
        return sum(message.text.count(PLACEHOLDER) for message in self.messages if message.role == "user")


@dataclass(frozen=True)
class Samples:
    """All records of a run by number; cheap to open again in every process."""

    index: Path
    digest: str
    """Of the data: equal for equal records and pictures, wherever they lie."""
    locations: tuple[Location, ...]

    def __len__(self) -> int:
        return self._starts[-1]

    def __getitem__(self, number: int) -> Sample:
        if not 0 <= number < len(self):
            raise IndexError(f"sample {number} of {len(self)}")
        batch = bisect.bisect_right(self._starts, number) - 1
        row = self._batches[batch].slice(number - self._starts[batch], 1).to_pylist()[0]
        contents = row["pngs"] or [None] * len(row["images"])
        return Sample(
            sample_id=row["sample_id"],
            source=row["source"],
            pictures=tuple(
                Picture(image if content is not None else str(Path(row["root"]) / image), content)
                for image, content in zip(row["images"], contents, strict=True)
            ),
            messages=tuple(Message(role, text) for role, text in zip(row["roles"], row["texts"], strict=True)),
        )

    def __iter__(self) -> Iterator[Sample]:
        return (self[number] for number in range(len(self)))

    def __getstate__(self) -> dict[str, Any]:  # a worker maps the file again
        return {"index": self.index, "digest": self.digest, "locations": self.locations}

    @cached_property
    def ids(self) -> list[str]:
        """The ids of all records, in their order."""
        return [one for batch in self._batches for one in batch.column("sample_id").to_pylist()]

    @cached_property
    def sources(self) -> list[str]:
        """The tag of every record, in their order."""
        return [one for batch in self._batches for one in batch.column("source").to_pylist()]

    @cached_property
    def pictures(self) -> list[int]:
        """A number for the pictures of every record, by their names: equal numbers for equal names."""
        known: dict[tuple[str, ...], int] = {}
        names = (
            (root, *images)
            for batch in self._batches
            for root, images in zip(batch.column("root").to_pylist(), batch.column("images").to_pylist(), strict=True)
        )
        return [known.setdefault(one, len(known)) for one in names]

    @cached_property
    def _batches(self) -> list[pa.RecordBatch]:
        reader = pa.ipc.open_file(pa.memory_map(str(self.index)))
        return [reader.get_batch(number) for number in range(reader.num_record_batches)]

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for batch in self._batches:
            starts.append(starts[-1] + batch.num_rows)
        return starts


def open_handover(
    folder: Path | Mapping[str, Path],
    *,
    tags: Sequence[str],
    image_root: Path | None = None,
    index_dir: Path | None = None,
    is_verified: bool = False,
) -> Samples:
    """The training records under `folder`, of all tags; a mapping gives each tag a folder or file of its own.

    First every byte is held against the manifests, unless the caller has done so: StoreError with all that is wrong.
    `image_root` is where the pictures of plain LLaVA files lie (beside the file, when not given). The Arrow file is
    made in `index_dir`, by digest; the folder of temporary files serves when it is not given.
    """
    locations = located(folder, tags, image_root)
    wrong = [] if is_verified else problems(locations)
    if wrong:
        more = f"; and {len(wrong) - N_TOLD} more" if len(wrong) > N_TOLD else ""
        raise StoreError("; ".join(wrong[:N_TOLD]) + more)
    digest = fingerprint([(one.tag, one.kind, one.content) for one in locations])
    roots = fingerprint([str(one.root) for one in locations])
    place = index_dir or Path(tempfile.gettempdir()) / "radio-corpus-index"
    index = place / f"{fingerprint([FORMAT, digest, roots])[:32]}.arrow"
    if not index.exists():
        _write_index(index, locations)
    return Samples(index, digest, tuple(locations))


def _write_index(index: Path, locations: Sequence[Location]) -> None:
    """Written aside and renamed: whole or absent, also when several processes start together."""
    index.parent.mkdir(parents=True, exist_ok=True)
    aside = index.with_name(f".{index.name}.{os.getpid()}")
    try:
        with pa.OSFile(str(aside), "wb") as file, pa.ipc.new_file(file, COLUMNS) as out:
            for location in locations:
                at_once = PICTURES_AT_ONCE if location.kind == "samples" else ROWS_AT_ONCE
                for rows in _grouped(_rows(location), at_once):
                    out.write_batch(pa.RecordBatch.from_pylist(rows, schema=COLUMNS))
        aside.replace(index)
    except OSError as error:
        raise StoreError(f"cannot write the index {index}: {error}") from error
    finally:
        aside.unlink(missing_ok=True)


def _rows(location: Location) -> Iterator[dict[str, Any]]:
    return _table_rows(location) if location.kind == "samples" else _file_rows(location, location.chosen())


def _table_rows(location: Location) -> Iterator[dict[str, Any]]:
    columns = ["sample_id", "split", "image", "conversations", "png"]
    for path in location.files:
        found = (row for batch in pq.ParquetFile(path).iter_batches(PICTURES_AT_ONCE, columns=columns)
                 for row in batch.to_pylist())  # fmt: skip
        told = ({"id": row["sample_id"], **row} for row in found if row["split"] == "train")
        for record in _whole(told, path, None):
            yield {**_row(location, record), "pngs": [record["png"]]}


def _file_rows(location: Location, wanted: set[str] | None) -> Iterator[dict[str, Any]]:
    for path in location.files:
        yield from (_row(location, record) for record in _whole(json_records(path), path, wanted))


def _whole(found: Iterable[Any], path: Path, wanted: set[str] | None) -> Iterator[dict[str, Any]]:
    """The records, or in the end a CatalogError with the first few that are none, each with what is wrong."""
    wrong: list[str] = []
    for number, record in enumerate(found):
        problems_here = wrong_in(record)
        wrong += [f"{path}, {named(record, number)}: {'; '.join(problems_here)}"] if problems_here else []
        if not wrong and (wanted is None or str(record["id"]) in wanted):
            yield record
    if wrong:
        more = f"\nand {len(wrong) - N_TOLD} more records" if len(wrong) > N_TOLD else ""
        raise CatalogError("\n".join(wrong[:N_TOLD]) + more)


def _row(location: Location, record: Mapping[str, Any]) -> dict[str, Any]:
    sample_id, images, roles, texts = parts(record)
    return {
        "sample_id": sample_id, "source": location.tag, "roles": roles, "texts": texts, "images": images,
        "root": str(location.root), "pngs": None,
    }  # fmt: skip


def json_records(path: Path) -> Iterator[Any]:
    """The objects of a JSON array or of JSON lines, one after another: a file of any size in little memory."""
    decoder = json.JSONDecoder()
    try:
        with path.open(encoding="utf-8") as file:
            text, at, is_array = "", 0, None
            while True:
                at, ended = _after(text, at)
                try:
                    value, at = decoder.raw_decode(text, at)
                except ValueError:
                    more = file.read(max(CHUNK, len(text) - at))
                    if not more:
                        break
                    is_array = more.lstrip().startswith("[") if is_array is None else is_array
                    text, at = text[at:] + more, 0
                    continue
                yield value
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogError(f"{path}: cannot be read: {error}") from error
    if at < len(text) or (is_array and not ended):
        raise CatalogError(f"{path}: not a JSON array and not JSON lines, or cut, after {text[at : at + 60]!r}")


def _after(text: str, at: int) -> tuple[int, bool]:
    """Past what stands between two records: commas, blanks, brackets of the array; and whether a closing one did."""
    start = at
    while at < len(text) and text[at] in " \t\r\n,[]":
        at += 1
    return at, "]" in text[start:at]


def _grouped(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    group: list[dict[str, Any]] = []
    for row in rows:
        group.append(row)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def picture_sha256(picture: Picture) -> str:
    """SHA-256 of a picture's bytes, in hex."""
    return hashlib.sha256(picture.read()).hexdigest()
