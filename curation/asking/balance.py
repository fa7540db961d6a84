"""Several servers behind one address: each request goes to the one with the fewest under way."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web

MAX_BODY_BYTES = 64 * 2**20
LEFT_OUT_S = 5.0  # a server that did not take a connection is not tried again for so long
OF_THE_HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "host", "content-length"}


@dataclass
class _Back:
    """A server behind the address."""

    address: str
    n_in_flight: int = 0
    out_until: float = 0.0


class Balance:
    """An HTTP server in a thread of its own. A server behind it that takes no connection is left out while others do.

    Args:
        backs: Their addresses, without /v1.
        host: Where to listen.
        port: 0: one that is free.
        key: Of the servers behind, where it is not the one that the client sends.
    """

    def __init__(self, backs: Sequence[str], host: str = "127.0.0.1", port: int = 0, key: str | None = None) -> None:
        self.backs = [_Back(address) for address in backs]
        self.address = ""
        self._host, self._port, self._key = host, port, key
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        # No deadline here: the client has one, and when it goes away so does its request behind.
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        self._session = aiohttp.ClientSession(
            timeout=timeout, connector=aiohttp.TCPConnector(limit=0), auto_decompress=False, trust_env=False
        )
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/health", self._health)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.address = f"http://{'127.0.0.1' if host in ('0.0.0.0', '::') else host}:{port}"

    async def _close(self) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _health(self, request: web.Request) -> web.Response:
        """Whether any server behind is well."""
        for back in self.backs:
            try:
                async with self._session.get(f"{back.address}/health") as reply:
                    if reply.status == HTTPStatus.OK:
                        return web.Response()
            except aiohttp.ClientError:
                continue
        return web.Response(status=503)

    async def _pass_on(self, request: web.Request) -> web.StreamResponse:
        sent = await request.read()
        for back in self._in_turn():
            back.n_in_flight += 1
            try:
                answer = await self._asked(back, request, sent)
            finally:
                back.n_in_flight -= 1
            if answer is not None:
                return answer
            back.out_until = self._loop.time() + LEFT_OUT_S
        error = {"error": {"message": "no server behind this address takes a connection", "type": "unavailable"}}
        return web.json_response(error, status=503, headers={"Retry-After": "2"})

    def _in_turn(self) -> list[_Back]:
        """Those that take connections, the least busy first; then, as a last resort, those that did not."""
        now = self._loop.time()
        return sorted(self.backs, key=lambda back: (back.out_until > now, back.n_in_flight))

    async def _asked(self, back: _Back, request: web.Request, sent: bytes) -> web.StreamResponse | None:
        """The answer, passed on as it comes; None where the server went away before it began one."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in OF_THE_HOP}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        answer: web.StreamResponse | None = None
        try:
            async with self._session.request(
                request.method, f"{back.address}{request.rel_url}", data=sent, headers=headers, allow_redirects=False
            ) as reply:
                kept = {name: value for name, value in reply.headers.items() if name.lower() not in OF_THE_HOP}
                answer = web.StreamResponse(status=reply.status, reason=reply.reason, headers=kept)
                if reply.content_length is not None:
                    answer.content_length = reply.content_length
                await answer.prepare(request)
                async for piece in reply.content.iter_any():
                    await answer.write(piece)
        except aiohttp.ClientError:
            if answer is None:
                return None
            if request.transport is not None:
                request.transport.abort()  # half an answer must not look like a whole one
            raise
        return answer
