"""Which request goes to which server, and when: as many in flight as each bears, and again what may pass.

busy (429, 503)            the server is left in peace for as long as it says, then gets fewer at a time
broken (5xx), a timeout    this request again, later; spent: if a canary lives, it ends with its problem
gone (refused, reset)      nothing is sent until a canary lives; gone for too long: ModelError
"""

import asyncio
import io
import random
import time
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache

from PIL import Image

from curation.asking.exchange import Exchange, Failure
from curation.asking.request import Reply, Request
from schemas.errors import ModelError

N_BAD_IN_A_ROW = 8  # failures with no success between them: ask a canary before asking more
MAX_BACKOFF_S = 20.0
TIMEOUTS = 2  # attempts at a request that runs out of its deadline; more would take hours
UNREADABLES = 2
BUSY_FOR_EACH_ATTEMPT = 5  # "slower" is about the server more than about the request
PROBLEM = {"busy": "server-error", "broken": "server-error", "gone": "server-error", "timeout": "timeout",
           "unreadable": "unreadable-body"}  # fmt: skip
CANARY = "What does the picture show? Answer in a few words."


@dataclass(frozen=True)
class Limits:
    """How much a server is asked at once, how often a request is tried, how long a server may be away."""

    in_flight: int
    attempts: int
    patience_s: float
    backoff_s: float


@dataclass
class _Ticket:
    """A request on its way, and how it fared."""

    request: Request
    failures: list[Failure] = field(default_factory=list)

    def is_spent(self, attempts: int) -> bool:
        kinds = [failure.kind for failure in self.failures]
        n_timeouts, n_unreadable, n_busy = (kinds.count(kind) for kind in ("timeout", "unreadable", "busy"))
        return (
            n_timeouts >= min(TIMEOUTS, attempts)
            or n_unreadable >= min(UNREADABLES, attempts)
            or n_busy >= BUSY_FOR_EACH_ATTEMPT * attempts
            or len(kinds) - n_busy >= attempts
        )


@dataclass
class _Server:
    """A server, what waits for it, and how much of it it is given at a time."""

    exchange: Exchange
    most: int
    waiting: deque[_Ticket] = field(default_factory=deque)
    n_running: int = 0
    room: float = 0.0
    n_bad: int = 0
    not_before: float = 0.0
    last_good: float = field(default_factory=time.monotonic)
    is_dead: bool = False
    canary: asyncio.Task[bool] | None = None

    def __post_init__(self) -> None:
        self.room = float(self.most)

    @property
    def is_open(self) -> bool:
        """Whether another request may go out now."""
        at_rest = self.canary is None and not self.is_dead and time.monotonic() >= self.not_before
        return at_rest and self.n_running < int(self.room)

    def went_well(self) -> None:
        self.n_bad, self.last_good = 0, time.monotonic()
        self.room = min(self.most, self.room + 1.0)

    def is_busy(self, pause_s: float) -> None:
        now = time.monotonic()
        if now >= self.not_before:  # once for all that were in flight together
            self.room = max(1.0, self.room / 2)
        self.not_before = max(self.not_before, now + pause_s)


