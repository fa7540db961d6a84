"""What was withdrawn: sources and papers that no later build may use, each a tombstone in the store.

    withdrawn/<id>.json       which, why; sealed

The tombstones of a dataset are part of the address of its SOURCES and OBJECTS, those of papers of PAPERS: the next
build makes these again, and nothing else moves where there is none. Their rows stand among the refused, as `withdrawn`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.fs as pafs
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from schemas.errors import DamageError, RecipeError
from schemas.labels import Truth
from schemas.whole import DIGEST, sealed, unsealed

FOLDER = "withdrawn"
REASON = "withdrawn"


class Files(Protocol):
    """What is asked of a store."""

    def listed(self, folder: str) -> list[pafs.FileInfo]: ...

    def read_bytes(self, name: str) -> bytes: ...

    def publish(self, name: str, body: bytes) -> None: ...

    def remove(self, name: str) -> None: ...

    def exists(self, name: str) -> bool: ...


class Tombstone(BaseModel):
    """One source or paper, for people."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["source", "paper"]
    id: str = Field(min_length=1)
    name: str = ""
    dataset: str = ""
    """Of a source."""
    reason: str = Field(min_length=1)

    @property
    def line(self) -> str:
        """For people."""
        called = f" ({self.name})" if self.name and self.name != self.id else ""
        return f"{self.kind} {self.id}{called}: {self.reason}"

    @property
    def file(self) -> str:
        """Its place in the store."""
        return f"{FOLDER}/{re.sub('[^A-Za-z0-9._-]', '_', self.id)}.json"


@dataclass(frozen=True, order=True)
class Withdrawn:
    """What of a tombstone decides a table."""

    id: str
    reason: str


def tombstones(store: Files) -> list[Tombstone]:
    """Every tombstone of a store, by name. Raises DamageError for one that is not as it was written."""
    found = list[Tombstone]()
    for info in store.listed(FOLDER):
        if info.base_name.startswith("."):
            continue
        where = f"{FOLDER}/{info.base_name}"
        said = unsealed(store.read_bytes(where), where)
        try:
            found.append(Tombstone.model_validate({key: value for key, value in said.items() if key != DIGEST}))
        except ValidationError as error:
            raise DamageError(f"{where}: no tombstone: {error.errors()[0]['msg']}; withdraw it again") from None
    return found


def withdraw(store: Files, stone: Tombstone) -> None:
    """Set a tombstone; one with another reason is replaced."""
    store.publish(stone.file, sealed(stone.model_dump()))


def give_back(store: Files, stone: Tombstone) -> None:
    """Take a tombstone away. Raises RecipeError where there is none."""
    if not store.exists(stone.file):
        raise RecipeError(f"{stone.id} is not withdrawn; there are {', '.join(one.id for one in tombstones(store))}")
    store.remove(stone.file)


def of_dataset(stones: Sequence[Tombstone], dataset: str) -> tuple[Withdrawn, ...]:
    """The sources of a dataset that are withdrawn, by id."""
    return tuple(sorted(Withdrawn(one.id, one.reason) for one in stones if one.dataset == dataset))


def of_papers(stones: Sequence[Tombstone]) -> tuple[Withdrawn, ...]:
    """The papers that are withdrawn, by id."""
    return tuple(sorted(Withdrawn(one.id, one.reason) for one in stones if one.kind == "paper"))


def stone_of(sample: Mapping[str, Any], stones: Sequence[Tombstone]) -> Tombstone | None:
    """The tombstone of the source or paper that a sample is of; None where it has none."""
    ids = {sample.get("source_id"), sample.get("paper_id")}
    return next((one for one in stones if one.id in ids), None)


def without_class(objects: pa.Table, withdrawn: Sequence[Withdrawn]) -> pa.Table:
    """OBJECTS in which those of withdrawn sources are outlines alone: no source, every label unknown.

    They stay, for other pictures show them: a count without them would be false.
    """
    gone = {one.id for one in withdrawn}
    rows = objects.to_pylist()
    for row in rows:
        if row["source_id"] in gone:
            row["source_id"] = None
            row["labels"] = [{**one, "state": Truth.UNKNOWN.value} for one in row["labels"]]
    return pa.Table.from_pylist(rows, schema=objects.schema)
