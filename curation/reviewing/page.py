"""The page of `review`: served on 127.0.0.1 to whoever has its address, which holds a key.

Names, answers and notes go out as JSON alone and are put into the page as text; no script runs but the page's own. A
request with another host, without the key, or a decision from another page is refused.
"""

import asyncio
import hmac
import json
import secrets
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from curation.reviewing.desk import Desk
from curation.reviewing.room import Room
from schemas.errors import CorpusError, RecipeError

HERE = Path(__file__).parent
ASSETS = {"page.css": "text/css", "page.js": "text/javascript"}
MOST_BYTES = 64 * 1024
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Pages:
    """The routes to a room; `port` and `key` are those of the address that was printed."""

    def __init__(self, room: Room, key: str, port: int) -> None:
        """Of one address."""
        self.room, self.key, self.cookie = room, key, f"review-{port}"
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    def application(self) -> web.Application:
        """All of it, guarded."""
        made = web.Application(middlewares=[self._guarded()], client_max_size=MOST_BYTES)
        made.add_routes(
            [
                web.get("/", self.page),
                web.get("/{name}", self.asset),
                web.get("/api/queue", self.queue),
                web.get("/api/sample/{id}", self.sample),
                web.get("/api/pixels/{id}", self.pixels),
                web.get("/api/picture/{id}", self.picture),
                web.post("/api/decide", self.decide),
            ]
        )
        return made

    async def page(self, request: web.Request) -> web.StreamResponse:
        """The page; with the key in the address a cookie is set once, so that no history of a browser holds it."""
        if "key" in request.query:
            answer = web.Response(status=303, headers={"Location": "/"})
            answer.set_cookie(self.cookie, self.key, httponly=True, samesite="Strict", path="/")
            return answer
        return _file("page.html", "text/html")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """Its script and its style."""
        name = request.match_info["name"]
        if name == "favicon.ico":  # browsers ask for one
            return web.Response(status=204)
        if name not in ASSETS:
            raise web.HTTPNotFound
        return _file(name, ASSETS[name])

    async def queue(self, request: web.Request) -> web.StreamResponse:
        """`Room.queue`."""
        start = request.query.get("start", "0")
        if not start.isascii() or not start.isdigit():
            raise RecipeError(f"start {start!r:.40}: expected a number")
        return _json(await asyncio.to_thread(self.room.queue, request.query.get("view", "all"), int(start)))

    async def sample(self, request: web.Request) -> web.StreamResponse:
        """`Room.sample`."""
        return _json(await asyncio.to_thread(self.room.sample, request.match_info["id"]))

    async def pixels(self, request: web.Request) -> web.StreamResponse:
        """`Room.pixels`."""
        body = await asyncio.to_thread(self.room.pixels, request.match_info["id"])
        return web.Response(body=body, content_type="application/octet-stream")

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """`Room.picture`."""
        body = await asyncio.to_thread(self.room.picture, request.match_info["id"])
        return web.Response(body=body, content_type="image/png")

    async def decide(self, request: web.Request) -> web.StreamResponse:
        """`Room.decide`."""
        try:
            said = await request.json()
        except (ValueError, RecursionError):
            raise RecipeError("expected JSON") from None
        if not isinstance(said, dict):
            raise RecipeError("expected an object")
        return _json(await asyncio.to_thread(self.room.decide, said))

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
        """Raise HTTPForbidden for another host, a wrong key, or a decision that another page sends."""
        if request.host not in self.hosts:
            raise web.HTTPForbidden(reason="another host was asked for")
        given = request.query.get("key") or request.cookies.get(self.cookie) or ""
        if not hmac.compare_digest(given.encode(), self.key.encode()):
            raise web.HTTPForbidden(reason="the address that was printed has a key; open that one")
        if request.method not in ("GET", "HEAD"):
            is_own = request.headers.get("Origin") in [f"http://{host}" for host in self.hosts]
            if not is_own or request.content_type != "application/json" or "key" in request.query:
                raise web.HTTPForbidden(reason="decisions come from this page alone")


def serve(desk: Desk, reviewer: str, port: int, *, say: Callable[[str], None]) -> None:
    """Serve until ctrl-C or SIGTERM. Raises RecipeError where the port is taken."""
    asyncio.run(_serve(Room(desk, reviewer), port, say))


async def _serve(room: Room, port: int, say: Callable[[str], None]) -> None:
    async with Served(room, port) as address:
        say(f"{room.reviewer} reviews {room.desk.corpus.name}, {len(room.desk.queue):,} conversations: {address}")
        say("whoever has this address decides as you; ctrl-C ends it, and all that was decided is kept")
        await asyncio.Event().wait()


class Served:
    """`async with Served(room, port) as address`: the page, at an address that holds its key."""

    def __init__(self, room: Room, port: int = 0) -> None:
        """`port`: 0 for one that is free."""
        self.room, self.port, self.key = room, port, secrets.token_urlsafe(24)

    async def __aenter__(self) -> str:
        """Start to listen; gives the address."""
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", self.port))
        except OSError as error:
            raise RecipeError(f"--port {self.port}: {error.strerror}; 0 takes one that is free") from None
        port = listening.getsockname()[1]
        self.runner = web.AppRunner(Pages(self.room, self.key, port).application(), access_log=None)
        await self.runner.setup()
        await web.SockSite(self.runner, listening).start()
        return f"http://127.0.0.1:{port}/?key={self.key}"

    async def __aexit__(self, *_: object) -> None:
        """Stop to listen."""
        await self.runner.cleanup()


def _file(name: str, kind: str) -> web.Response:
    return web.Response(body=(HERE / name).read_bytes(), content_type=kind, charset="utf-8")


def _json(said: object) -> web.Response:
    return web.Response(text=json.dumps(said, allow_nan=False), content_type="application/json")
