"""Folders that are whole or absent, and files that say their own digest.

A folder is written under a name of its own, holds a manifest of every file and digest, is read back against it, and is
then renamed. One builder at a time publishes under a name; what is there but not whole counts as absent.
"""

import errno
import fcntl
import hashlib
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from schemas.errors import DamageError, StoreError
from schemas.fingerprint import sha256_of

MANIFEST = "_manifest.json"
DIGEST = "sha256"
LOOK_S, TOLD_S = 0.2, 60.0  # between looks at a name that another one holds, and between words of it
N_SWAPS = 100
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)


def sealed(said: Mapping[str, Any]) -> bytes:
    """JSON for people that carries the SHA-256 of all else that it says; equal words give equal bytes."""
    bare = {key: value for key, value in said.items() if key != DIGEST}
    body = _json(bare)
    after = next((key for key in sorted(bare) if key > DIGEST), None)
    line = b'\n "%s": "%s"' % (DIGEST.encode(), hashlib.sha256(body).hexdigest().encode())
    if after is not None:
        at = body.index(b"\n %s: " % json.dumps(after, ensure_ascii=False).encode())
        return body[:at] + line + b"," + body[at:]
    return body.removesuffix(b"\n}\n").removesuffix(b"}\n") + (b"," if bare else b"") + line + b"\n}\n"


def is_sealed(body: bytes) -> bool:
    """Whether the bytes are those that `sealed` gave: all but the line of the digest have that digest."""
    found = list(_DIGEST_LINE.finditer(body))
    if len(found) != 1:
        return False
    before, after = body[: found[0].start()], body[found[0].end() :]
    if found[0][2]:
        bare = before + after
    elif after != b"\n}\n":
        return False
    else:
        bare = b"{}\n" if before == b"{" else before.removesuffix(b",") + after
    return hashlib.sha256(bare).hexdigest().encode() == found[0][1]


_DIGEST_LINE = re.compile(rb'\n "%s": "([0-9a-f]{64})"(,?)(?=\n)' % DIGEST.encode())


def unsealed(body: bytes, where: object) -> dict[str, Any]:
    """What a sealed file says, its digest included. Raises DamageError when a bit of it is not as it was written."""
    try:
        said = json.loads(body)
        is_its = isinstance(said, dict) and (is_sealed(body) or body.removesuffix(b"\n") == _of_before(said))
    except ValueError as error:
        raise DamageError(f"{where}: damaged: not JSON ({error})") from None
    if not is_its:
        raise DamageError(f"{where}: damaged: it is not what its own digest says")
    return said


def _of_before(said: dict[str, Any]) -> bytes | None:
    """The bytes of a file written before files carried their digest, all on one line; such are read unverified."""
    return None if DIGEST in said else json.dumps(said, sort_keys=True).encode()


def write_manifest(folder: Path, said: Mapping[str, Any]) -> dict[str, Any]:
    """Write `_manifest.json` of a folder: what is said, and the size and digest of every file in it."""
    manifest = {**said, "files": entries(folder)}
    body = sealed(manifest)
    (folder / MANIFEST).write_bytes(body)
    return json.loads(body)


def entries(folder: Path) -> dict[str, dict[str, Any]]:
    """`n_bytes` and `sha256` of every file of a folder by its path in it, but of the folder's own manifest."""
    return {name: _entry(folder / name) for name in _names(folder)}


def read_manifest(folder: Path) -> dict[str, Any]:
    """What a folder's manifest says. Raises StoreError where it is not there or damaged."""
    try:
        said = unsealed((folder / MANIFEST).read_bytes(), folder / MANIFEST)
    except OSError as error:
        raise StoreError(f"{folder / MANIFEST}: cannot be read: {error.strerror}") from None
    if not isinstance(said.get("files"), dict):
        raise DamageError(f"{folder / MANIFEST}: damaged: it lists no files")
    return said


def folder_problems(folder: Path, *, quick: bool = False) -> list[str]:
    """What is wrong with a folder against its manifest, a line each. `quick`: sizes alone, no digests."""
    try:
        listed: dict[str, dict[str, Any]] = read_manifest(folder)["files"]
    except StoreError as error:
        return [str(error)]
    there = set(_names(folder))
    found = [f"{folder / name}: not in the manifest" for name in sorted(there - listed.keys())]
    with ThreadPoolExecutor() as pool:
        told = pool.map(lambda name: _file_problem(folder / name, listed[name], quick), sorted(listed))
    return found + [line for line in told if line]


def is_whole(folder: Path) -> bool:
    """Whether a folder is there with every file of its manifest, each of its size, and no other."""
    return not folder_problems(folder, quick=True)


