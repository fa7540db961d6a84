"""What builds and their workers ask of the model and what of it they keep, told by themselves as it happens.

Each process writes a line to a pipe before it looks which replies are kept, before it sends a request, and after it has
kept a reply. So it is known of every request whether its reply was lost, however many die at once: it may come again as
often as it was lost, and not once more; and it may not come from a process that looked after its reply was kept. Where
a process dies between keeping and telling, the kept replies are known by being read here, by other means.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fcntl import F_SETPIPE_SZ, fcntl
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from curation.asking.exchange import Exchange
from curation.asking.replies import FOLDER, Replies
from curation.asking.request import Reply, Request
from curation.asking.vlm import Asker
from curation.engine import run

PIPE = "asked"
VARIABLE = "RADIO_FAULTS_ASKED"  # where the pipe is, for workers that are no forks
ROOM = 1 << 20
N_DIGITS = 20  # of a request's key
LOOKS, SENT, KEPT, THERE = "looks", "sent", "kept", "there"
"""A process looks what is kept; a request goes out; its reply is kept; it is asked for though its reply is there."""
OURS = run.run_task


@dataclass
class Told:
    """What the processes of a round have told so far."""

    pipe: int
    by_process: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)
    """How often each process did what (`SENT` …), by process and the request's key."""
    n_known: int = 0
    """Requests of processes that looked when their replies had been kept."""
    _n: int = 0
    _looked: dict[str, int] = field(default_factory=dict)
    _kept: dict[str, int] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path) -> "Told":
        """A new pipe in a folder. Held open here, so that no writer waits or fails."""
        os.mkfifo(folder / PIPE)
        pipe = os.open(folder / PIPE, os.O_RDWR | os.O_NONBLOCK)
        fcntl(pipe, F_SETPIPE_SZ, ROOM)
        return cls(pipe)

    def listen(self) -> None:
        """Take what has been told."""
        said = b""
        with suppress(BlockingIOError):
            while True:
                said += os.read(self.pipe, ROOM)
        for line in said.decode().splitlines():
            process, what, key = line.split()
            self.by_process.setdefault((process, key), Counter())[what] += 1
            self._n += 1
            if what == LOOKS:
                self._looked[process] = self._n
            elif what == KEPT:
                self._kept.setdefault(key, self._n)
            elif what == SENT:
                self.n_known += key in self._kept and self._kept[key] < self._looked[process]

    def close(self) -> None:
        os.close(self.pipe)

    @property
    def lost(self) -> Counter[str]:
        """By key: requests that went out and whose replies were not kept by who sent them."""
        found = Counter[str]()
        for (_, key), did in self.by_process.items():
            found[key] += max(0, did[SENT] - did[KEPT])
        return found

    @property
    def repeated(self) -> Counter[str]:
        """By key: requests that went out again."""
        sent = Counter[str]()
        for (_, key), did in self.by_process.items():
            sent[key] += did[SENT]
        return Counter({key: n - 1 for key, n in sent.items() if n > 1})

    @property
    def n_sent(self) -> int:
        return sum(did[SENT] for did in self.by_process.values())

    @property
    def n_there(self) -> int:
        """Requests for what is kept, as it was read."""
        return sum(did[THERE] for did in self.by_process.values())

    @property
    def n_needless(self) -> int:
        """Requests that went out more often than their replies were lost."""
        lost = self.lost
        return sum(max(0, n - lost[key]) for key, n in self.repeated.items())


def tell(pipe: Path) -> None:
    """Let this process, and its forks, tell from now on. Not undone: the process ends with its build."""
    out = os.open(pipe, os.O_WRONLY)
    os.environ[VARIABLE] = str(pipe)
    wanted: set[str] = set()

    def say(what: str, key: str) -> None:
        os.write(out, f"{os.getpid()} {what} {key[:N_DIGITS]}\n".encode())

    asking, asking_servers, sending, keeping = Asker._ask_model, Asker._ask_servers, Exchange.ask, Replies.keep
    there: set[str] = set()

    def ask_model(self: Asker, *given: Any) -> Any:
        say(LOOKS, "-")
        there.clear()
        there.update(_kept(self.place))
        return asking(self, *given)

    async def ask_servers(self: Asker, served: Any, missing: list[Request], *given: Any) -> None:
        wanted.clear()
        wanted.update(one.key for one in missing)
        for key in wanted & there:
            say(THERE, key)
        await asking_servers(self, served, missing, *given)

    async def ask(self: Exchange, request: Request) -> Any:
        if request.key in wanted:  # else a canary
            say(SENT, request.key)
        return await sending(self, request)

    def keep(self: Replies, several: Sequence[Reply]) -> None:
        keeping(self, several)
        for one in several:
            say(KEPT, one.key)

    Asker._ask_model, Asker._ask_servers, Exchange.ask, Replies.keep = ask_model, ask_servers, ask, keep
    run.run_task = task


def task(step: bytes, k: int, where: str) -> object:
    """A part made by a worker that is no fork of a build that tells: it tells as well."""
    if run.run_task is OURS and VARIABLE in os.environ:
        tell(Path(os.environ[VARIABLE]))
    return OURS(step, k, where)


def _kept(place: str) -> set[str]:
    """The keys of all replies in a store on a disk, as far as they can be read now; of an object store none."""
    found: set[str] = set()
    if "://" not in place:
        for file in Path(place, FOLDER).rglob("*.parquet"):
            with suppress(Exception):  # put together meanwhile, or damaged
                found |= {key.hex() for key in pq.read_table(file, columns=["key"])["key"].to_pylist()}
    return found


def telling(folder: Path, before: Callable[[], None] | None) -> Callable[[], None]:
    """What a build does before it begins: something, and tell."""

    def begin() -> None:
        if before:
            before()
        tell(folder / PIPE)

    return begin
