"""The replies of a model, kept in the store: asked once, replayed for ever, with no server.

    replies/<model>-<digits>/<content>.parquet     some hundred replies each, with their keys
                             fresh/<content>.parquet   a few each, until there are enough for one of the above
                             ledger/<process>.json     what each process has asked, and found here

Files are written aside and renamed, and named by what is in them: any number of writers share a folder.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache

import pyarrow as pa
import pyarrow.fs as pafs
import pyarrow.parquet as pq

from curation.asking.request import Reply, Served
from curation.engine.files import patiently
from curation.engine.marks import process_started
from curation.engine.store import Store
from schemas.errors import DamageError, GoneError, StoreError
from schemas.fingerprint import fingerprint
from schemas.trouble import in_one_line
from schemas.whole import sealed, unsealed

FOLDER, FRESH, LEDGER = "replies", "fresh", "ledger"
N_TOGETHER = 512  # replies to a settled file
N_LOOKS = 50  # files may be put together between a look and a read; each look after that sees what came of them
LONGEST_WAIT_S = 2.0  # between two looks; together they wait a minute and a half
SERVED = b"radio-corpus-served"
SCHEMA = pa.schema(
    [
        ("key", pa.binary(32)), ("asked_at", pa.float64()), ("text", pa.string()), ("problem", pa.string()),
        ("detail", pa.string()), ("finish_reason", pa.string()), ("n_prompt_tokens", pa.int64()),
        ("n_completion_tokens", pa.int64()), ("seconds", pa.float64()),
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Ledger:
    """What was asked of a model: of `n_requests`, `n_hits` came from the store and `n_asked` from a server."""

    n_requests: int = 0
    n_hits: int = 0
    n_asked: int = 0
    n_problems: int = 0
    n_prompt_tokens: int = 0
    n_completion_tokens: int = 0
    request_s: float = 0.0
    """Seconds of all requests, one after the other."""
    wall_s: float = 0.0
    """Seconds by the clock while there was anything to ask."""

    def plus(self, other: "Ledger") -> "Ledger":
        """Both together."""
        mine, theirs = asdict(self), asdict(other)
        return Ledger(**{name: round(value + theirs[name], 3) for name, value in mine.items()})


@dataclass(frozen=True)
class _Place:
    """Where a reply stands. The earliest of several replies to one request is the one that counts."""

    asked_at: float
    file: str
    row: int


class Replies:
    """The replies of one served model in one store. One for each process: `replies(place, served)`."""

    def __init__(self, store: Store, served: Served) -> None:
        self.store, self.served = store, served
        safe = re.sub(r"[^A-Za-z0-9._-]+", "-", served.model).strip(".-")[-60:] or "model"
        self.folder = f"{FOLDER}/{safe}-{fingerprint(served)[:8]}"
        self._places: dict[bytes, _Place] = {}
        self._files: dict[str, list[bytes]] = {}
        self._fresh: dict[str, list[tuple[float, Reply]]] = {}
        self._ledger = Ledger()

    def find(self, keys: Iterable[str]) -> dict[str, Reply]:
        """The replies that are here, by key. Raises StoreError for a damaged file."""
        wanted = {bytes.fromhex(key) for key in keys}
        for n in range(N_LOOKS):
            try:
                if self._look():
                    return self._read(wanted)
            except GoneError:  # another process has put fresh files together since we looked
                pass
            time.sleep(min(LONGEST_WAIT_S, 0.01 * 2**n))
        raise StoreError(f"{self.store.path(self.folder)}: its files change faster than they can be read; build again")

    def keep(self, several: Sequence[Reply]) -> None:
        """Write some replies; once there are enough of them, put them together in one file."""
        if not several:
            return
        now = time.time()
        rows = [(now, replace(reply, is_cached=True)) for reply in several]
        self._fresh[self._publish(FRESH, rows)] = rows
        if sum(map(len, self._fresh.values())) >= N_TOGETHER:
            self.settle()

    def settle(self) -> None:
        """Put the fresh files that this process wrote together in one."""
        if len(self._fresh) > 1:
            rows = [row for rows in self._fresh.values() for row in rows]
            self._publish("", sorted(rows, key=lambda row: row[1].key))
            for name in self._fresh:
                self.store.remove(f"{self.folder}/{name}")
        self._fresh = {}

    def count(self, ledger: Ledger) -> None:
        """Add to what this process has asked of the model."""
        self._ledger = self._ledger.plus(ledger)
        body = {"model": self.served.model, "revision": self.served.revision, **asdict(self._ledger)}
        self.store.publish(f"{self.folder}/{LEDGER}/{_process()}.json", sealed(body))

    def forget(self, problem: str) -> int:
        """Drop the replies with this problem, so that they are asked again; gives how many."""
        n_dropped = 0
        for name in _parquet_files(self.store, self.folder):
            try:
                table = _opened(self.store, f"{self.folder}/{name}")
            except GoneError:  # put together meanwhile, in a file that is still to come
                continue
            rows = [row for row in _rows(table, range(table.num_rows)) if row[1].problem != problem]
            if len(rows) == table.num_rows:
                continue
            n_dropped += table.num_rows - len(rows)
            if rows:
                self._publish(name.rpartition("/")[0], rows)
            self.store.remove(f"{self.folder}/{name}")
        return n_dropped

    def _publish(self, folder: str, rows: Sequence[tuple[float, Reply]]) -> str:
        columns = {name: [getattr(reply, name) for _, reply in rows] for name in SCHEMA.names[2:]}
        table = pa.table(
            {"key": [bytes.fromhex(reply.key) for _, reply in rows], "asked_at": [at for at, _ in rows], **columns},
            SCHEMA.with_metadata({SERVED: json.dumps(asdict(self.served)).encode()}),
        )
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd", row_group_size=max(1, len(rows)), write_page_checksum=True)
        body = sink.getvalue().to_pybytes()
        name = f"{folder}/{hashlib.sha256(body).hexdigest()[:24]}.parquet".lstrip("/")
        self.store.publish(f"{self.folder}/{name}", body)
        return name

    # -- the index --------------------------------------------------------------------------------------------------

    def _look(self) -> bool:
        """Learn of files that have come or gone since the last look; reads keys only, and of new files only.

        False when one that was listed had gone before it was read: what came of it may not have been listed yet.
        """
        there = set(_parquet_files(self.store, self.folder))
        lost = {key for name in self._files.keys() - there for key in self._drop(name)}
        all_read = all([self._add(name) for name in sorted(there - self._files.keys())])
        if lost - self._places.keys():  # gone from one file, and perhaps in another that was known before
            self._places = {}
            all_read = all([self._add(name) for name in self._files.copy()]) and all_read
        return all_read

    def _drop(self, name: str) -> list[bytes]:
        gone = [key for key in self._files.pop(name) if key in self._places and self._places[key].file == name]
        for key in gone:
            del self._places[key]
        return gone

    def _add(self, name: str) -> bool:
        try:
            table = _opened(self.store, f"{self.folder}/{name}", ["key", "asked_at"])
        except GoneError:
            return False
        keys: list[bytes] = table["key"].to_pylist()
        for row, (key, at) in enumerate(zip(keys, table["asked_at"].to_pylist(), strict=True)):
            known = self._places.get(key)
            if known is None or (at, name) < (known.asked_at, known.file):
                self._places[key] = _Place(at, name, row)
        self._files[name] = keys
        return True

    def _read(self, wanted: set[bytes]) -> dict[str, Reply]:
        by_file: dict[str, list[int]] = {}
        for key in wanted & self._places.keys():
            by_file.setdefault(self._places[key].file, []).append(self._places[key].row)
        found: dict[str, Reply] = {}
        for name, rows in sorted(by_file.items()):
            for _, reply in _rows(_opened(self.store, f"{self.folder}/{name}"), sorted(rows)):
                found[reply.key] = reply
        return found


@cache  # each holds what its process has counted
def replies(place: str, served: Served) -> Replies:
    """The replies of a model in the store at `place`; the same object for the same process."""
    return Replies(Store(place), served)


def ledgers(store: Store) -> list[dict[str, object]]:
    """Of each model and revision: what is kept, how many of it with which problem, and what was asked for it."""
    found = store.listed(FOLDER)
    folders = sorted(info.base_name for info in found if info.type == pafs.FileType.Directory)
    return [one for folder in folders if (one := _ledger_of(store, f"{FOLDER}/{folder}"))]


def served_of(store: Store) -> list[Served]:
    """Every model whose replies the store keeps."""
    return [Served(str(one["model"]), str(one["revision"])) for one in ledgers(store)]


def _ledger_of(store: Store, folder: str) -> dict[str, object] | None:
    problems: dict[str, int] = {}
    keys: set[bytes] = set()
    served: Mapping[str, str] = {}
    for name in _parquet_files(store, folder):
        try:
            table = _opened(store, f"{folder}/{name}", ["key", "problem"])
        except GoneError:  # put together meanwhile, in a file that is still to come
            continue
        served = json.loads((table.schema.metadata or {}).get(SERVED, b"{}")) or served
        for key, problem in zip(table["key"].to_pylist(), table["problem"].to_pylist(), strict=True):
            if key not in keys and problem:
                problems[problem] = problems.get(problem, 0) + 1
            keys.add(key)
    total = Ledger()
    for name in _files(store, f"{folder}/{LEDGER}", ".json"):
        where = f"{folder}/{LEDGER}/{name}"
        told = unsealed(store.read_bytes(where), store.path(where))
        served = {"model": told["model"], "revision": told["revision"]}
        told = {key: value for key, value in told.items() if key in Ledger.__dataclass_fields__}
        total = total.plus(Ledger(**told))
    if not served:
        return None
    return {**served, "folder": folder, "n_kept": len(keys), "problems": dict(sorted(problems.items())),
            **asdict(total)}  # fmt: skip


def _files(store: Store, folder: str, ending: str) -> list[str]:
    """The names of the files of a folder; none where it is not there."""
    names = (info.base_name for info in store.listed(folder))
    return sorted(name for name in names if name.endswith(ending) and not name.startswith("."))


def _parquet_files(store: Store, folder: str) -> Iterator[str]:
    # Fresh ones are listed first: one that is put together meanwhile is then seen twice rather than not at all.
    yield from [f"{FRESH}/{name}" for name in _files(store, f"{folder}/{FRESH}", ".parquet")]
    yield from _files(store, folder, ".parquet")


def _opened(store: Store, name: str, columns: list[str] | None = None) -> pa.Table:
    """Raises GoneError when it has gone, of a disk and of an object store alike, and DamageError when it is damaged."""

    def read() -> pa.Table:
        with store.files.open_input_file(store.path(name)) as file:
            return pq.read_table(file, columns=columns, page_checksum_verification=True)

    try:
        return patiently(read, f"read {store.path(name)}")
    except DamageError as error:
        if not store.exists(name):  # gone between opening and reading, whatever the error called it
            raise GoneError(f"{store.path(name)}: gone") from error
        raise DamageError(
            f"{store.path(name)}: not a file of replies ({in_one_line(error.__cause__ or error)}); remove it, "
            "and what it held is asked again"
        ) from error


def _rows(table: pa.Table, rows: Sequence[int]) -> Iterator[tuple[float, Reply]]:
    for row in table.take(pa.array(rows, pa.int64())).to_pylist():
        at, key = row.pop("asked_at"), row.pop("key").hex()
        yield at, Reply(key=key, is_cached=True, **row)


def _process() -> str:
    pid = os.getpid()
    return hashlib.sha256(f"{os.uname().nodename} {pid} {process_started(pid)}".encode()).hexdigest()[:16]
