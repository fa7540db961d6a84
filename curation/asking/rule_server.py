"""A server that answers by rule, behind the same API as a served model, with a mode for every way to fail.

For tests, the demo and benchmarks: everything of the stage is real but the model.

Example:
    python -m curation.asking.rule_server --model rule-server --port 8000
"""

import argparse
import asyncio
import base64
import binascii
import hashlib
import json
import socket
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiohttp import web

from curation.asking.rule_answers import Asked, answer
from curation.asking.rule_faults import FAULTS, Turn, finished

MODEL = "rule-server"
MAX_REQUEST_BYTES = 64 * 2**20
TOKENS_OF_A_PICTURE = 256
SHUTDOWN_S = 0.02
"""For what is under way when it stops; to aiohttp 0 means: as long as it takes."""


@dataclass
class Rules:
    """How a rule server behaves; may be changed while it runs."""

    model: str = MODEL
    mode: str = ""
    """One of FAULTS, or empty: it answers well."""
    n_faults: int | None = None
    """The mode holds for so many calls; None: for all."""
    delay_s: float = 0.0
    slots: int = 64
    """Answers under way at a time; the others wait."""
    seed: int = 0
    error_share: float = 0.05
    """Of the sentences, those that are wrong on purpose."""
    poison: str = ""
    """In mode `poison`: the SHA-256 of the picture, in hex, begins so; empty: one picture in eight."""
    key: str = ""
    """Asked for as bearer token; empty: none."""


class Listener(socket.socket):
    """A socket at 127.0.0.1 that knows what it accepted, so that nobody is left waiting for a server that has stopped.

    aiohttp closes the connections that it knows; one that was accepted at the last moment would stay open with nobody
    to answer, for as long as its client has patience.
    """

    def __init__(self, port: int) -> None:
        super().__init__(socket.AF_INET, socket.SOCK_STREAM)
        self.accepted: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self.bind(("127.0.0.1", port))
        except OSError:
            self.close()
            raise

    def accept(self) -> tuple[socket.socket, Any]:
        """As of any socket; what is accepted is kept in mind."""
        connection, client = super().accept()
        self.accepted.add(connection)
        return connection, client

    def close_all(self) -> None:
        """Close it, and every connection that is still open."""
        self.close()
        for one in list(self.accepted):
            one.close()


