"""A page of ours: served on 127.0.0.1 to whoever has its address, which holds a key.

What tables, files and models say goes out as JSON alone and is put into the page as text; no script runs but the
page's own. A request with another host, without the key, or one from another page that would change something is
refused.
"""

import asyncio
import hmac
import json
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from schemas.errors import CorpusError, RecipeError

HERE = Path(__file__).parent
SHARED = {"common.css": "text/css", "common.js": "text/javascript", "sky.js": "text/javascript"}
OWN = {"page.css": "text/css", "page.js": "text/javascript"}
MOST_BYTES = 64 * 1024
SENT = ("application/json", "application/octet-stream")
"""Kinds of bodies that a form of another page cannot send without asking first."""
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Page:
    """A page to be served: page.html, page.css and page.js of a folder, and what these ask for."""

    name: str
    """Of its cookie, with the port: pages on one machine do not take each other's."""
    folder: Path
    routes: Sequence[web.RouteDef]
    most_bytes: int = MOST_BYTES
    """Of the body of a request."""


class Served:
    """`async with Served(page, port) as address`: the page, at an address that holds its key."""

    def __init__(self, page: Page, port: int = 0) -> None:
        """`port`: 0 for one that is free."""
        self.page, self.port, self.key = page, port, secrets.token_urlsafe(24)

    async def __aenter__(self) -> str:
        """Start to listen; gives the address. Raises RecipeError where the port is taken."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", self.port))
        except OSError as error:
            listening.close()
            raise RecipeError(f"--port {self.port}: {error.strerror}; 0 takes one that is free") from None
        port = listening.getsockname()[1]
        self.runner = web.AppRunner(_Guarded(self.page, self.key, port).application(), access_log=None)
        await self.runner.setup()
        await web.SockSite(self.runner, listening).start()
        return f"http://127.0.0.1:{port}/?key={self.key}"

    async def __aexit__(self, *_: object) -> None:
        """Stop to listen."""
        await self.runner.cleanup()


def json_of(said: object) -> web.Response:
    """An answer; what is no number in JSON is refused."""
    return web.Response(text=json.dumps(said, allow_nan=False), content_type="application/json")


async def object_in(request: web.Request) -> dict[str, Any]:
    """The JSON object that a request brings. Raises RecipeError for anything else."""
    try:
        said = await request.json()
    except (ValueError, RecursionError):
        raise RecipeError("expected JSON") from None
    if not isinstance(said, dict):
        raise RecipeError("expected an object")
    return said


def validated(model: type[Model], said: object) -> Model:
    """What a page sent as a model has it. Raises RecipeError, one line, for what it does not take."""
    try:
        return model.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RecipeError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def place_in_list(query: Mapping[str, str]) -> int:
    """From which row on a page wants a list: `start` of its query. Raises RecipeError for what is no number."""
    start = query.get("start", "0")
    if not start.isascii() or not start.isdigit():
        raise RecipeError(f"start {start!r:.40}: expected a number")
    return int(start)


async def until_stopped() -> None:
    """Wait for ctrl-C."""
    await asyncio.Event().wait()


class _Guarded:
    """A page behind its key; `port` and `key` are those of the address that was printed."""

    def __init__(self, page: Page, key: str, port: int) -> None:
        self.page, self.key, self.cookie = page, key, f"{page.name}-{port}"
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    def application(self) -> web.Application:
        made = web.Application(middlewares=[self._guarded()], client_max_size=self.page.most_bytes)
        made.add_routes([web.get("/", self._first), web.get("/{name}", self._asset), *self.page.routes])
        return made

    async def _first(self, request: web.Request) -> web.StreamResponse:
        """The page; with the key in the address a cookie is set once, so that no history of a browser holds it."""
        if "key" in request.query:
            answer = web.Response(status=303, headers={"Location": "/"})
            answer.set_cookie(self.cookie, self.key, httponly=True, samesite="Strict", path="/")
            return answer
        return _file(self.page.folder / "page.html", "text/html")

    async def _asset(self, request: web.Request) -> web.StreamResponse:
        """Scripts and styles."""
        name = request.match_info["name"]
        if name == "favicon.ico":  # browsers ask for one
            return web.Response(status=204)
        if name in SHARED:
            return _file(HERE / name, SHARED[name])
        if name not in OWN:
            raise web.HTTPNotFound
        return _file(self.page.folder / name, OWN[name])

    def _guarded(self) -> Any:
        @web.middleware
        async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
            try:
                self._check(request)
                answer = await handler(request)
            except web.HTTPException as error:
                answer = web.json_response({"error": error.reason}, status=error.status)
            except CorpusError as error:
                answer = web.json_response({"error": str(error)}, status=400)
            answer.headers.update(HEADERS)
            return answer

        return guarded

    def _check(self, request: web.Request) -> None:
        """Raise HTTPForbidden for another host, a wrong key, or something to be changed that another page sends."""
        if request.host not in self.hosts:
            raise web.HTTPForbidden(reason="another host was asked for")
        given = request.query.get("key") or request.cookies.get(self.cookie) or ""
        if not hmac.compare_digest(given.encode(), self.key.encode()):
            raise web.HTTPForbidden(reason="the address that was printed has a key; open that one")
        if request.method not in ("GET", "HEAD"):
            is_own = request.headers.get("Origin") in [f"http://{host}" for host in self.hosts]
            if not is_own or request.content_type not in SENT or "key" in request.query:
                raise web.HTTPForbidden(reason="only this page itself may change something")


def _file(path: Path, kind: str) -> web.Response:
    return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8")
