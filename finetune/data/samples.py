"""The records to train on, from a hand-over, a SAMPLES table, or a file of LLaVA's form or of messages.

Everything is read once, as a stream, into an Arrow file that all processes map into memory: any record can be had by
its number, and the memory used does not grow with the corpus. Records are taken as they are; what is wrong with them
is told by `preflight`, all at once, and never replaced, masked or cut.
"""

import bisect
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from finetune.data.json_records import json_records
from finetune.data.records import named, parts, wrong_in
from finetune.data.sources import Location, located, problems
from schemas.conversation import PLACEHOLDER
from schemas.errors import CatalogError, StoreError
from schemas.fingerprint import fingerprint

FORMAT = 3  # of the Arrow file, and of what is read into it
ROWS_AT_ONCE = 256
PICTURES_AT_ONCE = 32
N_TOLD = 5
COLUMNS = pa.schema(
    [
        ("sample_id", pa.string()), ("source", pa.string()), ("roles", pa.list_(pa.string())),
        ("texts", pa.list_(pa.string())), ("images", pa.list_(pa.string())), ("root", pa.string()),
        ("pngs", pa.list_(pa.large_binary())), ("file", pa.string()), ("row", pa.int64()),
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
    """What one side says; `role` is user or assistant, or system before them."""

    role: str
    text: str


@dataclass(frozen=True)
class Sample:
    """One conversation and its pictures; text alone has none."""

    sample_id: str
    source: str
    pictures: tuple[Picture, ...]
    messages: tuple[Message, ...]
    """Without the system turn: in a sound record question and answer in turn."""
    system: str | None = None
    """What stands before them for the model to know and not to learn, instead of what its template says by itself."""
    where: str = ""
    """File and row, for people; of records that were made here nothing."""

    @property
    def name(self) -> str:
        """For people who look for it."""
        return f"{self.where} ({self.sample_id})" if self.where else f"sample {self.sample_id}"

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Questions and answers as they stand, placeholders included."""
        texts = [message.text for message in self.messages]
        return list(zip(texts[::2], texts[1::2], strict=False))

    @property
    def n_placeholders(self) -> int:
        """How often the picture's placeholder stands in the user's words."""
        return sum(message.text.count(PLACEHOLDER) for message in self.messages if message.role == "user")

    @property
    def opens_with_pictures(self) -> bool:
        """Whether it has pictures, and all of them stand before the first question."""
        stands_first = bool(self.messages) and self.messages[0].text.startswith(f"{PLACEHOLDER}\n" * len(self.pictures))
        return bool(self.pictures) and stands_first and self.n_placeholders == len(self.pictures)

    def number_of(self, message: int) -> int:
        """The number that a message of `messages` has in its file."""
        return message + (self.system is not None)

    def problems(self) -> Iterator[str]:
        """Where its turns are not question and answer, or its placeholders not as many as its pictures."""
        wrong = self._wrong_turn()
        if wrong:
            yield f"{self.name}: {wrong}"
        if self.n_placeholders != len(self.pictures):
            yield (
                f"{self.name}: {self.n_placeholders} {PLACEHOLDER} for {len(self.pictures)} pictures, expected one for "
                "each, in messages of the user"
            )

    def _wrong_turn(self) -> str | None:
        for at, message in enumerate(self.messages):
            wanted = ("user", "assistant")[at % 2]
            if message.role != wanted:
                rule = "a system turn stands first or not at all" if message.role == "system" else "they take turns"
                return (
                    f"message {self.number_of(at)} is of the {message.role}, expected the {wanted}: {rule}, the user "
                    "first and the assistant last"
                )
        if not self.messages:
            return "no message, expected a question of the user and an answer of the assistant"
        if len(self.messages) % 2:
            return f"message {self.number_of(len(self.messages) - 1)} is the last, expected an answer of the assistant"
        return None


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
        messages = tuple(Message(role, text) for role, text in zip(row["roles"], row["texts"], strict=True))
        has_system = bool(messages) and messages[0].role == "system"
        return Sample(
            sample_id=row["sample_id"],
            source=row["source"],
            pictures=tuple(
                Picture(image if content is not None else str(Path(row["root"]) / image), content)
                for image, content in zip(row["images"], contents, strict=True)
            ),
            messages=messages[has_system:],
            system=messages[0].text if has_system else None,
            where=f"{row['file']}, record {row['row']}",
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
    def beginnings(self) -> list[int]:
        """A number for how every record begins, its system turn and its pictures by their names."""
        known: dict[tuple[str, ...], int] = {}
        return [known.setdefault(one, len(known)) for batch in self._batches for one in _beginnings(batch)]

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
    `image_root` is where the pictures of plain files lie (beside the file, when not given). The Arrow file is
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
        for number, record in _whole(told, path, None):
            yield {**_row(location, path, number, record), "pngs": [record["png"]]}


def _file_rows(location: Location, wanted: set[str] | None) -> Iterator[dict[str, Any]]:
    for path in location.files:
        found = _whole(json_records(path), path, wanted)
        yield from (_row(location, path, number, record) for number, record in found)


def _whole(found: Iterable[Any], path: Path, wanted: set[str] | None) -> Iterator[tuple[int, dict[str, Any]]]:
    """The records with their numbers; in the end a CatalogError with the first few that are none, and what is wrong."""
    wrong: list[str] = []
    for number, record in enumerate(found):
        problems_here = wrong_in(record)
        wrong += [f"{path}, {named(record, number)}: {'; '.join(problems_here)}"] if problems_here else []
        if not wrong and (wanted is None or str(record.get("id")) in wanted):
            yield number, record
    if wrong:
        more = f"\nand {len(wrong) - N_TOLD} more records" if len(wrong) > N_TOLD else ""
        raise CatalogError("\n".join(wrong[:N_TOLD]) + more)


def _row(location: Location, path: Path, number: int, record: Mapping[str, Any]) -> dict[str, Any]:
    images, roles, texts = parts(record)
    sample_id = str(record["id"]) if "id" in record else f"{location.tag}:{number}"
    return {
        "sample_id": sample_id, "source": location.tag, "roles": roles, "texts": texts, "images": images,
        "root": str(location.root), "pngs": None, "file": str(path), "row": number,
    }  # fmt: skip


def _beginnings(batch: pa.RecordBatch) -> Iterator[tuple[str, ...]]:
    roots, images, roles = (batch.column(name) for name in ("root", "images", "roles"))
    first = pc.list_slice(roles, 0, 1).to_pylist()  # not all texts: they are most of a file
    for row, (root, names) in enumerate(zip(roots.to_pylist(), images.to_pylist(), strict=True)):
        system = ("system", batch.column("texts")[row][0].as_py()) if first[row] == ["system"] else ()
        yield (root, *system, *names)


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