def check_free(out: Path) -> None:
    """Raise StoreError where something stands under the name already, but for an empty folder."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise StoreError(f"{out}: there is something already; choose another folder, or empty this one")


@contextmanager
def published(out: Path, said: Mapping[str, Any]) -> Generator[Path]:
    """A folder to fill. At the end it gets a manifest, is read back against it, and takes the name `out`.

    What stood there is replaced. When anything fails nothing is left. Raises StoreError for what the disk refuses.
    """
    aside = out.with_name(f".{out.name}.{uuid4().hex}.aside")
    try:
        aside.mkdir(parents=True)
        yield aside
        write_manifest(aside, said)
        os.sync()  # one for all: a file each would take minutes for a million pictures
        if problems := folder_problems(aside):
            raise StoreError(f"{out}: not published, it did not come out as it was written: {problems[0]}")
        swap(aside, out)
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def swap(aside: Path, out: Path) -> None:
    """Let a finished folder appear under its name; the one that stood there goes when the new one is there."""
    old = out.with_name(f".{out.name}.{uuid4().hex}.old")
    for _ in range(N_SWAPS):
        try:
            aside.rename(out)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                raise
            _put_away(out, old)
        else:
            shutil.rmtree(old, ignore_errors=True)
            return
    raise StoreError(f"{out}: others publish there without end")


def _put_away(out: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    try:
        out.rename(old)
    except FileNotFoundError:  # another builder has just put it away
        return


def left_beside(out: Path) -> list[Path]:
    """What stands beside `out` that is on its way there, or that killed builders left: their folders, and the lock."""
    return [*_asides(out), *out.parent.glob(_lock_of(out).name)]


def sweep(out: Path) -> None:
    """Take away what killed builders of `out` left beside it. Only for who holds it."""
    for left in _asides(out):
        shutil.rmtree(left, ignore_errors=True)


def _asides(out: Path) -> list[Path]:
    patterns = (f".{out.name}.*.aside", f".{out.name}.*.old", f".{out.name}.aside", f".{out.name}.old")
    return [left for pattern in patterns for left in out.parent.glob(pattern)]


def _lock_of(out: Path) -> Path:
    return out.with_name(f".{out.name}.lock")


@contextmanager
def only_one(out: Path, say: Callable[[str], None], *, beside: Path | None = None) -> Generator[None]:
    """Hold the name `out` against other processes; waits while another one holds it, and says so.

    What killed builders left beside it is swept, and what they left beside `beside`, which goes with it.
    The hold ends with the process, however that ends. Where the file system has no locks it is told and gone on: names
    of one's own keep two builders apart there too.
    """
    path = _lock_of(out)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        held = _locked(path, say)
    except OSError as error:
        raise StoreError(f"cannot hold {out}: {error}") from error
    try:
        for one in (out, beside) if beside else (out,):
            sweep(one)
        yield
    finally:
        path.unlink(missing_ok=True)
        if held is not None:
            os.close(held)


def _locked(path: Path, say: Callable[[str], None]) -> int | None:
    told = -TOLD_S
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(file, path):
                os.truncate(file, 0)
                os.write(file, f"process {os.getpid()} on {os.uname().nodename}".encode())
                return file
            os.close(file)  # whoever held it took the file away
        except BlockingIOError:
            holder = os.pread(file, 200, 0).decode(errors="replace")
            os.close(file)
            if time.monotonic() - told >= TOLD_S:
                told = time.monotonic()
                say(f"waiting: {holder or 'another process'} is publishing beside {path}")
            time.sleep(LOOK_S)
        except OSError as error:
            os.close(file)
            if error.errno not in NO_LOCKS:
                raise
            say(f"{path}: no locks on this file system; going on without")
            return None


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def _names(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_dir():
            name = path.relative_to(folder).as_posix()
            if name != MANIFEST:
                yield name


def _entry(path: Path) -> dict[str, Any]:
    return {"n_bytes": path.stat().st_size, DIGEST: sha256_of(path)}


def _file_problem(path: Path, listed: Mapping[str, Any], quick: bool) -> str | None:
    try:
        if path.is_symlink():
            return f"{path}: a link"
        if (size := path.stat().st_size) != listed["n_bytes"]:
            return f"{path}: damaged: {size} bytes, its manifest says {listed['n_bytes']}"
        if not quick and sha256_of(path) != listed[DIGEST]:
            return f"{path}: damaged: it is not what its manifest's digest says"
    except OSError as error:
        return f"{path}: missing" if isinstance(error, FileNotFoundError) else f"{path}: {error.strerror}"
    return None


def _json(said: Mapping[str, Any]) -> bytes:
    return (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
