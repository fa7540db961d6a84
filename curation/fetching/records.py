"""What was fetched, from where and on which terms: `fetched/LIST.json` in the raw folder, a row a file.

Written anew after each file, whole or not at all. `why` and `release` find a file here by what is in it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from catalogs.archive import Archive
from catalogs.catalog import catalogs
from schemas.errors import StoreError

FOLDER = "fetched"


@dataclass(frozen=True)
class Fetched:
    """A file that came whole."""

    path: str
    """Relative to the raw folder."""
    n_bytes: int
    sha256: str
    url: str
    """As the list has it."""
    came_from: str
    """Where redirects led."""
    etag: str
    last_modified: str
    fetched_at: str
    mtime_ns: int
    archive: str = ""
    title: str = ""
    licence: str = ""
    cite: str = ""

    @property
    def line(self) -> str:
        """Where from, for people."""
        return f"{self.url} ({self.archive}, {self.fetched_at[:10]}); {self.licence}"

    @property
    def published(self) -> dict[str, Any]:
        """What others may know of it: nothing of the machine that it came to."""
        return {name: value for name, value in asdict(self).items() if name != "mtime_ns"}


class Records:
    """The records of one list."""

    def __init__(self, raw: Path, archive: Archive) -> None:
        """Raises StoreError for a file that is no record."""
        self.file, self.archive = raw / FOLDER / f"{archive.name}.json", archive
        self.rows = {one.path: one for one in _read(self.file)} if self.file.exists() else {}

    @property
    def is_first(self) -> bool:
        """Whether nothing of this list was fetched before."""
        return not self.rows

    def add(self, one: Fetched) -> None:
        """Keep a row, and all of them on disk."""
        archive = self.archive
        told = {"archive": archive.name, "title": archive.title, "licence": archive.licence, "cite": archive.cite}
        self.rows[one.path] = replace(one, **told)
        self.file.parent.mkdir(parents=True, exist_ok=True)
        aside = self.file.with_name(f".{self.file.name}.{uuid4().hex}")
        rows = [asdict(self.rows[path]) for path in sorted(self.rows)]
        aside.write_text(json.dumps({"files": rows}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(self.file)


def fetched_by_digest(raw: Path) -> Mapping[str, Fetched]:
    """Every file that any list brought, by its SHA-256."""
    return {one.sha256: one for file in sorted((raw / FOLDER).glob("*.json")) for one in _read(file)}


def fetched_in(found: Any, raw: Path) -> list[Fetched]:
    """Of a chain that `why` tells, the files that a list brought: by the digests in it, and the catalogues it names."""
    by_digest = fetched_by_digest(raw)
    by_path = {one.path: one for one in by_digest.values()}
    known = catalogs()
    said = set(_said(found))
    files = {known[one].file for one in said if one in known}
    hits = [by_digest[one] for one in said if one in by_digest] + [by_path[one] for one in files if one in by_path]
    return sorted(set(hits), key=lambda one: one.path)


def _said(found: Any) -> Iterator[str]:
    """Every text in a tree of plain values."""
    if isinstance(found, str):
        yield found
    elif isinstance(found, Mapping):
        yield from (text for one in found.values() for text in _said(one))
    elif isinstance(found, list | tuple):
        yield from (text for one in found for text in _said(one))


def _read(file: Path) -> list[Fetched]:
    try:
        return [Fetched(**one) for one in json.loads(file.read_text(encoding="utf-8"))["files"]]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{file}: no record of what was fetched: {error}; move it away and fetch again") from None
