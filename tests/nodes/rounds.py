"""A round: an empty store in an object store, a build on three nodes, of which one is killed and one is slow.

What a round does follows from the seed and its number; how far the build is by then does not.
"""

import os
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.faults import asked, building, compare, planted, real_ray
from tests.faults.building import Ended
from tests.faults.kinds import ASKING, BEGUN, TABLES
from tests.faults.rounds import words
from tests.faults.world import World
from tests.nodes.cluster import HEAD, N_NODES, Cluster

DELAY_S = 0.3
"""Of the model's answers, so that some are always on their way."""
SLOW_S, OFF_S, ON_S = 8.0, 0.4, 0.1
AWAY_S = 16.0
"""Longer than the head waits for a silent node: it is given up, its work goes elsewhere, and then it comes back."""
ASKS_S, LOOK_S = 20.0, 0.05
HEAD_EVERY, AWAY_EVERY = 4, 3
MOST_COMMANDS = 4


@dataclass
class Harm:
    """What happens to a node, a moment after a table was begun; to which, is settled when it happens."""

    what: str
    node: int
    stage: str
    after_s: float
    has_happened: bool = False

    @property
    def told(self) -> str:
        return f"{self.what} at {self.stage}"


@dataclass
class Round:
    """What happens in a round, and what came of it."""

    number: str
    harms: list[Harm]
    seconds: float = 0.0
    n_commands: int = 0
    n_asked: int = 0
    """Requests to the model."""
    n_repeated: int = 0
    n_lost: int = 0
    """Requests whose replies nobody had kept when their process died, or was given up with its node."""
    n_busy: int = 0
    """Nodes that had workers."""
    problems: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def planned(seed: int, k: int) -> Round:
    """Round k of a seed: a node killed, another one slow or away, in every fourth round the head as well."""
    chance = Random(f"nodes-{seed}-{k}")
    killed, slow = chance.sample(range(1, N_NODES + 1), 2)
    long = [one for one in TABLES if one in ASKING]  # half of the time where a model is asked
    at = [chance.choice(long if chance.random() < 0.5 else TABLES) for _ in range(3)]
    after_s = [chance.uniform(0.0, 1.5) for _ in range(3)]
    what = "away" if k % AWAY_EVERY == AWAY_EVERY - 1 else "slow"
    harms = [Harm("killed", killed, at[0], after_s[0]), Harm(what, slow, at[1], after_s[1])]
    if k % HEAD_EVERY == HEAD_EVERY - 1:
        harms.append(Harm("head killed", HEAD, at[2], after_s[2]))
    return Round(f"{seed}.{k}", harms)


def run(world: World, cluster: Cluster, one: Round) -> None:
    """Do a round; what was found stands in it."""
    began = time.monotonic()
    folder = world.folder / f"round-{one.number}"
    shutil.rmtree(folder, ignore_errors=True)
    store = folder / "store"
    store.mkdir(parents=True)
    world.model.tell(mode="", n_faults=None, delay_s=DELAY_S, is_up=True, forget=True)
    heard = asked.Told(_pipe(cluster))
    doing = _Doing(cluster, one, folder, heard)
    n_before = {k: cluster.n_workers(k) for k in range(1, N_NODES + 1)}
    try:
        while one.n_commands < MOST_COMMANDS and not (one.said and one.said[-1].startswith("exit 0")):
            cluster.up()
            _look(world, one, store, _command(world, cluster, one, store, doing))
        doing.settle()
        _conclude(world, one, store, doing)
    finally:
        doing.settle()
        heard.close()
    one.n_busy = sum(cluster.n_workers(k) > n for k, n in n_before.items())
    one.seconds = time.monotonic() - began
    if not world.keeps:
        shutil.rmtree(folder)


class _Doing:
    """The harms of a round, done when their tables are begun."""

    def __init__(self, cluster: Cluster, one: Round, folder: Path, heard: asked.Told) -> None:
        self.cluster, self.one, self.folder, self.heard = cluster, one, folder, heard
        self.due: dict[int, float] = {}
        self.look_at = 0.0
        self.threads: list[threading.Thread] = []
        self.given_up = Counter[str]()
        """By key: requests that were on their way from a node when it was given up, or its build was."""

    def planted(self) -> list[planted.Planted]:
        """A flag is made where a table is begun."""
        return [
            planted.Planted(harm.stage, BEGUN[0], lambda _: None, self.folder / f"flag-{i}")
            for i, harm in enumerate(self.one.harms)
            if not harm.has_happened
        ]

    def meanwhile(self) -> None:
        """While a command runs: whatever is due."""
        for i, harm in enumerate(self.one.harms):
            if not harm.has_happened and (self.folder / f"flag-{i}").exists():
                due = self.due.setdefault(i, time.monotonic() + harm.after_s)
                if time.monotonic() >= due and self._is_met(harm, due):
                    harm.has_happened = True
                    self._start(WAYS[harm.what], harm.node)

    def _is_met(self, harm: Harm, due: float) -> bool:
        """Where a model is asked: a node waits for an answer; looked for now and then, and not for ever.

        It is the node that was drawn, where that one asks, else another one; none that is harmed already.
        """
        now = time.monotonic()
        others = {one.node for one in self.one.harms if one is not harm and one.has_happened}
        nodes = [harm.node, *(k for k in range(1, N_NODES + 1) if harm.node not in (k, HEAD))]
        nodes = [k for k in nodes if k not in others]
        if harm.stage in ASKING and now - due <= ASKS_S:
            if now < self.look_at:
                return False
            self.look_at = now + LOOK_S
            if not self.on_their_way():
                return False
            nodes = [k for k in nodes if k == HEAD or self.on_their_way(self.cluster.pids(k))]
        harm.node = nodes[0] if nodes else harm.node
        return bool(nodes)

    def settle(self) -> None:
        """Until nobody is slow any more."""
        for one in self.threads:
            one.join()

    def on_their_way(self, pids: set[int] | None = None) -> Counter[str]:
        """By key: requests that went out and whose replies are not kept, of all processes or of some."""
        self.heard.listen()
        return Counter(
            {
                key: did[asked.SENT] - did[asked.KEPT]
                for (process, key), did in self.heard.by_process.items()
                if did[asked.SENT] > did[asked.KEPT] and (pids is None or int(process) in pids)
            }
        )

    def _start(self, way: Callable[["_Doing", int], None], node: int) -> None:
        self.threads.append(threading.Thread(target=way, args=(self, node)))
        self.threads[-1].start()


