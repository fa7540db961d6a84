"""Asks the process that opens pictures: one for each process that asks, started when first needed, ended when too slow.

One start serves many figures. A picture that ends it, or takes too long, is refused; the next one gets a new process.
"""

import atexit
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from curation.papers import frames
from curation.papers.floats import Use
from curation.papers.paper import Limits, Reason

ROOT = Path(__file__).resolve().parent.parent.parent
TO_START_S = 30.0
MOST_ANSWER_BYTES = 1 << 30


class NotConvertedError(ValueError):
    """No picture, with the reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason: Reason = reason


@dataclass(frozen=True)
class Drawn:
    """A picture as PNG."""

    png: bytes
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
    message = {"what": "pictures", "pictures": wants, "pixels": limits.pixels, "side_px": limits.side_px}
    answer, png = _asked(message, b"".join(content for _, content in uses), limits)
    return Drawn(png, answer["width"], answer["height"], tuple(answer["kinds"]))


def pages_of(content: bytes, limits: Limits) -> list[tuple[dict[str, Any], bytes]]:
    """The figures of a PDF, each with what its page says of it and its picture. Raises NotConvertedError."""
    message = {"what": "pages", "side_px": limits.side_px, "figures": limits.figures}
    answer, pngs = _asked(message, content, limits, limits.seconds * 10)
    found, at = [], 0
    for one in answer["figures"]:
        found.append((one, pngs[at : at + one["bytes"]]))
        at += one["bytes"]
    return found


def ghostscript() -> str:
    """Where `gs` is, empty where the machine has none."""
    return shutil.which("gs") or ""


def _side(limits: Limits, n_pictures: int) -> int:
    """Each of several pictures is drawn smaller, so that all of them stay near the wanted size."""
    return limits.side_px if n_pictures == 1 else max(limits.side_px // 2, limits.side_px // n_pictures)


def _asked(
    message: dict[str, Any], payload: bytes, limits: Limits, seconds: float = 0.0
) -> tuple[dict[str, Any], bytes]:
    with _LOCK:
        answer, payload = _process(limits).ask(message, payload, seconds or limits.seconds)
    if "reason" in answer:
        raise NotConvertedError(cast("Reason", answer["reason"]), answer["detail"])
    return answer, payload


class _Process:
    """The process that opens pictures, and its pipes."""

    def __init__(self, memory_bytes: int) -> None:
        self.owner, self.memory_bytes = os.getpid(), memory_bytes
        environment = {
            "PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
        }  # fmt: skip
        self.child = subprocess.Popen(
            [sys.executable, "-P", "-m", "curation.papers.converter", str(memory_bytes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, cwd="/",
            start_new_session=True,
        )  # fmt: skip
        self.is_new = True

    def ask(self, message: dict[str, Any], payload: bytes, seconds: float) -> tuple[dict[str, Any], bytes]:
        """The answer. A process that ends or is too slow is ended, and told as a refusal."""
        until = time.monotonic() + seconds + (TO_START_S if self.is_new else 0)
        self.is_new = False
        sender = threading.Thread(target=self._send, args=(message, payload), daemon=True)
        sender.start()
        try:
            answer = self._answer(until)
        except TimeoutError:
            self.end()
            return {"reason": "picture-too-slow", "detail": f"took more than {seconds:g} s"}, b""
        except (EOFError, ValueError):
            self.end()
            return {"reason": "picture-broken", "detail": "the process that opened it came to an end"}, b""
        finally:
            sender.join()
        return answer

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

    def end(self) -> None:
        """With all that it started."""
        if self.owner != os.getpid():
            return
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        for stream in (self.child.stdin, self.child.stdout):
            with suppress(OSError):
                cast("Any", stream).close()


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
    """End the process that opens pictures, if there is one."""
    while _RUNNING:
        _RUNNING.pop().end()


atexit.register(close)
