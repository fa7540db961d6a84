"""Images on an object store, read by ranges: a path that stands where one of a disk does.

Every request is one that pyarrow makes, tried again with patience; what stays is a StoreError, the machine's trouble.
"""

import errno
import hashlib
import io
import posixpath
import tempfile
from collections import OrderedDict, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Protocol, cast

import pyarrow.fs as pafs

from curation.engine.files import patiently
from curation.engine.store import Store
from schemas.addresses import shown
from schemas.errors import RecipeError, StoreError
from schemas.trouble import in_one_line

GAP = 2**16  # bytes that are read along rather than asked around: a request costs more than they do
MOST_AT_ONCE = 2**20  # bytes of a request, about
IN_FLIGHT = 16  # requests of a process at a time
AHEAD = 2**16  # bytes that are read from where a stream is asked for fewer
MOST_REMEMBERED = 10_000  # objects that a process remembers the size and place of
MOST_FETCHED = 2  # objects that lie whole in the folder for scratch files
Stamp = tuple[int, int, str]
"""Bytes, when it was last modified, in ns, and its ETag."""
Ranges = Sequence[tuple[int, int]]
"""First byte, and the byte behind the last, of each."""


@dataclass(frozen=True)
class ObjectPath:
    """A file of an object store, or the folder that files are named in."""

    address: str
    """Of the folder, as `Store` opens it: with options, without keys."""
    name: str = ""
    """Relative to the folder; empty: the folder."""

    def __truediv__(self, name: str) -> "ObjectPath":
        return ObjectPath(self.address, posixpath.join(self.name, name))

    def __str__(self) -> str:
        return posixpath.join(shown(self.address), self.name).rstrip("/")

    def stamp(self) -> Stamp:
        """What the store says of the object now. Raises GoneError where it is not there."""
        _SEEN.pop(self, None)
        return self._seen()[0]

    def last_stamp(self) -> Stamp:
        """What the store said last: asked only where this process has not asked yet."""
        return self._seen()[0]

    def open(self, mode: str = "rb") -> io.BufferedReader:
        """The object as a stream."""
        if mode != "rb":
            raise ValueError(f"mode {mode!r}: images of an object store are read only")
        return io.BufferedReader(ObjectStream(self), AHEAD)

    def read(self, start: int, n_bytes: int) -> bytes:
        """So many bytes from one on; one request. Raises StoreError where they do not come."""
        _, file = self._seen()

        def read() -> bytes:
            found = file.read_at(n_bytes, start)
            if len(found) < n_bytes:
                raise OSError(errno.EIO, f"{len(found)} of {n_bytes} bytes came", str(self))
            return found

        try:
            return patiently(read, f"read {self}")
        except StoreError:
            _SEEN.pop(self, None)  # it may be another object by now
            raise

    def pieces(self, wanted: Ranges) -> Iterator[tuple[int, bytes]]:
        """Bytes that hold all the ranges, with their places in the object: a few requests at a time, in order.

        `wanted` in the order of their first bytes. A range is whole in one piece. What is between two that are near
        comes along.
        """
        running = deque[tuple[int, Future[bytes]]]()
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            for start, end in together(wanted):
                running.append((start, pool.submit(self.read, start, end - start)))
                if len(running) >= IN_FLIGHT:
                    first, body = running.popleft()
                    yield first, body.result()
            for first, body in running:
                yield first, body.result()

    def whole(self) -> Iterator[bytes]:
        """All bytes, in order."""
        n_bytes = self.last_stamp()[0]
        ranges = [(at, min(at + MOST_AT_ONCE, n_bytes)) for at in range(0, n_bytes, MOST_AT_ONCE)]
        return (body for _, body in self.pieces(ranges))

    def sha256(self) -> str:
        """SHA-256 of its bytes, in hex: pyarrow does not tell the one that a store may keep."""
        digest = hashlib.sha256()
        for body in self.whole():
            digest.update(body)
        return digest.hexdigest()

    def matching(self, patterns: Sequence[str]) -> dict[str, bool]:
        """Names below the folder that match any of the patterns, as `Path.glob` does, and whether each is a folder."""
        store, found = _store(self.address), dict[str, bool]()
        for pattern in patterns:
            parts = pattern.split("/")
            n_plain = next((n for n, one in enumerate(parts) if _is_wild(one)), len(parts) - 1)
            folder, left = posixpath.join(self.name, *parts[:n_plain]), parts[n_plain:]
            below = store.below(folder, recursive=len(left) > 1 or left == ["**"])
            for info in below:
                name = store.name_of(info)
                if _matches(name.split("/"), parts):
                    found[name] = info.type == pafs.FileType.Directory
        return found

    def _seen(self) -> "tuple[Stamp, _Ranged]":
        found = _SEEN.get(self)
        if found is None:
            found = _SEEN[self] = patiently(self._look, f"read {self}")
            while len(_SEEN) > MOST_REMEMBERED:
                _SEEN.popitem(last=False)
        return found

    def _look(self) -> "tuple[Stamp, _Ranged]":
        store = _store(self.address)
        file = store.files.open_input_file(store.path(self.name))
        told = {key.lower(): value.decode("latin-1") for key, value in cast(Any, file).metadata().items()}
        modified = datetime.fromisoformat(told["last-modified"]) if "last-modified" in told else None
        modified_ns = int(modified.timestamp()) * 10**9 if modified else 0  # stores tell seconds
        return (file.size(), modified_ns, told.get("etag", "")), cast("_Ranged", file)


