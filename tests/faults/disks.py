"""A disk of its own for a store, a file system in memory: really full, without inodes, read-only. Needs to be root."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from tests.faults.planted import Scene

MOST_BYTES, MOST_FILES = 64 * 2**20, 8000
FILLER = "filler"  # what takes all the room; mending takes it away


@cache
def can_mount() -> bool:
    """Whether this machine lets us mount one."""
    with tempfile.TemporaryDirectory() as folder:
        if _mount(Path(folder)):
            _run("umount", folder)
            return True
    return False


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A file system of its own at `folder`, which is there and empty."""
    if not _mount(folder):
        raise OSError(f"no file system can be mounted at {folder}")
    try:
        yield
    finally:
        _run("umount", "--lazy", str(folder))


def fill(scene: Scene) -> None:
    """Not a byte is left."""
    free = os.statvfs(scene.store)
    with suppress(OSError), (scene.store / FILLER).open("ab") as out:
        os.posix_fallocate(out.fileno(), 0, free.f_bavail * free.f_frsize)
    with suppress(OSError), (scene.store / f"{FILLER}.rest").open("ab", buffering=0) as out:
        while True:
            out.write(bytes(4096))


def use_up_inodes(scene: Scene) -> None:
    """No file more can be made."""
    with suppress(OSError):
        for k in range(2 * MOST_FILES):
            (scene.store / f"{FILLER}.{k}").touch()


def forbid_writing(scene: Scene) -> None:
    """As the kernel does where a disk fails: nothing more may be written."""
    _run("mount", "-o", "remount,ro", str(scene.store))


def mend(store: Path) -> None:
    """There is room again, and it may be written."""
    _run("mount", "-o", "remount,rw", str(store))
    for one in store.glob(f"{FILLER}*"):
        one.unlink()


def _mount(folder: Path) -> bool:
    return _run("mount", "-t", "tmpfs", "-o", f"size={MOST_BYTES},nr_inodes={MOST_FILES}", "radio-faults", str(folder))


def _run(*words: str) -> bool:
    try:
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    except OSError:
        return False
