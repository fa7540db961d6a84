"""How a command is stopped: by ctrl-C or by SIGTERM, at any moment, also where a library takes it for an error.

The signal is raised as `Stopped`, which no `except Exception` takes; whoever takes it all the same does not hide it,
for it is remembered: `go_on` raises it again, and the command line ends with 128 and the number of the signal. Where
Python itself takes it, in a destructor or a callback, the signal comes once more a moment later.
"""

import signal
import sys
import threading
from contextlib import suppress
from types import FrameType
from typing import NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM)
AGAIN_S = 0.05


class Stopped(KeyboardInterrupt):
    """A person or the system asked this process to end."""


class _Listening:
    """What this process has been asked; one for each process."""

    is_on = False
    asked = 0


def listen() -> None:
    """Take SIGINT and SIGTERM from now on. Those that are ignored (`nohup`, a job in the background) stay ignored."""
    _Listening.is_on = True
    sys.unraisablehook = _taken_by_nobody
    listen_again()


def listen_again() -> None:
    """Take the signals back from a library that has taken them; nothing where `listen` was never called."""
    if not _Listening.is_on or threading.current_thread() is not threading.main_thread():
        return
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def asked_to_stop() -> int:
    """The number of the signal that came first, 0 while none came."""
    return _Listening.asked


def go_on() -> None:
    """Raise Stopped where a signal came and its Stopped was swallowed. Called before what must not be done then."""
    if _Listening.asked:
        raise Stopped


def _taken_by_nobody(what: "sys.UnraisableHookArgs") -> None:
    """What Python calls for an error that nobody can take: a Stopped is no trouble to tell of, and comes again."""
    if not isinstance(what.exc_value, Stopped):
        sys.__unraisablehook__(what)
        return
    again = threading.Timer(AGAIN_S, signal.pthread_kill, (threading.main_thread().ident, _Listening.asked))
    again.daemon = True
    with suppress(RuntimeError):  # Python is ending already
        again.start()


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    _Listening.asked = _Listening.asked or number
    raise Stopped
