"""An archive on 127.0.0.1 that misbehaves: each path has a row of behaviours, one a request, the last for all more."""

import hashlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]


@dataclass
class Archive:
    """What the server does, and what it was asked."""

    paths: dict[str, list[Behaviour]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    host: str = ""

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def headers(self, path: str) -> list[dict[str, str]]:
        """Of all requests for a path, in order; names in lower case."""
        return [heads for one, heads in self.asked if one == path]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    archive: Archive

    def do_GET(self) -> None:
        path = self.path
        self.archive.asked.append((path, {name.lower(): value for name, value in self.headers.items()}))
        row = self.archive.paths.get(path) or [status(404)]
        (row.pop(0) if len(row) > 1 else row[0])(self)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def answer(self, code: int, body: bytes = b"", n_told: int | None = None, **heads: Any) -> None:
        """A whole answer; `n_told`: another length than its own. `_` in names stands for `-`."""
        self.send_response(code)
        for name, value in heads.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Content-Length", str(len(body) if n_told is None else n_told))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def status(code: int, **heads: Any) -> Behaviour:
    return lambda asked: asked.answer(code, b"busy", **heads)


def file(
    content: bytes, *, etag: str | None = None, ranges: bool = True, honest: bool = True, **heads: Any
) -> Behaviour:
    """The file, as a good server gives it; `honest`: whether If-Range is looked at."""
    tag = etag if etag is not None else f'"{hashlib.md5(content).hexdigest()}"'

    def give(asked: Handler) -> None:
        told = {**({"ETag": tag} if tag else {}), **heads}
        start = _start(asked, tag, honest) if ranges else 0
        if start > len(content) or (start == len(content) and start):
            asked.answer(416, Content_Range=f"bytes */{len(content)}", **told)
        elif start:
            told["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            asked.answer(206, content[start:], **told)
        else:
            asked.answer(200, content, **told)

    return give


def _start(asked: Handler, tag: str, honest: bool) -> int:
    wanted = asked.headers.get("Range", "")
    if honest and asked.headers.get("If-Range", tag) != tag:
        return 0
    return int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0


def cut(content: bytes, after: int, *, etag: str = "", stall_s: float = 0.0, **heads: Any) -> Behaviour:
    """So many bytes of the file from where it was asked, then silence, then the line is cut."""
    tag = etag or f'"{hashlib.md5(content).hexdigest()}"'

    def give(asked: Handler) -> None:
        start = _start(asked, tag, honest=True)
        asked.close_connection = True
        code, told = (
            (206, {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}) if start else (200, {})
        )
        asked.send_response(code)
        for name, value in {"ETag": tag, "Content-Length": str(len(content) - start), **told, **heads}.items():
            asked.send_header(name, value)
        asked.end_headers()
        asked.wfile.write(content[start : start + after])
        asked.wfile.flush()
        time.sleep(stall_s)

    return give


def drip(content: bytes, every_s: float) -> Behaviour:
    """Byte after byte, for ever slow."""

    def give(asked: Handler) -> None:
        asked.close_connection = True
        asked.send_response(200)
        asked.send_header("Content-Length", str(len(content)))
        asked.end_headers()
        try:
            for k in range(len(content)):
                asked.wfile.write(content[k : k + 1])
                asked.wfile.flush()
                time.sleep(every_s)
        except OSError:
            return

    return give


def chunked(content: bytes, *, is_ended: bool = True) -> Behaviour:
    def give(asked: Handler) -> None:
        asked.close_connection = True
        asked.send_response(200)
        asked.send_header("Transfer-Encoding", "chunked")
        asked.end_headers()
        asked.wfile.write(f"{len(content):x}\r\n".encode() + content + b"\r\n" + (b"0\r\n\r\n" if is_ended else b""))

    return give


def until_closed(content: bytes) -> Behaviour:
    """Without any length: the end of the line is the end of the file."""

    def give(asked: Handler) -> None:
        asked.close_connection = True
        asked.send_response(200)
        asked.send_header("Connection", "close")
        asked.end_headers()
        asked.wfile.write(content)

    return give


@contextmanager
def serving(context: ssl.SSLContext | None = None, **paths: list[Behaviour]) -> Iterator[Archive]:
    """A server, with `context` by TLS; paths are told by keyword, or added to `paths` later."""
    archive = Archive({f"/{name}": row for name, row in paths.items()})
    handler = type("Bound", (Handler,), {"archive": archive})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign] - whoever hangs up is meant to
        if context:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        archive.host = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield archive
        finally:
            server.shutdown()
            thread.join()