class RuleServer:
    """A rule server in a thread of this process: `with RuleServer(mode="500") as server: server.address`."""

    def __init__(self, *, port: int = 0, **rules: Any) -> None:
        self.rules = Rules(**rules)
        self.port = port
        self.n_calls = 0
        self.n_at_once, self.most_at_once = 0, 0
        self.asked: Counter[str] = Counter()
        """SHA-256 of each body asked, and how often."""
        self.heads: list[dict[str, str]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        if self.rules.mode and self.rules.mode not in FAULTS:
            raise ValueError(f"no mode {self.rules.mode!r}; there are {', '.join(sorted(FAULTS))}")

    @property
    def address(self) -> str:
        """Where it listens, as a client wants it."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> "RuleServer":
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> "RuleServer":
        """Listen; after `stop`, again at the same port. Raises OSError where that is taken."""
        if self._loop is not None:
            return self
        ready, errors = threading.Event(), list[OSError]()

        def serve() -> None:
            try:
                asyncio.run(self._serve(ready))
            except OSError as error:
                errors.append(error)
                ready.set()

        self._thread = threading.Thread(target=serve, daemon=True)
        self._thread.start()
        ready.wait()
        if errors:
            self._loop = None
            raise errors[0]
        return self

    def stop(self) -> None:
        """End at once, whatever is under way."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(10)
        self._loop = None

    async def run(self) -> None:
        """Listen in this loop until cancelled; the first line on stdout is the address."""
        await self._serve(None)

    async def _serve(self, ready: threading.Event | None) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        self._slots = asyncio.Semaphore(self.rules.slots)
        app = web.Application(client_max_size=MAX_REQUEST_BYTES)
        app.add_routes(
            [web.get("/health", self._health), web.get("/v1/models", self._models),
             web.post("/v1/chat/completions", self._chat)]
        )  # fmt: skip
        listener = Listener(self.port)
        runner = web.AppRunner(app, shutdown_timeout=SHUTDOWN_S, access_log=None, handler_cancellation=True)
        try:
            await runner.setup()
            await web.SockSite(runner, listener).start()
            self.port = runner.addresses[0][1]
            if ready is None:
                print(self.address, flush=True)
            else:
                ready.set()
            await self._stopped.wait()
        finally:
            await runner.cleanup()
            listener.close_all()

    # -- what it serves ---------------------------------------------------------------------------------------------

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _models(self, request: web.Request) -> web.StreamResponse:
        refused = self._refused(request)
        if refused:
            return refused
        if self.rules.mode in ("html", "redirect") and self._holds():
            return await FAULTS[self.rules.mode](Turn(request, {}, None, "", self.rules.model, 0))
        name = "another-model" if self.rules.mode == "wrong-model" else self.rules.model
        return web.json_response({"object": "list", "data": [{"id": name, "object": "model", "owned_by": "rule"}]})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.n_calls += 1
        self.heads.append(dict(request.headers))
        self.n_at_once += 1
        self.most_at_once = max(self.most_at_once, self.n_at_once)
        try:
            return self._refused(request) or await self._answered(request)
        finally:
            self.n_at_once -= 1

    async def _answered(self, request: web.Request) -> web.StreamResponse:
        raw = await request.read()
        self.asked[hashlib.sha256(raw).hexdigest()] += 1
        try:
            body: dict[str, Any] = json.loads(raw)
            text, png = _told(body)
        except (ValueError, KeyError, TypeError) as error:
            return web.json_response({"error": {"message": f"bad request: {error}"}}, status=400)
        if body["model"] != self.rules.model and self.rules.mode != "wrong-model":
            message = f"The model `{body['model']}` does not exist."
            return web.json_response({"error": {"message": message, "type": "NotFoundError"}}, status=404)
        n_call = self.n_calls
        async with self._slots:
            if self.rules.delay_s:
                await asyncio.sleep(self.rules.delay_s)
            seen = None if self.rules.mode == "blind" else png
            words = answer(self._asked(body, text, seen))
        turn = Turn(request, body, png, words, self.rules.model, n_call, self.rules.poison)
        if self.rules.mode and self._holds():
            return await FAULTS[self.rules.mode](turn)
        return finished(turn, words)

    def _asked(self, body: dict[str, Any], text: str, png: bytes | None) -> Asked:
        form = body.get("response_format", {}).get("json_schema", {}).get("schema")
        seed = 0 if body.get("temperature") == 0 else int(body.get("seed") or 0)
        earlier = tuple(str(one["content"]) for one in body["messages"] if one["role"] == "assistant")
        return Asked(text, png, form, seed + self.rules.seed, self.rules.error_share, earlier)

    def _holds(self) -> bool:
        return self.rules.n_faults is None or self.n_calls <= self.rules.n_faults

    def _refused(self, request: web.Request) -> web.Response | None:
        if not self.rules.key or request.headers.get("Authorization") == f"Bearer {self.rules.key}":
            return None
        told = request.headers.get("Authorization", "nothing")
        return web.json_response({"error": {"message": f"wrong key: {told}"}}, status=401)


def _told(body: dict[str, Any]) -> tuple[str, bytes | None]:
    """The text of the last user turn, with what the system said before it, and the picture that was shown last.

    Pictures of earlier turns are looked at as closely: what is no picture is refused wherever it stands.
    """
    system = [one["content"] for one in body["messages"] if one["role"] == "system"]
    turns = [_parts(one["content"]) for one in body["messages"] if one["role"] == "user"]
    texts, pictures = turns[-1][0], [one for _, some in turns for one in some]
    return "\n".join([*system, *texts]), pictures[-1] if pictures else None


def _parts(content: str | list[dict[str, Any]]) -> tuple[list[str], list[bytes]]:
    """The texts and the pictures of a turn."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    pictures, texts = list[bytes](), list[str]()
    for part in parts:
        if part["type"] == "image_url":
            head, _, packed = part["image_url"]["url"].partition(",")
            if head != "data:image/png;base64":
                raise ValueError("a picture comes as data:image/png;base64")
            try:
                pictures.append(base64.b64decode(packed, validate=True))
            except binascii.Error as error:
                raise ValueError(f"the picture is no base64: {error}") from error
        else:
            texts.append(part["text"])
    return texts, pictures


def main(words: Sequence[str] | None = None) -> None:
    """Read the command line, serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m curation.asking.rule_server", description=__doc__.split("\n\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--model", default=MODEL)
    parser.add_argument("--mode", default="", choices=["", *sorted(FAULTS)])
    parser.add_argument("--n-faults", type=int, help="the mode holds for so many calls only")
    parser.add_argument("--delay-s", type=float, default=0.0)
    parser.add_argument("--slots", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--error-share", type=float, default=0.05)
    parser.add_argument("--poison", default="", help="how the SHA-256 of the poisonous picture begins")
    chosen = vars(parser.parse_args(words))
    server = RuleServer(port=chosen.pop("port"), **chosen)
    try:
        asyncio.run(server.run())
    except OSError as error:
        sys.exit(f"cannot listen on port {server.port}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