class Dispatch:
    """Asks every request once of some server, in their order as far as failures allow."""

    def __init__(self, exchanges: Sequence[Exchange], requests: Sequence[Request], limits: Limits) -> None:
        self._limits = limits
        self._servers = [_Server(exchange, limits.in_flight) for exchange in exchanges]
        for request in requests:
            # By key, so that a request finds the server that has seen it before; idle servers help busy ones.
            self._servers[int(request.key[:8], 16) % len(exchanges)].waiting.append(_Ticket(request))
        self._n_left = len(requests)
        self._done: deque[Reply] = deque()
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._error: BaseException | None = None

    async def replies(self) -> AsyncGenerator[Reply, None]:
        """Each reply as it comes. Raises ModelError when all servers are gone, or one is not what it should be."""
        try:
            while self._n_left:
                self._wake.clear()
                self._send()
                if not self._done:
                    await self._woken()
                while self._done:
                    self._n_left -= 1
                    yield self._done.popleft()
                if self._error is not None:
                    raise self._error
        finally:
            under_way = [*self._tasks, *(server.canary for server in self._servers if server.canary)]
            for task in under_way:
                task.cancel()
            await asyncio.gather(*under_way, return_exceptions=True)

    async def _woken(self) -> None:
        """Wait until something has happened, or a server has been left in peace for long enough."""
        now = time.monotonic()
        pauses = [server.not_before - now for server in self._servers if server.not_before > now]
        with suppress(TimeoutError):
            async with asyncio.timeout(min(pauses) + 0.001 if pauses else None):
                await self._wake.wait()

    def _send(self) -> None:
        for server in self._servers:
            while server.is_open and (ticket := self._next(server)):
                server.n_running += 1
                self._start(self._ask(server, ticket))

    def _next(self, server: _Server) -> _Ticket | None:
        if server.waiting:
            return server.waiting.popleft()
        longest = max(self._servers, key=lambda one: len(one.waiting))
        # From a server that lives only what it cannot take at once, so that it keeps what it has seen before.
        spare = len(longest.waiting) - (0 if longest.is_dead or longest.canary else int(longest.room) // 2)
        return longest.waiting.pop() if spare > 0 else None

    def _start(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._error = self._error or task.exception()
        self._wake.set()

    async def _ask(self, server: _Server, ticket: _Ticket) -> None:
        try:
            got = await server.exchange.ask(ticket.request)
        finally:
            server.n_running -= 1
        if isinstance(got, Reply):
            server.went_well()
            self._done.append(got)
            return
        ticket.failures.append(got)
        server.n_bad += got.kind != "busy"
        if got.kind in ("busy", "timeout"):  # too many at a time make all of them late
            server.is_busy(self._pause_s(got, len(ticket.failures)))
        is_long_bad = time.monotonic() - server.last_good > self._limits.patience_s
        must_prove = got.kind == "gone" or server.n_bad >= N_BAD_IN_A_ROW or is_long_bad
        if ticket.is_spent(self._limits.attempts):
            await self._spent(server, ticket)
        elif got.kind == "busy" or must_prove:
            server.waiting.appendleft(ticket)
            if must_prove:
                await self._is_alive(server, ticket.request)
        else:
            self._again(server, ticket, self._pause_s(got, len(ticket.failures)))

    async def _spent(self, server: _Server, ticket: _Ticket) -> None:
        """The request has had its attempts: is it the request, or the server?"""
        if not await self._is_alive(server, ticket.request):
            server.waiting.appendleft(ticket)  # for another server, where there is one
            return
        last = ticket.failures[-1]
        detail = f"{last.detail} (attempt {len(ticket.failures)}; the server answers others)"
        self._done.append(Reply(ticket.request.key, last.text, PROBLEM[last.kind], detail))

    async def _is_alive(self, server: _Server, request: Request) -> bool:
        """Whether the server answers a canary, within the time it may be away; asked by one for all who wait."""
        if server.is_dead:
            return False
        if server.canary is None:
            server.canary = asyncio.create_task(self._prove(server, request))
        return await asyncio.shield(server.canary)

    async def _prove(self, server: _Server, request: Request) -> bool:
        until, n_tries, why = time.monotonic() + self._limits.patience_s, 0, ""
        try:
            while True:
                got = await server.exchange.ask(_canary(request))
                if isinstance(got, Reply) and got.problem in (None, "truncated", "empty", "refused-by-server"):
                    if n_tries:
                        await self._check_models(server, request)
                        server.room = 1.0  # it has just come back, perhaps from what one of ours did to it
                    server.n_bad, server.not_before, server.last_good = 0, 0.0, time.monotonic()
                    return True
                why = got.detail
                left_s = until - time.monotonic()
                if left_s <= 0:
                    break
                n_tries += 1
                pause_s = self._pause_s(got if isinstance(got, Failure) else None, n_tries)
                await asyncio.sleep(min(pause_s, left_s))
            self._bury(server, why)
            return False
        finally:
            server.canary = None
            self._wake.set()

    async def _check_models(self, server: _Server, request: Request) -> None:
        models = await server.exchange.models()
        if not isinstance(models, Failure) and request.served.model not in models:
            there = ", ".join(sorted(models))
            raise ModelError(f"{server.exchange.server} came back with {there}, not with {request.served.model!r}")

    def _bury(self, server: _Server, why: str) -> None:
        server.is_dead = True
        if all(one.is_dead for one in self._servers):
            where = ", ".join(one.exchange.server for one in self._servers)
            self._error = self._error or ModelError(
                f"{where}: no usable answer for {self._limits.patience_s:g} s ({why}); {self._n_left:,} requests are "
                "left; start the server and run this again: it goes on from here"
            )

    # -- time -------------------------------------------------------------------------------------------------------

    def _pause_s(self, failure: Failure | None, n_tries: int) -> float:
        backoff_s = min(self._limits.backoff_s * 2 ** (n_tries - 1), MAX_BACKOFF_S)
        jittered = backoff_s * random.uniform(0.5, 1.0)  # when a request goes out decides nothing of what is made
        told_s = failure.retry_after_s if failure is not None else None
        return jittered if told_s is None else told_s + 0.1 * jittered

    def _again(self, server: _Server, ticket: _Ticket, pause_s: float) -> None:
        def put_back() -> None:
            server.waiting.appendleft(ticket)
            self._wake.set()

        asyncio.get_running_loop().call_later(pause_s, put_back)


def _canary(request: Request) -> Request:
    """A request like this one in model and form, that no one's words or pixels can spoil."""
    sampling = replace(request.sampling, temperature=0.0, max_tokens=16, seed=0)
    png = _grey_png() if request.png is not None else None
    return replace(request, system="", text=CANARY, png=png, examples=(), sampling=sampling)


@lru_cache(maxsize=1)
def _grey_png() -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (64, 64), (128, 128, 128)).save(sink, "PNG")
    return sink.getvalue()
