"""One builder at a time makes a table: its mark `_building.json`, kept fresh by a heartbeat.

A builder of this host holds its tables for as long as its process lives, however long it was paused; one of another
host, until its mark has not been touched for a minute. A heartbeat outlives errors of the store. A builder that lost a
mark all the same is told before it publishes.
"""

import fcntl
import json
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from curation.engine.store import Store
from schemas.errors import CorpusError, DamageError, GoneError, StoreError

STALE_S = 60.0  # a mark of another host that has not been touched for so long has lost its builder
BEAT_S = 10.0
BUILDING = "_building.json"

Mark = dict[str, str]


def holder(store: Store, name: str) -> Mark | None:
    """Who builds the folder now; None when nobody does, or when the builder is dead. Raises StoreError."""
    try:
        mark: Mark = json.loads(store.read_bytes(f"{name}/{BUILDING}"))
        if mark["host"] == os.uname().nodename:
            return mark if _is_alive(int(mark["pid"]), mark["started"]) else None
        return mark if time.time() - float(mark["beat"]) <= STALE_S else None
    except (GoneError, DamageError, ValueError, KeyError, TypeError):  # none, or no mark of ours
        return None


def told(mark: Mark) -> str:
    """A builder, for people."""
    return f"process {mark['pid']} on {mark['host']}"


def own_mark() -> Mark:
    """A mark of this process."""
    pid = os.getpid()
    return {"id": uuid4().hex, "pid": str(pid), "host": os.uname().nodename, "started": process_started(pid)}


def claim(store: Store, name: str, mine: Mark) -> Mark | None:
    """Mark a folder as being built by `mine`, or touch one's own mark again; gives who holds it instead, or None.

    On a local disk no two claims succeed; on an object store, which has no locks, the later one does, and the earlier
    one is told at its next beat, or before it publishes.
    """
    with _one_at_a_time(store):
        other = holder(store, name)
        if other and other["id"] != mine["id"]:
            return other
        store.publish(f"{name}/{BUILDING}", json.dumps({**mine, "beat": f"{time.time():.1f}"}).encode())
    return None


def take_dead_mark(store: Store, name: str) -> None:
    """Take away the mark of a finished table whose builder was killed before it did; one of a living builder stays."""
    if store.exists(f"{name}/{BUILDING}"):
        with _one_at_a_time(store):
            if holder(store, name) is None:
                store.remove(f"{name}/{BUILDING}")


class Builder:
    """The tables that one build holds, with a heartbeat; all are given back at the end."""

    def __init__(self, store: Store, beat_s: float = BEAT_S) -> None:
        self.store, self.beat_s, self.me = store, beat_s, own_mark()
        self._held: set[str] = set()
        self._stop = threading.Event()
        self._guard = threading.Lock()
        self._heart = threading.Thread(target=self._beat, daemon=True, name="heartbeat")

    def __enter__(self) -> "Builder":
        self._heart.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._heart.join(self.beat_s)
        for name in sorted(self._held):
            if not self.give_back(name):
                return  # the store is away: the other marks end with us as well, and nobody waits for each of them

    def take(self, name: str) -> Mark | None:
        """Hold a table; gives who holds it instead, or None when it is ours now."""
        with self._guard:
            other = claim(self.store, name, self.me)
            if other is None:
                self._held.add(name)
        return other

    def lost(self, name: str) -> str | None:
        """Who took a table from us, for people, or that nobody holds it; None while it is ours to publish."""
        now = holder(self.store, name)
        if now and now["id"] == self.me["id"]:
            return None
        with self._guard:
            self._held.discard(name)
        return told(now) if now else "nobody"

    def give_back(self, name: str) -> bool:
        """Take our mark away; leaves that of another builder. False: the store failed, and the mark stays."""
        with self._guard:
            self._held.discard(name)
            try:
                now = holder(self.store, name)
                if now and now["id"] == self.me["id"]:
                    self.store.remove(f"{name}/{BUILDING}")
            except CorpusError:
                return False
        return True

    def _beat(self) -> None:
        while not self._stop.wait(self.beat_s):
            for name in sorted(self._held):
                with self._guard:
                    if name not in self._held or self._stop.is_set():
                        continue
                    try:
                        claim(self.store, name, self.me)  # another one's mark stays: `lost` tells of it
                    except (CorpusError, OSError):
                        continue  # the store is away for a moment: the next beat comes


@contextmanager
def _one_at_a_time(store: Store) -> Generator[None]:
    """Claims of this host one after the other, and of all hosts where the file system's locks reach them."""
    if not store.is_local:
        yield
        return
    try:
        Path(store.root).mkdir(parents=True, exist_ok=True)
        file = os.open(Path(store.root), os.O_RDONLY)
    except OSError as error:
        raise StoreError(f"cannot write the store {store.where}: {error.strerror}") from error
    try:
        with suppress(OSError):  # no locks on this file system: the mark itself is all there is
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def process_started(pid: int) -> str:
    """When a process of this machine began, in clock ticks; empty where that cannot be known."""
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return ""


def _is_alive(pid: int, started: str) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return process_started(pid) == started  # a number may have been given to another process since
