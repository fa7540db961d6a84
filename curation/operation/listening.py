"""The metrics of a corpus by HTTP, for a Prometheus of this machine: on 127.0.0.1, taken anew each time.

The same text as in the textfile. Nothing but `/metrics` is there, and only GET; a request with another host's name is
refused, so that no page in a browser reads it.
"""

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from schemas.errors import CorpusError, RecipeError
from schemas.loopback import LOOPBACK
from schemas.trouble import in_one_line

PATH = "/metrics"
KIND = "text/plain; version=0.0.4; charset=utf-8"
IDLE_S = 10.0
"""A connection that says nothing for so long is closed."""


class Metrics(ThreadingHTTPServer):
    """The listener; `take` gives the text, one request at a time."""

    daemon_threads = True

    def __init__(self, take: Callable[[], bytes], port: int) -> None:
        self.take, self.guard = take, threading.Lock()
        super().__init__((LOOPBACK, port), _Answer)

    @property
    def address(self) -> str:
        """Where the metrics are."""
        return f"http://{LOOPBACK}:{self.server_port}{PATH}"

    def text(self) -> bytes:
        """The metrics now."""
        with self.guard:
            return self.take()


class _Answer(BaseHTTPRequestHandler):
    server: Metrics
    timeout = IDLE_S

    def do_GET(self) -> None:
        """The metrics, or in a line why there are none."""
        if self.headers.get("Host", "").rpartition(":")[0] not in (LOOPBACK, "localhost"):
            return self._say(403, b"only for 127.0.0.1\n")
        if self.path != PATH:
            return self._say(404, f"only {PATH} is here\n".encode())
        try:
            return self._say(200, self.server.text(), KIND)
        except (CorpusError, OSError) as error:
            return self._say(503, f"{in_one_line(error)}\n".encode())

    def _say(self, status: int, body: bytes, kind: str = "text/plain; charset=utf-8") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """What it is; no version of anything."""
        return "radio-corpus"

    def log_message(self, *_: object) -> None:
        """Nothing of each request."""


@contextmanager
def listening(take: Callable[[], bytes], port: int) -> Generator[Metrics]:
    """Serve within the block; 0: a port that is free. Raises RecipeError where it is taken."""
    try:
        server = Metrics(take, port)
    except OSError as error:
        raise RecipeError(f"--listen {port}: {error.strerror}; 0 takes one that is free") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
