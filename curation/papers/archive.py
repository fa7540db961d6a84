"""What lies in a paper's archive or folder: regular files that stay inside it, and a reason for all else.

Nothing is written to disk. A member is taken by its name only; links, devices and names that lead outside are refused,
and the rest is still read. Sizes are bounded before a byte is kept, so a bomb ends at its limit.
"""

import io
import os
import stat
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any

from isal import igzip, igzip_lib

from curation.papers.paper import Limits, Reason, Refused
from schemas.trouble import in_one_line, pass_on

GZIP, TAR_BLOCK = b"\x1f\x8b", 512
SKIPPED_FOLDERS = (".git", "__MACOSX")
MOST_REFUSALS = 50  # told one by one; the rest is counted


class TooLargeError(ValueError):
    """More bytes than the limits allow."""


@dataclass
class Contents:
    """The files of a paper by their names, read when asked for; refusals in the order they came."""

    limits: Limits
    files: dict[str, bytes | Path] = field(default_factory=dict[str, "bytes | Path"])
    refused: list[Refused] = field(default_factory=list[Refused])
    n_refused: int = 0

    def read(self, name: str) -> bytes:
        """The bytes of a file. A file of a folder is opened without following a link."""
        found = self.files[name]
        if isinstance(found, bytes):
            return found
        with open(os.open(found, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            return file.read(self.limits.member_bytes)

    def refuse(self, reason: Reason, detail: str) -> None:
        """A member or the paper is not taken; `detail` is one line."""
        self.n_refused += 1
        if len(self.refused) < MOST_REFUSALS:
            self.refused.append(Refused(0, "", "", reason, detail))
        elif self.n_refused == MOST_REFUSALS + 1:
            self.refused.append(Refused(0, "", "", reason, f"{detail}; what else is refused is not told one by one"))


def contents_of(path: Path, limits: Limits) -> Contents:
    """What lies in a tar, a tar.gz, a .gz of one file, a folder, or a single file. Raises OSError of the disk alone."""
    contents = Contents(limits)
    if path.is_dir():
        _of_folder(path, contents)
        return contents
    if path.stat().st_size > limits.archive_bytes:
        size = path.stat().st_size
        contents.refuse("too-large", f"{path.name}: found {size} bytes, expected at most {limits.archive_bytes}")
        return contents
    with path.open("rb") as file:
        head = file.read(TAR_BLOCK)
        file.seek(0)
        try:
            if head.startswith(GZIP):
                _of_gzip(file, path, contents)
            else:
                _of_stream(file, path.name, contents)
        except TooLargeError as error:
            contents.refuse("too-large", f"{path.name}: {error}; what came before is kept")
        except (tarfile.TarError, EOFError, zlib.error, igzip_lib.error, ValueError, OverflowError, OSError) as error:
            pass_on(error)
            contents.refuse("broken-archive", f"{path.name}: {in_one_line(error)}; what came before is kept")
    return contents


class _Bounded(io.RawIOBase):
    """A stream that ends with TooLargeError after so many bytes, and tells whether it was the disk that failed."""

    def __init__(self, stream: IO[bytes] | Any, most_bytes: int) -> None:
        super().__init__()
        self.stream, self.left, self.most = stream, most_bytes, most_bytes

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(self.left + 1 if size < 0 else min(size, self.left + 1))
        self.left -= len(content)
        if self.left < 0:
            raise TooLargeError(f"unpacks to more than {self.most} bytes")
        return content


def _of_gzip(file: IO[bytes], path: Path, contents: Contents) -> None:
    with igzip.GzipFile(fileobj=file, mode="rb") as unpacked:
        name = path.name.removesuffix(".gz")
        _of_stream(_Bounded(unpacked, contents.limits.unpacked_bytes), name, contents)


def _of_stream(stream: IO[bytes] | _Bounded, name: str, contents: Contents) -> None:
    """A tar or one file, by its first block; nothing is read twice."""
    head = _block(stream)
    if not _is_tar(head):
        rest = stream.read(contents.limits.member_bytes - len(head) + 1)
        _keep(contents, _named(name, head), head + rest)
        return
    whole = _Bounded(_Joined(head, stream), contents.limits.unpacked_bytes)
    with tarfile.open(fileobj=whole, mode="r|", bufsize=1 << 16, errorlevel=0) as archive:  # type: ignore[call-overload]
        for n_members, member in enumerate(archive):
            archive.members = []  # type: ignore[attr-defined] # a stream needs no list of what is past
            if n_members >= contents.limits.members:
                most = contents.limits.members
                contents.refuse("too-many-members", f"{name}: more than {most} members; the rest is not read")
                return
            _member(archive, member, contents)


def _member(archive: tarfile.TarFile, member: tarfile.TarInfo, contents: Contents) -> None:
    if member.isdir():
        return
    inside = inside_name(member.name)
    told = _told(member.name)
    if inside is None:
        contents.refuse("path-outside", f"member {told} would lie outside of the paper's folder")
    elif member.issym() or member.islnk():
        contents.refuse("link-in-archive", f"member {told} is a link to {_told(member.linkname)}; only files are read")
    elif member.issparse() or not member.isreg():
        contents.refuse("device-in-archive", f"member {told} is no regular file; only files are read")
    elif member.size > contents.limits.member_bytes:
        most = contents.limits.member_bytes
        contents.refuse("too-large", f"member {told}: found {member.size} bytes, expected at most {most}")
    elif not _is_skipped(inside):
        stream = archive.extractfile(member)
        content = stream.read() if stream else b""
        if len(content) != member.size:
            raise EOFError(f"member {told} is cut: found {len(content)} of {member.size} bytes")
        contents.files[inside] = content


def inside_name(name: str) -> str | None:
    """The name of a member relative to the paper's folder; None for one that would leave it, or that is no name."""
    parts = name.replace("\\", "/").split("/")
    is_outside = name.startswith(("/", "\\")) or ".." in parts or ":" in parts[0] or "\0" in name
    inside = str(PurePosixPath(*[one for one in parts if one not in ("", ".")]))
    return None if is_outside or inside == "." else _readable(inside)


def _readable(name: str) -> str:
    """A name of bytes that are no UTF-8 as Latin letters, so that it can stand in a table."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogateescape").decode("latin-1")
    return name


def _keep(contents: Contents, name: str, content: bytes) -> None:
    if len(content) > contents.limits.member_bytes:
        raise TooLargeError(f"more than {contents.limits.member_bytes} bytes in one file")
    contents.files[name] = content


def _named(name: str, head: bytes) -> str:
    """A lone file gets the ending of what it is."""
    if head.startswith(b"%PDF"):
        return f"{Path(name).stem}.pdf"
    return name if head.startswith(b"%!PS") or name.lower().endswith(".tex") else f"{name}.tex"


def _is_tar(head: bytes) -> bool:
    """By the checksum of the first header, which tars older than the magic word have too."""
    if len(head) < TAR_BLOCK:
        return False
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _block(stream: IO[bytes] | _Bounded) -> bytes:
    head = b""
    while len(head) < TAR_BLOCK and (more := stream.read(TAR_BLOCK - len(head))):
        head += more
    return head


class _Joined(io.RawIOBase):
    """What was read already, then the rest."""

    def __init__(self, head: bytes, rest: IO[bytes] | _Bounded) -> None:
        super().__init__()
        self.head, self.rest = head, rest

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        if not self.head:
            return self.rest.read(size)
        content, self.head = (self.head, b"") if size < 0 else (self.head[:size], self.head[size:])
        return content


def _of_folder(folder: Path, contents: Contents) -> None:
    n_bytes = 0
    for n_members, (name, entry) in enumerate(_entries(folder, folder)):
        if n_members >= contents.limits.members:
            most = contents.limits.members
            contents.refuse("too-many-members", f"{folder.name}: more than {most} files; the rest is not read")
            return
        facts = entry.stat(follow_symlinks=False)
        if stat.S_ISLNK(facts.st_mode):
            contents.refuse("link-in-archive", f"{_told(name)} is a link; only files are read")
        elif not stat.S_ISREG(facts.st_mode):
            contents.refuse("device-in-archive", f"{_told(name)} is no regular file; only files are read")
        elif facts.st_size > contents.limits.member_bytes:
            most = contents.limits.member_bytes
            contents.refuse("too-large", f"{_told(name)}: found {facts.st_size} bytes, expected at most {most}")
        else:
            n_bytes += facts.st_size
            if n_bytes > contents.limits.unpacked_bytes:
                most = contents.limits.unpacked_bytes
                contents.refuse("too-large", f"{folder.name}: more than {most} bytes; the rest is not read")
                return
            contents.files[_readable(name)] = Path(entry.path)


def _entries(folder: Path, root: Path) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """All that is no folder, by name; a link to a folder is not followed."""
    with os.scandir(folder) as found:
        for entry in sorted(found, key=lambda one: one.name):
            name = Path(entry.path).relative_to(root).as_posix()
            if _is_skipped(name):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _entries(Path(entry.path), root)
            else:
                yield name, entry


def _is_skipped(name: str) -> bool:
    """What file managers and version control leave behind."""
    parts = name.split("/")
    return parts[-1].startswith("._") or any(one in SKIPPED_FOLDERS for one in parts)


def _told(name: str) -> str:
    """A name from outside, for one line."""
    return ascii(name[:200])
