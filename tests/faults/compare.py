"""What a store and its hand-over hold, file by file, and how that differs from what an undisturbed build gave."""

import hashlib
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from curation.engine.marks import BUILDING
from curation.engine.store import Store
from schemas.whole import MANIFEST

RAN = frozenset({"made_at", "made_by", "commit", "versions", "sha256"})  # of a manifest: when and by whom, not what


@dataclass(frozen=True)
class State:
    """The SHA-256 of every file that was published, by its path in the store."""

    files: dict[str, str]
    n_rows: dict[str, tuple[int, int, int]]
    """Of each table that is done: rows in, kept and rejected, counted in its files where they can be."""
    marks: tuple[str, ...] = ()
    """Marks of builders that are still there."""

    def wrong(self, other: "State") -> list[str]:
        """What was published in `other` that this one does not have, or has otherwise: must be empty at any time."""
        strange = [name for name, digest in other.files.items() if self.files.get(name) != digest]
        return strange + [f"{name}: {rows}" for name, rows in other.n_rows.items() if self.n_rows.get(name) != rows]

    def missing(self, other: "State") -> list[str]:
        """What this one has and `other` has not: must be empty in the end."""
        return [name for name in self.files if name not in other.files]


def state(folder: Path) -> State:
    """Everything published below `folder`: of tables that are done and of what goes out, not of what is on its way."""
    files: dict[str, str] = {}
    for manifest in folder.rglob(MANIFEST):
        table = manifest.parent
        if _is_aside(table.relative_to(folder)):
            continue
        files |= {str(one.relative_to(folder)): _digest(one) for one in table.rglob("*") if _counts(one)}
    for place in ("reports", "tags"):
        files |= {
            str(one.relative_to(folder)): _digest(one)
            for one in (folder / place).rglob("*")
            if _counts(one) and "data_docs" not in one.parts and not _is_aside(one.relative_to(folder))
        }
    marks = tuple(str(one.relative_to(folder)) for one in folder.rglob(BUILDING))
    return State(files, _rows(folder), marks)


def _is_aside(path: Path) -> bool:
    """In a folder that is on its way, or was left there."""
    return any(part.startswith(".") for part in path.parts)


def _counts(file: Path) -> bool:
    """Neither a mark, nor what is on its way or a stranger's."""
    return file.is_file() and not file.name.startswith(".") and not file.name.endswith("~") and file.name != BUILDING


def _digest(file: Path) -> str:
    body = file.read_bytes()
    if file.name == MANIFEST and b'"made_at"' in body:
        with suppress(ValueError):  # damaged: as it is
            told = json.loads(body)
            body = json.dumps({name: value for name, value in told.items() if name not in RAN}, sort_keys=True).encode()
    return hashlib.sha256(body).hexdigest()


def _rows(folder: Path) -> dict[str, tuple[int, int, int]]:
    store, found = Store(str(folder)), {}
    for address in store.addresses():
        if address.startswith("llava/"):
            continue
        try:
            n_kept, n_rejected = store.dataset(address).count_rows(), store.rejected(address).num_rows
        except Exception as error:  # what cannot be read is told as different, whatever the error
            found[address] = (str(error)[:80], -1, -1)
            continue
        found[address] = (store.manifest(address).n_in, n_kept, n_rejected)
    return found
