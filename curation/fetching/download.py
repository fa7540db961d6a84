"""One file from an archive: under its name only when it is whole and right, and from where it stopped after a kill.

What has come lies in `.NAME.part` beside its place, with `.NAME.part.json`: from where, and which version (ETag, or day
of change). It goes on with a range only if the archive says by If-Range that the file is still that one.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import httpx
from tqdm import tqdm

from curation.fetching.form import trouble_of
from curation.fetching.line import AgainError, Line, Waits
from curation.fetching.records import Fetched, Records
from curation.fetching.wanted import Wanted
from schemas.errors import FetchError
from schemas.fingerprint import sha256_of

RESERVE_BYTES = 256 << 20  # that a disk keeps free
LOOKED_AFTER_BYTES = 64 << 20
RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")
_TOTAL = re.compile(r"bytes \*/(\d{1,18})")


class _WrongError(Exception):
    """All came, and it is not the file."""


@dataclass
class _Version:
    """Which version of a file has come in part."""

    url: str
    etag: str = ""
    last_modified: str = ""
    n_total: int | None = None
    came_from: str = field(default="", compare=False)

    @property
    def condition(self) -> str:
        """What If-Range compares; empty: nothing can be compared. A weak ETag says nothing of bytes."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


def is_here(one: Wanted, raw: Path, records: Records) -> bool:
    """Whether the file lies at its place, as it was recorded or as the list says it is.

    Raises FetchError where another file lies there: nothing is ever written over.
    """
    place, known = raw / one.path, records.rows.get(one.path)
    if not place.exists():
        return False
    found = place.stat()
    if known and (found.st_size, found.st_mtime_ns) == (known.n_bytes, known.mtime_ns):
        if one.sha256 in (None, known.sha256):
            return True
        raise FetchError(f"{place}: was fetched from {known.url}, and the list means another version; move it away")
    digest = sha256_of(place)
    if (known and digest == known.sha256) or (one.sha256 and digest == one.sha256):
        records.add(_record(one, place, _Version(one.url, came_from=one.url), digest))
        return True
    expected = one.sha256 or (known.sha256 if known else None)
    told = f"SHA-256 {digest[:12]}…, expected {expected[:12]}…" if expected else "and nobody knows where from"
    raise FetchError(f"{place}: is there already, {told}; move it away to have it fetched")


def download(one: Wanted, raw: Path, line: Line, records: Records) -> Fetched:
    """Fetch a file to its place, and record it. Raises FetchError; what has come then waits for the next try."""
    place = raw / one.path
    place.parent.mkdir(parents=True, exist_ok=True)
    with _part(place) as (part, marks):
        version, digest = _fetched(one, part, marks, line)
        Path(part.name).replace(place)
        _sync(place.parent)
        marks.unlink(missing_ok=True)
    found = _record(one, place, version, digest)
    records.add(found)
    return found


