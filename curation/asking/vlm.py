"""How a served model is asked: each request once, its reply kept before anything is made of it.

    reply = in the store?  yes: replayed, with no server
                           no:  asked, with as many in flight as the server bears, until it is answered or given up

A reply that came to nothing is kept as well, with its problem: a rebuild gives the same bytes. What concerns a single
request ends as its reply's `problem`; what concerns the server raises ModelError.
"""

import asyncio
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from curation.asking.replies import Ledger, Replies, replies
from curation.asking.request import Reply, Request, Served
from schemas.addresses import is_web_address, server_address
from schemas.addresses import shown as _shown
from schemas.errors import ModelError, RecipeError

if TYPE_CHECKING:  # the client is slow to import, and most builds ask nothing
    from curation.asking.dispatch import Limits
    from curation.asking.exchange import Exchange

N_TOLD = 50  # an ask of so many is told of
N_SAVED = 16  # replies written together …
SAVED_S = 2.0  # … or all there are, every so often


@dataclass(frozen=True)
class Asker:
    """Where a model is served and where its replies are kept. Part of no recipe."""

    servers: tuple[str, ...]
    """Addresses such as http://127.0.0.1:8000/v1; none: only what the store has."""
    place: str
    """Of the store."""
    in_flight: int = 32
    """Requests at a time, for each server and process."""
    deadline_s: float = 300.0
    """Of a whole request, from sending to the last byte."""
    attempts: int = 6
    patience_s: float = 300.0
    """How long a server may be away before the run stops."""
    backoff_s: float = 0.5
    """Before the second attempt; doubled for each one more."""

    def __post_init__(self) -> None:
        """Refuse an address that is none."""
        wrong = [server for server in self.servers if not is_web_address(server)]
        if wrong:
            raise RecipeError(f"--server {_shown(wrong[0])}: not an address; it looks like http://127.0.0.1:8000/v1")
        for server in self.servers:
            server_address(server)

    def ask(self, requests: Sequence[Request]) -> list[Reply]:
        """The replies, in the order of the requests.

        Raises ModelError when the server is gone, is another one, or is needed and not named.
        """
        by_model: dict[Served, dict[str, Request]] = {}
        for request in requests:
            by_model.setdefault(request.served, {}).setdefault(request.key, request)
        found: dict[str, Reply] = {}
        for served, wanted in by_model.items():
            n_asked = sum(request.served == served for request in requests)
            found |= self._ask_model(served, wanted, n_asked)
        return [found[request.key] for request in requests]

    def missing(self, requests: Sequence[Request]) -> list[Request]:
        """Those whose replies the store does not have, each once, in order."""
        by_model: dict[Served, dict[str, Request]] = {}
        for request in requests:
            by_model.setdefault(request.served, {}).setdefault(request.key, request)
        there = {key for served, wanted in by_model.items() for key in replies(self.place, served).find(wanted)}
        return [one for wanted in by_model.values() for one in wanted.values() if one.key not in there]

    def _ask_model(self, served: Served, wanted: dict[str, Request], n_requests: int) -> dict[str, Reply]:
        kept = replies(self.place, served)
        found = kept.find(wanted)
        missing = [request for key, request in wanted.items() if key not in found]
        if missing and not self.servers:
            raise ModelError(
                f"{len(missing):,} of {n_requests:,} replies of {served.model} ({served.revision}) are not in the "
                f"store {_shown(self.place)}, and no server is named: give --server http://HOST:PORT/v1, or set "
                "RADIO_SERVER"
            )
        started, asked = time.monotonic(), list[Reply]()
        try:
            if missing:
                kept.count(Ledger())  # a store that takes nothing is told before anything is spent
                asyncio.run(self._ask_servers(served, missing, kept, asked))
        finally:
            kept.settle()
            wall_s = time.monotonic() - started if missing else 0.0
            ledger = _ledger(n_requests if len(asked) == len(missing) else len(asked), asked, wall_s)
            kept.count(ledger)
        if missing and n_requests >= N_TOLD:
            _tell(served, ledger)
        # Looked up again: where two processes asked the same thing, both go on with the reply that came first.
        if missing:
            again = kept.find(request.key for request in missing)
            found |= {key: replace(reply, is_cached=False) for key, reply in again.items()}
        return found

    async def _ask_servers(self, served: Served, missing: list[Request], kept: Replies, asked: list[Reply]) -> None:
        from curation.asking.dispatch import Dispatch
        from curation.asking.exchange import Exchange

        exchanges = [Exchange(server, self.deadline_s, self.in_flight) for server in dict.fromkeys(self.servers)]
        saver = _Saver(kept)
        try:
            serving = await self.serving(served, exchanges)
            async with aclosing(Dispatch(serving, missing, self.limits).replies()) as answered:
                async for reply in answered:
                    asked.append(reply)
                    saver.add(reply)
        finally:
            await saver.close()
            for exchange in exchanges:
                await exchange.close()

    @property
    def limits(self) -> "Limits":
        """What the dispatch goes by."""
        from curation.asking.dispatch import Limits

        return Limits(self.in_flight, self.attempts, self.patience_s, self.backoff_s)

    async def serving(self, served: Served, exchanges: "list[Exchange]") -> "list[Exchange]":
        """Those that serve the model now; waits, within bounds, while none of them answers."""
        from curation.asking.exchange import Failure

        until, pause_s, is_told = time.monotonic() + self.patience_s, self.backoff_s, False
        while True:
            said = await asyncio.gather(*(exchange.models() for exchange in exchanges))
            names = [(one, got) for one, got in zip(exchanges, said, strict=True) if not isinstance(got, Failure)]
            fit = [exchange for exchange, models in names if served.model in models]
            away = [f"{one.server}: {got.detail}" for one, got in zip(exchanges, said, strict=True)
                    if isinstance(got, Failure)]  # fmt: skip
            if fit:
                return fit
            if names and not away:
                there = "; ".join(f"{one.server} serves {', '.join(sorted(models))}" for one, models in names)
                raise ModelError(f"no server serves {served.model!r}: {there}; name one of those, or another server")
            if time.monotonic() >= until:
                raise ModelError(
                    f"{'; '.join(away)}: no answer within {self.patience_s:g} s; start the server and run this again: "
                    "it goes on from here"
                )
            if not is_told:
                is_told = True
                say(f"waiting up to {self.patience_s:g} s for {'; '.join(away)}")
            await asyncio.sleep(min(pause_s, max(0.0, until - time.monotonic())))
            pause_s = min(2 * pause_s, 10.0)