AnyPath = Path | ObjectPath
"""A file or folder of images: of a disk, or of an object store."""


class _Ranged(Protocol):
    """What is asked of pyarrow's file, by several threads at a time."""

    def read_at(self, nbytes: int, offset: int) -> bytes: ...


_SEEN = OrderedDict[ObjectPath, tuple[Stamp, _Ranged]]()


@dataclass
class Held:
    """Pieces of an object that streams of it are served from: some that stay, and those of one window."""

    head: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    pieces: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])

    def at(self, start: int, n_bytes: int) -> bytes | None:
        """Some bytes from there on, as many as one piece has; None: they are not held."""
        for first, body in (*self.head, *self.pieces):
            if first <= start < first + len(body):
                return body[start - first : start - first + n_bytes]
        return None


class ObjectStream(io.RawIOBase):
    """An object as a file that is read from any place on; what is not `held` is asked for."""

    def __init__(self, path: ObjectPath, held: Held | None = None) -> None:
        super().__init__()
        self._path, self._held, self._at, self._n_bytes = path, held or Held(), 0, path.last_stamp()[0]

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The byte that is read next."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte, which may be behind the end."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._n_bytes}[whence]
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """As many bytes as there is room for; fewer at the end."""
        n_bytes, done = max(0, min(len(buffer), self._n_bytes - self._at)), 0
        while done < n_bytes:
            body = self._held.at(self._at, n_bytes - done) or self._path.read(self._at, n_bytes - done)
            buffer[done : done + len(body)] = body
            self._at, done = self._at + len(body), done + len(body)
        return n_bytes


def open_images(address: str) -> AnyPath:
    """The folder of images at a path or an address, whether or not it is there. Raises RecipeError."""
    try:
        store = Store(address)
    except StoreError as error:
        told = in_one_line(error.__cause__ or error)
        raise RecipeError(f"--images {shown(address)}: {told}; expected a folder or s3://bucket/folder") from error
    return Path(store.root) if store.is_local else ObjectPath(store.where)


def stamps_now(paths: Sequence[ObjectPath]) -> list[Stamp]:
    """What the store says of each object now; several are asked for at a time."""
    with ThreadPoolExecutor(IN_FLIGHT) as pool:
        return list(pool.map(ObjectPath.stamp, paths))


def together(wanted: Ranges) -> Iterator[tuple[int, int]]:
    """Ranges that hold all those, which are in the order of their first bytes: near ones as one, none too long."""
    found: tuple[int, int] | None = None
    for start, end in wanted:
        if found and (end <= found[1] or (start <= found[1] + GAP and end - found[0] <= MOST_AT_ONCE)):
            found = found[0], max(found[1], end)
        else:
            if found:
                yield found
            found = start, end
    if found:
        yield found


def fetched(path: AnyPath) -> Path:
    """The file on this machine's disk: of an object a copy, fetched whole; the last few of a process stay."""
    return path if isinstance(path, Path) else Path(_fetched(path, path.last_stamp()).name)


@lru_cache(maxsize=MOST_FETCHED)
def _fetched(path: ObjectPath, stamp: Stamp) -> Any:
    del stamp  # as long as it stays, so does the content
    scratch = tempfile.NamedTemporaryFile(prefix="radio-corpus-")  # noqa: SIM115 -- is there as long as it is cached
    for body in path.whole():
        scratch.write(body)
    scratch.flush()
    return scratch


@cache
def _store(address: str) -> Store:
    return Store(address)


def _is_wild(part: str) -> bool:
    return any(one in part for one in "*?[")


def _matches(names: Sequence[str], patterns: Sequence[str]) -> bool:
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(_matches(names[n:], patterns[1:]) for n in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], patterns[0]) and _matches(names[1:], patterns[1:])
