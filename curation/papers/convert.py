"""Asks the process that opens pictures: one for each process that asks, started when first needed, ended when too slow.

One start serves many figures. A picture that ends it, or takes too long, is refused; the next one gets a new process.
"""

import atexit
import errno
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, cast

from curation.papers import frames
from curation.papers.floats import Use
from curation.papers.paper import Limits, Reason

ROOT = Path(__file__).resolve().parent.parent.parent
TO_START_S = 120.0  # on a busy machine
TO_END_S = 2.0
PATIENCE = 15  # by the clock on the wall, of the seconds of the processor
ENDED = "ended"
FROM_OUTSIDE = (-signal.SIGKILL, -signal.SIGTERM)
"""How a process ends that the system or a person ends; its memory is bounded, so no picture brings that about."""
MOST_ANSWER_BYTES = 1 << 30
FITS_BYTES = 40_000  # into a pipe of 64 kB, with its message, while nobody reads
# What a picture took stays with the process for the next one: to ask the system again takes half of drawing a page.
KEEPS_MEMORY = {"MALLOC_TRIM_THRESHOLD_": str(1 << 28), "MALLOC_MMAP_THRESHOLD_": str(1 << 25)}


class NotConvertedError(ValueError):
    """No picture, with the reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason


@dataclass(frozen=True)
class Drawn:
    """A picture as PNG, and as rules look at it."""

    png: bytes
    grey: bytes
    width_px: int
    height_px: int
    kinds: tuple[str, ...]


def picture_of(uses: Sequence[tuple[Use, bytes]], limits: Limits) -> Drawn:
    """The pictures of a caption as one PNG. Raises NotConvertedError."""
    gs = ghostscript()
    wants = [
        {
            **asdict(use), "bytes": len(content), "side_px": _side(limits, len(uses)), "pixels": limits.pixels,
            "seconds": limits.seconds, "ghostscript": gs,
        }
        for use, content in uses
    ]  # fmt: skip
    message = {
        "what": "pictures",
        "pictures": wants,
        "pixels": limits.pixels,
        "side_px": limits.side_px,
        "seconds": limits.seconds,
    }
    answer, given = _asked(message, b"".join(content for _, content in uses), limits)
    n_png = answer["n_png"]
    return Drawn(given[:n_png], given[n_png:], answer["width"], answer["height"], tuple(answer["kinds"]))


def pages_of(content: bytes, limits: Limits) -> list[tuple[dict[str, Any], bytes, bytes]]:
    """The figures of a PDF, each with what its page says of it, its PNG and its greys. Raises NotConvertedError."""
    seconds = limits.seconds * 10
    message = {"what": "pages", "side_px": limits.side_px, "figures": limits.figures, "seconds": seconds}
    answer, given = _asked(message, content, limits)
    found, at = [], 0
    for one in answer["figures"]:
        half, end = at + one["n_png"], at + one["n_png"] + one["n_grey"]
        found.append((one, given[at:half], given[half:end]))
        at = end
    return found


def ghostscript() -> str:
    """Where `gs` is, empty where the machine has none."""
    return _which(os.environ.get("PATH", ""))


@cache
def _which(path: str) -> str:
    return shutil.which("gs", path=path) or ""


def _side(limits: Limits, n_pictures: int) -> int:
    """Each of several pictures is drawn smaller, so that all of them stay near the wanted size."""
    return limits.side_px if n_pictures == 1 else max(limits.side_px // 2, limits.side_px // n_pictures)


def _asked(message: dict[str, Any], payload: bytes, limits: Limits) -> tuple[dict[str, Any], bytes]:
    """The answer. Raises NotConvertedError, and OSError where the machine failed.

    What ended its process is asked once more, in a new one: it may have been the system, for want of memory. Where that
    one is ended from outside as well, it is no fault of the picture.
    """
    with _LOCK:
        answer, given = _process(limits).ask(message, payload)
        if answer.get("reason") == ENDED:
            answer, given = _process(limits).ask(message, payload)
    if "errno" in answer:
        raise OSError(answer["errno"], f"opening a picture: {answer['detail']}")
    if answer.get("from_outside"):
        raise OSError(errno.ECHILD, f"opening a picture: {answer['detail']}")
    if answer.get("reason") == ENDED:
        raise NotConvertedError("picture-broken", answer["detail"])
    if "reason" in answer:
        raise NotConvertedError(cast("Reason", answer["reason"]), answer["detail"])
    return answer, given


class _Process:
    """The process that opens pictures, and its pipes."""

    def __init__(self, memory_bytes: int) -> None:
        self.owner, self.memory_bytes = os.getpid(), memory_bytes
        self.code: int | None = None  # how it came to an end by itself
        self.folder = tempfile.mkdtemp(prefix="pictures-")
        environment = {
            "PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1", "TMPDIR": self.folder, "HOME": self.folder, **KEEPS_MEMORY,
        }  # fmt: skip
        try:
            self.child = subprocess.Popen(
                [sys.executable, "-P", "-m", "curation.papers.converter", str(memory_bytes), self.folder],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment,
                cwd=self.folder, start_new_session=True,
            )  # fmt: skip
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        try:
            self._answer(time.monotonic() + TO_START_S)
        except (EOFError, ValueError, TimeoutError):
            self.end()
            told = f"the process that opens pictures does not start: {sys.executable} -m curation.papers.converter"
            raise OSError(errno.ECHILD, told) from None

    def ask(self, message: dict[str, Any], payload: bytes) -> tuple[dict[str, Any], bytes]:
        """The answer. A process that ends, by its clock or otherwise, is told as a reason."""
        until = time.monotonic() + message["seconds"] * PATIENCE
        sender = threading.Thread(target=self._send, args=(message, payload), daemon=True)
        sender.start() if len(payload) > FITS_BYTES else sender.run()
        try:
            return self._answer(until)
        except TimeoutError:
            self.end()
            return self._too_slow(message), b""
        except (EOFError, ValueError):
            self.end()
            if self.code == -signal.SIGXCPU:
                return self._too_slow(message), b""
            told = f"the process that opened it came to an end, twice: {self.child.returncode}"
            return {"reason": ENDED, "detail": told, "from_outside": self.code in FROM_OUTSIDE}, b""
        finally:
            if sender.ident:
                sender.join()

    @staticmethod
    def _too_slow(message: dict[str, Any]) -> dict[str, Any]:
        return {"reason": "picture-too-slow", "detail": f"took more than {message['seconds']:g} s"}

    def _send(self, message: dict[str, Any], payload: bytes) -> None:
        try:
            frames.write(cast("Any", self.child.stdin), message, payload)
        except (BrokenPipeError, ValueError, OSError):
            return  # the answer tells

    def _answer(self, until: float) -> tuple[dict[str, Any], bytes]:
        n_text, n_payload = frames.HEAD.unpack(self._read(frames.HEAD.size, until))
        if n_text > frames.MOST_JSON or n_payload > MOST_ANSWER_BYTES:
            raise ValueError(f"an answer of {n_text} and {n_payload} bytes")
        return json.loads(self._read(n_text, until)), self._read(n_payload, until)

    def _read(self, n_bytes: int, until: float) -> bytes:
        stream = cast("Any", self.child.stdout)
        parts: list[bytes] = []
        with selectors.DefaultSelector() as waiting:
            waiting.register(stream, selectors.EVENT_READ)
            while n_bytes:
                if not waiting.select(max(0.0, until - time.monotonic())):
                    raise TimeoutError
                part = os.read(stream.fileno(), min(n_bytes, 1 << 20))
                if not part:
                    raise EOFError
                parts.append(part)
                n_bytes -= len(part)
        return b"".join(parts)

    def is_alive(self) -> bool:
        """Whether it is this process's own, and runs."""
        return self.owner == os.getpid() and self.child.poll() is None

    def end(self, patience_s: float = 0.1) -> None:
        """With all that it started."""
        if self.owner != os.getpid():
            return
        with suppress(subprocess.TimeoutExpired):
            self.code = self.child.wait(patience_s)  # one that came to an end tells how
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            with suppress(OSError):
                cast("Any", stream).close()
        shutil.rmtree(self.folder, ignore_errors=True)


_LOCK = threading.Lock()
_RUNNING: list[_Process] = []


def _process(limits: Limits) -> _Process:
    """The one that runs, else a new one. Raises OSError where none can be started."""
    if _RUNNING and _RUNNING[0].is_alive() and _RUNNING[0].memory_bytes == limits.memory_bytes:
        return _RUNNING[0]
    close()
    _RUNNING.append(_Process(limits.memory_bytes))
    return _RUNNING[0]


def close() -> None:
    """End the process that opens pictures, if there is one: by itself where it waits for the next, else at once."""
    while _RUNNING:
        running = _RUNNING.pop()
        if running.owner == os.getpid():
            with suppress(OSError):
                cast("Any", running.child.stdin).close()
            running.end(TO_END_S)


atexit.register(close)
