"""An object store in a process of its own, moto's S3 in memory, behind a door that can be shut, slow or overcharged.

Orders come by HTTP to a port of its own, for they are given by builds and their workers:
`/?mode=slow_down&seconds=2` fails so long, `/dump?folder=F&under=P` writes what is stored under P as files below F.
"""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from urllib.request import urlopen

from curation.asking.replica import dies_with_us

ROOT = Path(__file__).resolve().parents[2]
BUCKET = "corpus"
ACCOUNT = "123456789012"  # moto's
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
FOR_GOOD_S = 3600.0
SAID = {
    "slow_down": ("503 Slow Down", "SlowDown", "Please reduce your request rate."),
    "some_slow_down": ("503 Slow Down", "SlowDown", "Please reduce your request rate."),
    "500": ("500 Internal Server Error", "InternalError", "We encountered an internal error. Please try again."),
}


class Door:
    """Between builds and the store; `mode`: how it fails now, until when."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app, self.mode, self.until, self.n_calls = app, "", 0.0, 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        mode = self.mode if time.monotonic() < self.until else ""
        self.n_calls += 1
        if mode == "stall":
            while self.mode == "stall" and time.monotonic() < self.until:
                time.sleep(0.05)
        if mode in ("slow_down", "500") or (mode == "some_slow_down" and self.n_calls % 3):
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, code, message = SAID[mode]
            body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>".encode()
            start_response(status, [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
            return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
        answer = b"".join(self.app(environ, start_response))
        return [answer[: len(answer) // 2] if mode == "cut" else answer]  # its length was told as of the whole


class Server:
    """The store: `listen` and `hang_up` as a server that dies and comes back, what it holds being kept."""

    def __init__(self) -> None:
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

        self.door, self.port, self.http = Door(DomainDispatcherApplication(create_backend_app)), 0, None
        self.guard = threading.Lock()

    def listen(self) -> None:
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        with self.guard:
            if self.http is None:
                self.http = make_server("127.0.0.1", self.port, self.door, True, request_handler=MotoRequestHandler)
                self.port = self.http.server_address[1]
                threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def hang_up(self) -> None:
        with self.guard:
            if self.http is not None:
                self.http.shutdown()
                self.http.server_close()
                self.http = None

    def fail(self, mode: str, seconds: float) -> None:
        """Fail so long; `""` mends it."""
        self.door.mode, self.door.until = mode, time.monotonic() + seconds
        if mode == "down":
            self.hang_up()
            threading.Thread(target=self._come_back, daemon=True).start()
        else:
            self.listen()

    def _come_back(self) -> None:
        while self.door.mode == "down" and time.monotonic() < self.door.until:
            time.sleep(0.05)
        self.listen()

    def dump(self, folder: Path, under: str) -> None:
        """All objects whose name begins with `under/`, as files."""
        from moto.s3.models import s3_backends

        bucket = s3_backends[ACCOUNT]["aws"].buckets.get(BUCKET)
        for name, key in list(bucket.keys.items()) if bucket else ():
            if name.startswith(f"{under}/") and not name.endswith("/"):
                file = folder / name.removeprefix(f"{under}/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(key.value)


def tell(control: str, order: str = "", **given: object) -> dict[str, Any]:
    """Give an order to the process at that address."""
    with urlopen(f"{control}/{order}?{urlencode(given)}", timeout=60) as answer:
        return json.load(answer)


def failing(mode: str, seconds: float = FOR_GOOD_S) -> Callable[[Any], None]:
    """What happens at a point: the object store fails from now on, for so many seconds."""
    return lambda scene: (tell(scene.objects, mode=mode, seconds=seconds), None)[1]


class Objects:
    """The process, for the harness."""

    def __init__(self) -> None:
        os.environ |= KEYS
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.objects"], cwd=ROOT, stdout=subprocess.PIPE, text=True,
            stderr=subprocess.DEVNULL, preexec_fn=dies_with_us(),
        )  # fmt: skip
        said = json.loads(self.child.stdout.readline())
        self.port, self.control = said["port"], said["control"]

    def place(self, name: str) -> str:
        """The address of a store."""
        where = f"endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1&allow_bucket_creation=true"
        return f"s3://{BUCKET}/{quote(name)}?{where}"

    def mend(self) -> None:
        """It fails no longer."""
        tell(self.control, mode="", seconds=0)

    def dump(self, name: str, folder: Path) -> None:
        """Make the tables below `folder`, where hand-over and report lie beside them, those of the store."""
        for one in folder.iterdir():
            if one.is_dir() and one.name not in ("llava", "reports"):
                shutil.rmtree(one)
        tell(self.control, "dump", folder=folder, under=name)

    def end(self) -> None:
        self.child.kill()
        self.child.wait()


def main() -> None:
    """Serve for ever."""
    server = Server()
    server.listen()

    class Orders(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            given = dict(parse_qsl(asked.query, keep_blank_values=True))
            if asked.path == "/dump":
                server.dump(Path(given["folder"]), given["under"])
            else:
                server.fail(given["mode"], float(given["seconds"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    orders = ThreadingHTTPServer(("127.0.0.1", 0), Orders)
    control = f"http://127.0.0.1:{orders.server_address[1]}"
    print(json.dumps({"port": server.port, "control": control}), flush=True)
    orders.serve_forever()


if __name__ == "__main__":
    main()