def _killed(doing: _Doing, node: int) -> None:
    """The machine loses power, and comes back."""
    doing.cluster.kill(node)
    doing.cluster.start(node)


def _head_killed(doing: _Doing, node: int) -> None:
    """The head's machine loses power, and is back with the next command. What nodes were asking goes on unheard."""
    doing.cluster.kill(node)
    doing.given_up += doing.on_their_way()


def _slow(doing: _Doing, node: int) -> None:
    """A fifth of the speed."""
    until = time.monotonic() + SLOW_S
    while time.monotonic() < until:
        doing.cluster.signal(node, signal.SIGSTOP)
        time.sleep(OFF_S)
        doing.cluster.signal(node, signal.SIGCONT)
        time.sleep(ON_S)


def _away(doing: _Doing, node: int) -> None:
    """Not to be reached, and back when nobody expects it any more."""
    doing.cluster.signal(node, signal.SIGSTOP)
    doing.given_up += doing.on_their_way(doing.cluster.pids(node))
    time.sleep(AWAY_S)
    doing.cluster.signal(node, signal.SIGCONT)


WAYS = {"killed": _killed, "head killed": _head_killed, "slow": _slow, "away": _away}


def _pipe(cluster: Cluster) -> int:
    """The pipe of the cluster's workers, of whose earlier words nothing is left."""
    pipe = os.open(cluster.told, os.O_RDWR | os.O_NONBLOCK)
    asked.Told(pipe).listen()
    return pipe


def _command(world: World, cluster: Cluster, one: Round, store: Path, doing: _Doing) -> Ended:
    given = words(world, store)
    given[given.index("--store") + 1] = world.objects.place(one.number)
    given += ["--out", str(store)]
    session = f"{os.getpid()}-{one.number}-{one.n_commands}"

    def before() -> None:
        real_ray.use(session)()
        os.environ.update(cluster.environment)

    log = store.parent / f"log-{one.n_commands}"
    driver = building.started(
        given, log, faults=doing.planted(), store=store, raw=world.raw,
        before=asked.telling(cluster.told.parent, before), objects=world.objects.control,
    )  # fmt: skip
    ended = building.ended([driver], [log], doing.meanwhile)[0]
    one.n_commands += 1
    one.said.append(f"exit {ended.code}: {ended.said.strip().splitlines()[-1][:300] if ended.said.strip() else ''}")
    world.objects.dump(one.number, store)
    return ended


def _look(world: World, one: Round, store: Path, ended: Ended) -> None:
    """After a command: did it end as it may, is anything published that is wrong."""
    if ended.code not in (0, 1) or (ended.code == 1 and not any(harm.has_happened for harm in one.harms)):
        one.problems.append(one.said[-1])
    if not ended.is_clear:
        one.problems.append(f"traceback: {one.said[-1]}")
    if wrong := world.undisturbed.wrong(compare.state(store)):
        one.problems.append(f"published: {wrong[:3]}")


def _conclude(world: World, one: Round, store: Path, doing: _Doing) -> None:
    found = compare.state(store)
    if differs := world.undisturbed.wrong(found) + world.undisturbed.missing(found):
        one.problems.append(f"in the end: {differs[:3]} and {len(differs)} in all; {one.said[-1]}")
    doing.heard.listen()
    heard = doing.heard
    lost = heard.lost + doing.given_up
    one.n_asked, one.n_lost = heard.n_sent, sum(lost.values())
    one.n_repeated = sum(heard.repeated.values())
    needless = {key: n - lost[key] for key, n in heard.repeated.items() if n > lost[key]}
    if needless:
        one.problems.append(f"{sum(needless.values())} requests to the model repeated that were not on their way")
    if heard.n_known:
        one.problems.append(f"{heard.n_known} requests to the model whose replies were known")
    come = {key: n for key, n in world.model.asked_in_the_end.items() if key not in world.canaries}
    if sum(come.values()) > heard.n_sent:
        one.problems.append(f"{sum(come.values())} requests came to the model, {heard.n_sent} were told")
