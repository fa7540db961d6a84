"""Catalogues inside archives: a table in a tar, and the names in a zip. Nothing is ever unpacked to disk."""

import io
import re
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pyarrow as pa

from catalogs.formats.tables import MOST_BYTES, RawTable, check_plain, read_bytes, unzipped
from schemas.errors import CatalogError

BLOCK = 512


def read_body(path: Path, member: str | None = None) -> bytes:
    """A table's bytes: of the file, or of its `member` where the file is a tar; gzip is unzipped either way.

    What a file is, is told by its content: a `.tgz` opened as gzip would give a table that begins with a tar header.
    """
    body = read_bytes(path)
    if not _is_tar(body):
        if member is not None:
            raise CatalogError(f"{path}: not a tar archive, expected one with the member {member!r}; drop `member`")
        return body
    with tarfile.open(fileobj=io.BytesIO(body), mode="r:") as tar:
        inside = {one.name: one for one in tar if one.isreg()}
        listed = ", ".join(f"{one.name} ({one.size} bytes)" for one in inside.values()) or "no files"
        if member is None:
            raise CatalogError(f"{path}: a tar archive, expected a table; set `member` to one of: {listed}")
        if member not in inside:
            raise CatalogError(f"{path}: a tar archive without {member!r}; it holds: {listed}")
        if inside[member].size > MOST_BYTES:
            raise CatalogError(f"{path}: {member} is larger than {MOST_BYTES} bytes, expected a table")
        stream = tar.extractfile(inside[member])
        found = b"" if stream is None else stream.read(MOST_BYTES + 1)
    if len(found) != inside[member].size or not found:
        raise CatalogError(f"{path}: {member}: found {len(found)} bytes, expected {inside[member].size} and some")
    return unzipped(found, f"{path}: {member}")


def read_names(path: Path, member: str, pattern: str) -> RawTable:
    """The names of a zip's files that fit the glob `member`; columns are the named groups of `pattern`, all text.

    A name that fits the glob but not the pattern is a ragged row. Rows stand in the order of the zip's directory.
    """
    try:
        check_plain(path)
        with zipfile.ZipFile(path) as archive:
            names = [one.filename for one in archive.infolist() if not one.is_dir()]
    except FileNotFoundError:
        raise CatalogError(f"{path}: no such file") from None
    except (OSError, zipfile.BadZipFile) as error:
        raise CatalogError(f"{path}: not a zip archive: {error}") from error
    chosen = [name for name in names if PurePosixPath(name).match(member)]
    if not chosen:
        raise CatalogError(f"{path}: none of its {len(names)} files fits `member` {member!r}; first: {names[:3]}")
    found = [re.fullmatch(pattern, name) for name in chosen]
    ragged = {
        index: f"found {name!r}, expected a name that fits {pattern!r}"
        for index, (name, one) in enumerate(zip(chosen, found, strict=True))
        if one is None
    }
    groups = list(re.compile(pattern).groupindex)
    columns = {group: pa.array([one[group] for one in found if one], pa.string()) for group in groups}
    row = np.array([index for index in range(len(chosen)) if index not in ragged], np.int64)
    return RawTable(columns, dict.fromkeys(groups, "text"), dict.fromkeys(groups, ""), row, ragged, len(chosen))


def _is_tar(body: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(body[:BLOCK], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
