"""Whether an image file is still the one that its index was made of: a build may take days, and places are shared."""

import stat
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from curation.engine.objects import AnyPath, ObjectPath
from curation.pictures.cards import ImageError
from schemas.errors import CatalogError
from schemas.fingerprint import sha256_of

Stamp = tuple[int, int, int | str]
"""Bytes, when the content last changed (mtime, ns), and what nobody can set back: ctime, ns; of an object its ETag."""
Stamps = Mapping[str, Stamp]
"""The stamp of each image whose content is known, by name."""


def stamp_of(path: AnyPath) -> Stamp:
    """The file's stamp. Raises ImageError for a pipe, a device or a folder, whose reading might never end."""
    if isinstance(path, ObjectPath):
        return path.stamp()
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise ImageError("not-a-file", "found a folder, a pipe, a socket or a device, expected a plain file")
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def last_stamp_of(path: AnyPath) -> Stamp:
    """The same; of an object as the store told it last, which spares a request: `unchanged` asks anew at its end."""
    return path.last_stamp() if isinstance(path, ObjectPath) else stamp_of(path)


def stamps_of(digests: Mapping[str, Sequence[Any]], names: Sequence[str]) -> Stamps:
    """The stamps of these images, from what `find_files` keeps: [size, mtime_ns, sha256, ctime_ns] by name."""
    return {name: (one[0], one[1], one[3]) for name in names if (one := digests.get(name))}


def digest_of(path: AnyPath) -> str:
    """SHA-256 of the file's bytes, in hex. Raises OSError; of an object store StoreError."""
    return path.sha256() if isinstance(path, ObjectPath) else sha256_of(path)


@contextmanager
def unchanged(path: AnyPath, sha256: str, known: Stamp | None) -> Generator[None]:
    """Hold a file to its digest, before it is read in this block and after.

    A file that has its known stamp is not read for that; another one is, once for each stamp and process. Raises
    CatalogError for other content: what was read is not to be used.
    """
    before = _checked(last_stamp_of, path)
    if before != known and isinstance(path, ObjectPath):
        before = path.stamp()
    if before != known and _digest(path, before) != sha256:
        raise CatalogError(
            f"{path}: not the file it was when it was indexed (now {before[0]} bytes, and another SHA-256); "
            "run `build` again, it will notice"
        )
    yield
    if _checked(stamp_of, path) != before:
        raise CatalogError(f"{path}: changed while it was read; run `build` again, it will notice")


def _checked(look: Callable[[AnyPath], Stamp], path: AnyPath) -> Stamp:
    try:
        return look(path)
    except ImageError as error:
        raise CatalogError(f"{path}: {error}; it was a plain file when it was indexed") from error


@lru_cache(maxsize=100_000)
def _digest(path: AnyPath, stamp: Stamp) -> str:
    del stamp  # as long as it stays, so does the content
    return digest_of(path)
