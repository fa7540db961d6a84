"""A build as a user would start it, in a fork of this process: what it imports and has read once need not be again."""

import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from curation.__main__ import main
from curation.asking.replica import dies_with_us
from curation.engine import marks
from tests.faults.planted import Planted, plant

PATIENCE_S = 600.0
"""A build of a second that is not over by then hangs, on however busy a machine."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: its code (negative: the signal), and what it said."""

    code: int
    said: str

    @property
    def is_clear(self) -> bool:
        """No traceback, of Python or of C++: what went wrong was told in lines, or the process was killed."""
        return not any(one in self.said for one in TRACES) and self.code != HANGS


HANGS = 999
TRACES = ("Traceback", "*** SIG", "StackTrace", "Fatal Python error")


def started(
    words: Sequence[str],
    log: Path,
    *,
    faults: Sequence[Planted],
    store: Path,
    raw: Path,
    objects: str = "",
    before: Callable[[], None] | None = None,
) -> int:
    """The process of a command."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 70
    try:
        os.setsid()
        dies_with_us()()
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1), os.dup2(out, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.environ["RADIO_PATIENCE_S"] = "3"
        if before:
            before()
        plant(faults, store, raw, objects)
        sys.argv = ["curation", *words]
        main()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(bool(ended.code))
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def ended(pids: Sequence[int], logs: Sequence[Path], meanwhile: Callable[[], None] = lambda: None) -> list[Ended]:
    """Wait for commands; one that hangs is killed and told so."""
    codes: dict[int, int] = {}
    until = time.monotonic() + PATIENCE_S
    while len(codes) < len(pids):
        for pid in pids:
            if pid not in codes:
                done, status = os.waitpid(pid, os.WNOHANG)
                if done:
                    codes[pid] = os.waitstatus_to_exitcode(status)
                elif time.monotonic() > until:
                    os.killpg(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                    codes[pid] = HANGS
        meanwhile()
        time.sleep(0.005)
    return [Ended(codes[pid], log.read_text(errors="replace")) for pid, log in zip(pids, logs, strict=True)]


def quick_marks() -> None:
    """Marks that are void after a second, so that a paused builder loses them soon."""
    marks.STALE_S = 1.0