class _Saver:
    """Writes replies a few at a time, beside the asking."""

    def __init__(self, kept: Replies) -> None:
        self._kept = kept
        self._waiting: list[Reply] = []
        self._wake, self._is_closed = asyncio.Event(), False
        self._task = asyncio.create_task(self._run())

    def add(self, reply: Reply) -> None:
        self._waiting.append(reply)
        if len(self._waiting) >= N_SAVED:
            self._wake.set()
        if self._task.done():
            self._task.result()  # a store that cannot be written stops the asking

    async def close(self) -> None:
        self._is_closed = True
        self._wake.set()
        await self._task

    async def _run(self) -> None:
        while self._waiting or not self._is_closed:
            with suppress(TimeoutError):
                async with asyncio.timeout(SAVED_S):
                    await self._wake.wait()
            if not self._is_closed:
                self._wake.clear()
            several, self._waiting = self._waiting, []
            await asyncio.to_thread(self._kept.keep, several)


def _ledger(n_requests: int, asked: Sequence[Reply], wall_s: float) -> Ledger:
    return Ledger(
        n_requests=n_requests, n_hits=n_requests - len(asked), n_asked=len(asked),
        n_problems=sum(reply.problem is not None for reply in asked),
        n_prompt_tokens=sum(reply.n_prompt_tokens for reply in asked),
        n_completion_tokens=sum(reply.n_completion_tokens for reply in asked),
        request_s=round(sum(reply.seconds for reply in asked), 3), wall_s=round(wall_s, 3),
    )  # fmt: skip


def _tell(served: Served, ledger: Ledger) -> None:
    speed = ledger.n_completion_tokens / ledger.wall_s if ledger.wall_s else 0.0
    say(
        f"{served.model}: {ledger.n_requests:,} requests, {ledger.n_hits:,} from the store, {ledger.n_asked:,} asked "
        f"in {ledger.wall_s:,.1f} s ({ledger.n_prompt_tokens:,} tokens in, {ledger.n_completion_tokens:,} out, "
        f"{speed:,.0f}/s), {ledger.n_problems:,} with a problem"
    )


def say(text: str) -> None:
    """One line for a person who waits."""
    print(text, file=sys.stderr, flush=True)
