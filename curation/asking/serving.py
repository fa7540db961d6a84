"""Serving a model: replicas started here or on a cluster's nodes, waited for, checked, and put behind one address."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from secrets import token_hex
from threading import Event
from typing import Any, Protocol

from curation.asking.key import server_key
from curation.asking.launch import Launch, Serving
from curation.asking.replica import Replica, is_free, is_healthy
from curation.asking.request import Served
from curation.engine.nodes import Far, on_nodes
from schemas.errors import ModelError, RecipeError

ASK_EVERY_S = 0.5
TELL_EVERY_S = 15.0
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Child(Protocol):
    """A replica, here or on a node."""

    address: str

    def start(self, stop: Event) -> None: ...
    def state(self) -> tuple[str, str]: ...
    def has_ended(self) -> bool: ...
    def where(self) -> str: ...
    def stop(self) -> None: ...


@dataclass(frozen=True)
class Endpoint:
    """What is served, and where."""

    address: str
    """As a client wants it: with /v1."""
    served: Served
    replicas: tuple[str, ...] = ()
    logs: tuple[str, ...] = ()
    children: tuple[Child, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Place:
    """Where the one address is, and where the replicas are."""

    host: str = "127.0.0.1"
    port: int = 8000
    is_cluster: bool = False
    """Replicas on the nodes of the cluster that RAY_ADDRESS names."""
    gpus: float = 1
    """Of each replica there."""


def launch_of(served: Served, serving: Serving, python: str | None = None) -> Launch:
    """What a replica of that model is started with."""
    return Launch(served, serving.weights or served.model, serving, python, _key())


@contextmanager
def serve(
    launch: Launch, place: Place, *, stop: Event | None = None, say: Callable[[str], None] = print
) -> Iterator[Endpoint]:
    """Start the replicas, wait until each is well and is the model asked for; ends them with the block.

    Raises ModelError with the line of the log that says most where one does not come up; KeyboardInterrupt at `stop`.
    """
    stop = stop or Event()
    if place.port and not is_free(place.host, place.port):
        raise RecipeError(
            f"port {place.port} of {place.host} is taken: choose another (--port), or, where the model is served "
            f"there already, use it as it is: --server http://{place.host}:{place.port}/v1"
        )
    n = launch.serving.replicas
    with ExitStack() as held:
        children: list[Child]
        inner = None
        if place.is_cluster:
            # The nodes' servers listen on the network, so they have a key, also where the user gave none.
            inner = launch.key or token_hex(24)
            keyed = Launch(launch.served, launch.weights, launch.serving, launch.python, inner)
            far = held.enter_context(on_nodes(partial(Replica, keyed), n, gpus=place.gpus))
            children = [_OnNode(one, launch.serving.deadline_s) for one in far]
        else:
            # One replica alone is reached directly; of several the one address is in front.
            at = (place.host, place.port) if n == 1 else ("127.0.0.1", 0)
            children = [_Here(Replica(launch), *at) for _ in range(n)]
        for child in children:
            held.callback(child.stop)
        say(f"starting {n} x {launch.served.model}" + (" on the cluster's nodes" if place.is_cluster else ""))
        for child in children:
            child.start(stop)
        _await(children, launch.serving.deadline_s, stop, say)
        for child in children:
            check_identity(child.address, launch.served, inner or launch.key)
        address = children[0].address
        if n > 1 or place.is_cluster:
            from curation.asking.balance import Balance

            backs = [child.address for child in children]
            address = held.enter_context(Balance(backs, place.host, place.port, None if launch.key else inner)).address
        if place.host not in LOOPBACK and not launch.key:
            say(
                f"warning: {place.host} is no loopback address and there is no key: whoever reaches it may use the GPUs"
            )
        logs = tuple(child.where() for child in children)
        yield Endpoint(f"{address}/v1", launch.served, tuple(one.address for one in children), logs, tuple(children))


def watch(children: Sequence[Child], stop: Event, say: Callable[[str], None]) -> None:
    """Until `stop`. Tells of a replica that ends; raises ModelError when none is left."""
    living = list(children)
    while not stop.wait(1.0):
        for child in [one for one in living if one.has_ended()]:
            living.remove(child)
            line = f"the server at {child.address} ended: {child.state()[1]} (log {child.where()})"
            if not living:
                raise ModelError(line)
            say(f"{line}; {len(living)} go on")


def check_identity(address: str, served: Served, key: str | None = None) -> None:
    """Raise ModelError unless the server at the address (without /v1) is well and serves that model and revision."""
    if not is_healthy(address):
        raise ModelError(f"{address}/health does not say 200: no server there, or it is not well")
    names = _names(address, key)
    if served.model not in names:
        raise ModelError(f"{address} serves {', '.join(names) or 'nothing'}, not {served.model}")
    revisions = [name.removeprefix(f"{served.model}@") for name in names if name.startswith(f"{served.model}@")]
    if revisions and served.revision not in revisions:
        raise ModelError(
            f"{address} serves {served.model} at revision {', '.join(revisions)}; {served.revision} is wanted"
        )


@contextmanager
def use(servers: Sequence[str], served: Served, place: Place) -> Iterator[Endpoint]:
    """Servers that run already, used as they are: one under its own address, several behind one."""
    bases = [server.rstrip("/").removesuffix("/v1") for server in servers]
    for base in bases:
        check_identity(base, served, _key())
    if len(bases) == 1:
        yield Endpoint(f"{bases[0]}/v1", served, tuple(bases))
        return
    from curation.asking.balance import Balance

    if place.port and not is_free(place.host, place.port):
        raise RecipeError(f"port {place.port} of {place.host} is taken: choose another (--port)")
    with Balance(bases, place.host, place.port) as balance:
        yield Endpoint(f"{balance.address}/v1", served, tuple(bases))


# -- replicas -------------------------------------------------------------------------------------------------------


class _Here:
    """A replica on this machine."""

    def __init__(self, replica: Replica, host: str, port: int) -> None:
        self._replica, self._host, self._port = replica, host, port
        self.address = ""

    def start(self, stop: Event) -> None:
        self.address = self._replica.start(self._host, self._port)

    def state(self) -> tuple[str, str]:
        return self._replica.state()

    def has_ended(self) -> bool:
        return self._replica.has_ended()

    def where(self) -> str:
        return str(self._replica.log)

    def stop(self) -> None:
        self._replica.stop()


class _OnNode:
    """A replica on a node of the cluster."""

    def __init__(self, far: Far, deadline_s: float) -> None:
        self._far, self._deadline_s = far, deadline_s
        self.address, self._said = "", ""

    def start(self, stop: Event) -> None:
        until = time.monotonic() + self._deadline_s
        while not self.address:
            try:
                self.address = self._far.call("start", self._far.node(timeout_s=ASK_EVERY_S))
            except TimeoutError:
                if stop.is_set():
                    raise KeyboardInterrupt from None
                if time.monotonic() > until:
                    raise ModelError(
                        f"the cluster has had no node with room for a replica within {self._deadline_s:g} s; "
                        "see `ray status` for its GPUs"
                    ) from None
            except ConnectionError as error:
                raise ModelError(f"a replica's worker died: {error}") from None

    def state(self) -> tuple[str, str]:
        try:
            state, self._said = self._far.call("state", timeout_s=30)
        except TimeoutError:
            return "starting", "its node is slow to answer"
        except ConnectionError as error:
            return "ended", str(error)
        return state, self._said

    def has_ended(self) -> bool:
        try:
            return self._far.call("has_ended", timeout_s=30)
        except TimeoutError:
            return False
        except ConnectionError:
            return True

    def where(self) -> str:
        try:
            return self._far.call("where", timeout_s=30)
        except (TimeoutError, ConnectionError):
            return "on its node"

    def stop(self) -> None:
        try:
            self._far.call("stop", timeout_s=40)
        except (TimeoutError, ConnectionError):
            return


def _await(children: Sequence[Child], deadline_s: float, stop: Event, say: Callable[[str], None]) -> None:
    started = told = time.monotonic()
    waiting = list(children)
    while waiting:
        if stop.wait(ASK_EVERY_S):
            raise KeyboardInterrupt
        passed = time.monotonic() - started
        said = ""
        for child in list(waiting):
            state, said = child.state()
            if state == "ended":
                raise ModelError(f"the server at {child.address} did not start: {said} (log {child.where()})")
            if state == "ready":
                waiting.remove(child)
                say(f"{child.address} is ready after {passed:.0f} s")
        if waiting and passed > deadline_s:
            raise ModelError(
                f"the server at {waiting[0].address} was not ready within {deadline_s:g} s: {said} "
                f"(log {waiting[0].where()})"
            )
        if waiting and time.monotonic() - told > TELL_EVERY_S:
            told = time.monotonic()
            say(f"waiting for {len(waiting)} of {len(children)}, {passed:.0f} s of {deadline_s:g}: {said[:160]}")


def _names(address: str, key: str | None) -> list[str]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    asked = urllib.request.Request(f"{address}/v1/models", headers=headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(asked, timeout=30) as reply:
            answer: Any = json.loads(reply.read(2**20))
        return [str(one["id"]) for one in answer["data"]]
    except urllib.error.HTTPError as error:
        hint = "; set RADIO_SERVER_KEY, or RADIO_SERVER_KEY_FILE, to its key" if error.code in (401, 403) else ""
        raise ModelError(f"{address}/v1/models: HTTP {error.code}{hint}") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{address}/v1/models gives no list of models: {type(error).__name__}") from None


def _key() -> str | None:
    key = server_key()
    return None if key == "none" else key
