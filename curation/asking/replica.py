"""One server of a model as a child process: started, watched, ended, wherever it runs."""

import ctypes
import os
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

from curation.asking.launch import Launch, last_line, serving_python
from schemas.loopback import free_port

LOG_END_BYTES = 400_000
STOP_S = 15.0  # a server has that long to end by itself
DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


class Replica:
    """A child with vLLM in it. Its log is a file; its life is no longer than ours, even when we are killed."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.address = ""
        self.log = Path()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, host: str, port: int = 0) -> str:
        """Start it; gives its address. Port 0: one that is free."""
        python, is_cpu = serving_python(self.launch.python)
        port = port or free_port(host)
        handle, name = tempfile.mkstemp(prefix=f"radio-serve-{port}-", suffix=".log")
        self.log = Path(name)
        with os.fdopen(handle, "wb") as log:
            self._child = subprocess.Popen(
                self.launch.words(python, host, port, is_cpu=is_cpu),
                env=self.launch.environment(os.environ, is_cpu=is_cpu),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, preexec_fn=dies_with_us(),
            )  # fmt: skip
        self.address = f"http://{_reached_at(host)}:{port}"
        return self.address

    def state(self) -> tuple[str, str]:
        """`starting`, `ready` or `ended`, and the line of its log that says most."""
        if self._child is None or self._child.poll() is not None:
            return "ended", self._said(is_over=True)
        return ("ready" if is_healthy(self.address) else "starting"), self._said(is_over=False)

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        return self._child is None or self._child.poll() is not None

    def where(self) -> str:
        """The log's place, with the machine's name."""
        return f"{socket.gethostname()}:{self.log}"

    def stop(self) -> None:
        """End it with everything that it started."""
        if self._child is None:
            return
        for kind, wait_s in ((signal.SIGTERM, STOP_S), (signal.SIGKILL, STOP_S)):
            try:
                os.killpg(self._child.pid, kind)
                self._child.wait(wait_s)
            except ProcessLookupError:
                return
            except subprocess.TimeoutExpired:
                continue
        self._child.wait()

    def _said(self, *, is_over: bool) -> str:
        try:
            with self.log.open("rb") as file:
                file.seek(max(0, self.log.stat().st_size - LOG_END_BYTES))
                return last_line(file.read().decode(errors="replace"), is_over=is_over)
        except OSError:
            return "no log"


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
        return True


def is_healthy(address: str, timeout_s: float = 5.0) -> bool:
    """Whether GET /health says 200."""
    try:
        with _opener().open(f"{address}/health", timeout=timeout_s) as reply:
            return reply.status == HTTPStatus.OK
    except (OSError, ValueError, urllib.error.URLError):
        return False


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a proxy is not asked for what is ours


def _reached_at(host: str) -> str:
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else host


def dies_with_us() -> Callable[[], None]:
    """For the child, between fork and exec: the kernel ends it when we end, however that happens. Linux only."""
    try:
        tell = ctypes.CDLL(None).prctl
    except AttributeError:
        return lambda: None
    return lambda: tell(DEATH_SIGNAL, signal.SIGTERM)