@contextmanager
def _part(place: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """The file of what has come, ours alone, and the one that says what it is. Raises FetchError."""
    name = place.with_name(f".{place.name}.part")
    with name.open("ab") as part:
        try:
            fcntl.flock(part, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FetchError(f"{place}: another process fetches it") from None
        if not name.exists() or not os.path.samestat(name.stat(), os.fstat(part.fileno())):
            raise FetchError(f"{place}: another process has just fetched it; run the same command again")
        marks = name.with_name(f"{name.name}.json")
        try:
            yield part, marks
        finally:
            if name.exists() and not part.tell():  # nothing came
                marks.unlink(missing_ok=True)
                name.unlink()


def _fetched(one: Wanted, part: BinaryIO, marks: Path, line: Line) -> tuple[_Version, str]:
    """Fill the part until it is the file; gives its SHA-256, too. Raises FetchError."""
    waits, n_wrong = Waits(line), 0
    while True:
        before = part.tell()
        try:
            version = _asked(one, part, marks, line)
            digest = _checked(one, part)
        except AgainError as error:
            if part.tell() > before:
                waits.gained()
            waits.wait(error)
        except _WrongError as error:
            _emptied(part, marks)
            n_wrong += 1
            line.say(f"{one.path}: {error}")
            if n_wrong > 1:
                raise FetchError(f"{one.url}: {error}, twice; nothing is kept of it") from None
        else:
            return version, digest


def _asked(one: Wanted, part: BinaryIO, marks: Path, line: Line) -> _Version:
    """Ask for what is missing, and take what comes. Raises AgainError, FetchError and _WrongError."""
    known = _read_version(marks)
    may_go_on = known is not None and known.url == one.url and bool(known.condition or one.sha256 or one.md5)
    if not may_go_on or known is None:
        _emptied(part, marks)
        known = None
    have = part.tell()
    if known and known.n_total == have and have:
        return known
    asks = {"Range": f"bytes={have}-"} if have else {}
    if have and known and known.condition:
        asks["If-Range"] = known.condition
    with line.asked(one.url, asks) as answer:
        version = _version(one, answer, have)
        if answer.status_code == 416:  # noqa: PLR2004 - nothing lies behind what has come
            return _at_the_end(known, part, marks, answer)
        if answer.status_code == 200 or (known and _differs(known, version)):  # noqa: PLR2004
            if answer.status_code != 200:  # noqa: PLR2004 - a range of another version, If-Range or not
                _emptied(part, marks)
                raise AgainError(f"{answer.url.host}: the file has changed there; it is fetched from its beginning")
            _emptied(part, marks)
        _write_version(marks, version)
        _taken(part, answer, line, version.n_total or one.n_bytes)
        if version.n_total is not None and part.tell() < version.n_total:
            raise AgainError(f"{answer.url.host}: ends after {part.tell():,} of {version.n_total:,} bytes")
    return version


def _version(one: Wanted, answer: httpx.Response, have: int) -> _Version:
    """What an answer is of. Raises FetchError and AgainError where its sizes cannot be."""
    host, heads = answer.url.host, answer.headers
    if packed := heads.get("Content-Encoding", "").lower().replace("identity", ""):
        is_own = packed in ("gzip", "x-gzip") and one.path.endswith((".gz", ".tgz"))  # some servers call the file so
        if not is_own:
            raise FetchError(f"{host}: sends {one.path} packed by {packed:.20}, and was asked for it as it is")
    length = heads.get("Content-Length", "")
    n_total = int(length) if length.isascii() and length.isdigit() and len(length) < 19 else None  # noqa: PLR2004
    if answer.status_code == 206:  # noqa: PLR2004
        found = RANGE.fullmatch(heads.get("Content-Range", "").strip())
        if not found or int(found[1]) != have:
            raise AgainError(
                f"{host}: was asked for bytes from {have:,} on, and sends {heads.get('Content-Range')!r:.80}"
            )
        n_total = None if found[3] == "*" else int(found[3])
    if n_total is not None and one.n_bytes is not None and n_total != one.n_bytes and answer.status_code != 416:  # noqa: PLR2004
        raise FetchError(f"{one.url}: is {n_total:,} bytes long there, the list says {one.n_bytes:,}: another file")
    is_open = n_total is None and answer.status_code == 200 and "chunked" not in heads.get("Transfer-Encoding", "")  # noqa: PLR2004
    if is_open and not (one.sha256 or one.n_bytes):
        raise FetchError(f"{one.url}: nobody says how long it is, so that nobody could tell whether all of it came")
    return _Version(one.url, heads.get("ETag", ""), heads.get("Last-Modified", ""), n_total, str(answer.url))


def _differs(known: _Version, now: _Version) -> bool:
    pairs = ((known.etag, now.etag), (known.last_modified, now.last_modified), (known.n_total, now.n_total))
    return any(a and b and a != b for a, b in pairs)


def _at_the_end(known: _Version | None, part: BinaryIO, marks: Path, answer: httpx.Response) -> _Version:
    """Nothing lies behind what has come: that is all, or the file is another one."""
    total = _TOTAL.fullmatch(answer.headers.get("Content-Range", "").strip())
    if known and total and int(total[1]) == part.tell():
        return known
    _emptied(part, marks)
    raise AgainError(f"{answer.url.host}: the file is shorter there than before; it is fetched from its beginning")


def _taken(part: BinaryIO, answer: httpx.Response, line: Line, n_total: int | None) -> None:
    """Write what comes. Raises FetchError before a disk is full, and _WrongError where more comes than there is."""
    folder = Path(part.name).parent
    _check_room(folder, (n_total or 0) - part.tell())
    unseen = 0
    on_a_terminal = {"disable": None, "leave": False, "unit": "B", "unit_scale": True}
    bar = tqdm(initial=part.tell(), total=n_total, **on_a_terminal)
    try:
        for piece in line.parts(answer):
            if n_total is not None and part.tell() + len(piece) > n_total:
                raise _WrongError(f"more than the {n_total:,} bytes that it has")
            part.write(piece)
            bar.update(len(piece))
            unseen += len(piece)
            if n_total is None and unseen > LOOKED_AFTER_BYTES:
                unseen = 0
                _check_room(folder, LOOKED_AFTER_BYTES)
    finally:
        bar.close()
        part.flush()


def _check_room(folder: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < n_bytes + RESERVE_BYTES:
        told = f"{n_bytes / 1e9:.2f} GB are to come, {free / 1e9:.2f} GB are free"
        raise FetchError(f"{folder}: {told}, and {RESERVE_BYTES / 1e9:.2f} GB stay free; make room")


def _checked(one: Wanted, part: BinaryIO) -> str:
    """The SHA-256 of what came. Raises _WrongError where it is not the file."""
    name = Path(part.name)
    if one.n_bytes is not None and part.tell() != one.n_bytes:
        raise _WrongError(f"{part.tell():,} bytes came, the list says {one.n_bytes:,}")
    sha256 = sha256_of(name)
    for kind, expected, found in (("SHA256", one.sha256, sha256), ("MD5", one.md5, one.md5 and _md5(name))):
        if expected and found != expected:
            raise _WrongError(f"{kind} {str(found)[:12]}… came, the list says {expected[:12]}…")
    if trouble := trouble_of(name, one.path):
        raise _WrongError(trouble)
    os.fsync(part.fileno())
    return sha256


def _md5(file: Path) -> str:
    with file.open("rb") as found:
        return hashlib.file_digest(found, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _emptied(part: BinaryIO, marks: Path) -> None:
    marks.unlink(missing_ok=True)
    part.truncate(0)
    part.seek(0)


def _read_version(marks: Path) -> _Version | None:
    try:
        return _Version(**json.loads(marks.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write_version(marks: Path, version: _Version) -> None:
    aside = marks.with_name(f"{marks.name}.new")
    aside.write_text(json.dumps(asdict(version)), encoding="utf-8")
    aside.replace(marks)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _record(one: Wanted, place: Path, version: _Version, digest: str) -> Fetched:
    found = place.stat()
    return Fetched(
        one.path, found.st_size, digest, one.url, version.came_from or one.url, version.etag, version.last_modified,
        datetime.now(UTC).isoformat(timespec="seconds"), found.st_mtime_ns,
    )  # fmt: skip
