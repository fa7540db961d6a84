"""A round: a store, some faults at stages that follow each other, the same command until it is done, all compared.

What a round does follows from the seed and its number alone, but for the order in which processes come to things.
"""

import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from tests.faults import asked, building, compare, disks, planted, real_ray
from tests.faults.building import Ended
from tests.faults.kinds import ALONE, ASKING, SHARING, STAGES, Kind
from tests.faults.world import World

TOLD = ("stage", "what", "nth", "has_happened", "problems", "end")
LOST_REPLIES = "bit flipped in kept replies"
"""Of this kind alone replies are asked for again that were kept once."""
N_TOGETHER = 8
"""Faults in a round, one after the other."""


@dataclass
class Fault:
    """A fault of a round, and what came of it."""

    kind: Kind
    stage: str
    what: str = ""
    nth: int = 1
    has_happened: bool = False
    problems: list[str] = field(default_factory=list)
    end: str = ""
    """How the corpus came to be whole again: `went on`, or `repaired` after `check` had noticed."""


@dataclass
class Round:
    """Some faults to one store."""

    number: str
    faults: list[Fault]
    """All in the same place, as `Kind.where` says."""
    n_launches: int = 0
    n_repeated: int = 0
    """Requests to the model that came again."""
    n_lost: int = 0
    """Requests in flight, their replies not kept yet, when something died: so many may be asked again."""
    is_shared: bool = False
    """Something went wrong that may be the fault of several."""
    said: list[str] = field(default_factory=list)

    @property
    def told(self) -> dict[str, Any]:
        """For another process of the harness."""
        faults = [[getattr(one, name) for name in TOLD] for one in self.faults]
        return {
            "number": self.number, "n_launches": self.n_launches, "n_repeated": self.n_repeated, "n_lost": self.n_lost,
            "faults": [[one.kind.name, *values] for one, values in zip(self.faults, faults, strict=True)],
        }  # fmt: skip

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "Round":
        """A round that another process has told of."""
        kinds = {kind.name: kind for group in (*SHARING, *ALONE) for kind in group}
        faults = [Fault(kinds[name], **dict(zip(TOLD, values, strict=True))) for name, *values in told["faults"]]
        return cls(**{**told, "faults": faults})

    @property
    def where(self) -> str:
        """What is unusual about the place, as `Kind.where` says."""
        return self.faults[0].kind.where

    def blame(self, problem: str, faults: Sequence[Fault] = ()) -> None:
        """Something went wrong after these faults, or after any of those that have happened, or before any has."""
        happened = [one for one in self.faults if one.has_happened]
        damage = [one for one in happened if one.kind.is_damage]
        blamed = list(faults) or damage or happened or self.faults
        self.is_shared |= len(blamed) > 1 or (bool(damage) and len(happened) > 1)
        for one in blamed:
            one.problems.append(problem)


def rounds(seed: int, n_faults: int, wanted: str = "") -> Iterator[Round]:
    """Rounds with so many faults: every kind in turn, at every one of its stages in an order of the seed."""
    chance = Random(f"faults-{seed}")
    groups = [[one for one in group if wanted in one.name and is_possible(one)] for group in (*SHARING, *ALONE)]
    todo: list[list[Fault]] = []
    for group in groups:
        ways = [[Fault(kind, stage) for stage in chance.sample(kind.stages, len(kind.stages))] for kind in group]
        longest = max((len(one) for one in ways), default=0)
        todo.append([some[k] for k in range(longest) for some in chance.sample(ways, len(ways)) if k < len(some)])
    share = n_faults / max(1, sum(map(len, todo)))
    counts = [
        max(min(len(some), len(group)), round(len(some) * share)) for some, group in zip(todo, groups, strict=True)
    ]
    chosen = [some[:n] for some, n in zip(todo, counts, strict=True)]
    for fault in (one for some in chosen for one in some):
        if fault.kind.act:
            fault.what, fault.nth = fault.kind.point(fault.stage, chance)
    sharing, alone = chosen[: len(SHARING)], chosen[len(SHARING) :]
    packed = [*(faults for some in sharing for faults in _packed(some)), *([one] for some in alone for one in some)]
    for k, faults in enumerate(packed):
        yield Round(f"{seed}.{k}", faults)


def is_possible(kind: Kind) -> bool:
    """Whether this machine can do it: only root may mount a disk."""
    return kind.where != "disk" or disks.can_mount()


def _packed(faults: list[Fault]) -> Iterator[list[Fault]]:
    """Some faults to a round, each at a stage of its own and in the stages' order; damage to what went out alone."""
    left = list(faults)
    while left:
        chosen: list[Fault] = []
        for one in left:
            if len(chosen) < N_TOGETHER and _fits(one, chosen):
                chosen.append(one)
        left = [one for one in left if not any(one is other for other in chosen)]
        yield sorted(chosen, key=lambda one: _place(one.stage))


def _fits(one: Fault, chosen: Sequence[Fault]) -> bool:
    """At a stage of its own; damage comes last, for after it a build need not go on by itself."""
    if one.stage in {other.stage for other in chosen}:
        return False
    damaged = [_place(other.stage) for other in chosen if other.kind.is_damage]
    if one.kind.is_damage:
        return not damaged and all(_place(other.stage) < _place(one.stage) for other in chosen)
    return not damaged or _place(one.stage) < damaged[0]


def _place(stage: str) -> int:
    return STAGES.index("generated" if stage == "replies" else stage)


# -- doing it ---------------------------------------------------------------------------------------------------------


def run(world: World, one: Round) -> None:
    """Do a round; what was found stands in its faults."""
    folder = world.folder / f"round-{one.number}"
    shutil.rmtree(folder, ignore_errors=True)
    store = folder / "store"
    store.mkdir(parents=True)
    with disks.small_disk(store) if one.where == "disk" else nullcontext():
        alone = one.faults[0].kind if len(one.faults) == 1 else None
        if alone and (alone.n_builds > 1 or alone.model) and one.where != "objects":
            _begin(world, store, one.faults[0])
        world.model.tell(mode="", n_faults=None, delay_s=0.0, is_up=True, forget=True)
        heard = asked.Told.at(folder)
        try:
            _do(world, one, store, heard)
        finally:
            heard.close()
    if not world.keeps:
        shutil.rmtree(folder)


def _do(world: World, one: Round, store: Path, heard: asked.Told) -> None:
    waiting = list(one.faults)
    for _ in range(len(one.faults) + 4):
        ended = _launch(world, one, store, waiting)
        happened = [fault for fault in waiting if fault.has_happened]
        waiting = [fault for fault in waiting if not fault.has_happened]
        heard.listen()
        _look(world, one, store, ended, happened)
        _mend(world, one, store)
        if [end.code for end in ended] == [0]:
            break
        if any(fault.kind.is_damage and fault.has_happened for fault in one.faults) and not happened:
            break  # it will not go on by itself
    _conclude(world, one, store)
    heard.listen()
    _count_calls(world, one, heard)


def _mend(world: World, one: Round, store: Path) -> None:
    """Put right what was done to the machine."""
    world.mend()
    if one.where == "disk":
        disks.mend(store)
    if one.where == "objects":
        world.objects.mend()


def _begin(world: World, store: Path, first: Fault) -> None:
    """A store in which all is made up to a stage."""
    k = _place(first.stage)
    for address in world.steps:
        if STAGES.index(address.split("/")[0]) < k:
            shutil.copytree(world.whole / address, store / address)
    if k > STAGES.index(ASKING[-1]):
        shutil.copytree(world.whole / "replies", store / "replies")


def _launch(world: World, one: Round, store: Path, waiting: Sequence[Fault]) -> list[Ended]:
    """The same command once, or several of it at once, with the faults that have not happened yet."""
    flags = [store.parent / f"flag-{k}" for k, _ in enumerate(one.faults)]
    faults = [
        planted.Planted(fault.stage, fault.what, fault.kind.act, flag, fault.nth, fault.kind.holds)
        for fault, flag in zip(one.faults, flags, strict=True)
        if fault.kind.act and any(fault is other for other in waiting)
    ]
    n = max((fault.kind.n_builds for fault in waiting), default=1)
    is_paused = any(fault.kind.is_paused for fault in waiting)
    logs = [store.parent / f"log-{one.n_launches}-{k}" for k in range(n)]
    before = building.quick_marks if is_paused else None
    session = f"{os.getpid()}-{one.number}-{one.n_launches}"
    before = real_ray.use(session) if one.where == "ray" else before
    given = _words_of(world, one, store)
    start = partial(
        building.started, given, store=store, raw=world.raw, before=asked.telling(store.parent, before),
        objects=world.objects.control if one.where == "objects" else "",
    )  # fmt: skip
    pids = [start(logs[0], faults=faults)]
    if is_paused:
        _until(lambda: any(flag.exists() for flag in flags))
    others = [] if is_paused else faults  # whoever comes there first
    pids += [start(log, faults=others) for log in logs[1:]]
    ended = building.ended(pids, logs, _failing_model(world, waiting))
    one.n_launches += 1
    if one.where == "objects":
        world.objects.dump(one.number, store)
    if one.where == "ray" and (left := real_ray.left_behind(session)):
        one.blame(f"left behind: {_some(left)}", [fault for fault, flag in zip(one.faults, flags, strict=True)
                                                  if fault in waiting and flag.exists()])  # fmt: skip
    one.said += [
        f"exit {end.code}: {end.said.strip().splitlines()[-1][:300] if end.said.strip() else ''}" for end in ended
    ]
    for fault, flag in zip(one.faults, flags, strict=True):
        fault.has_happened = flag.exists() if fault.kind.act else True
    return ended


def _place_of(world: World, one: Round, store: Path) -> str:
    """Where the tables are, as builds are told."""
    return world.objects.place(one.number) if one.where == "objects" else str(store)


def _words_of(world: World, one: Round, store: Path) -> list[str]:
    """A command line for the store of a round."""
    given = words(world, store)
    if one.where == "objects":
        given[given.index("--store") + 1] = _place_of(world, one, store)
        # The build makes its parts itself: a fork cannot go on with a client of an object store.
        given += ["--out", str(store), "--workers", "0"]
    return given + (["--workers", "2"] if one.where == "ray" else [])


def words(world: World, store: Path, *, verb: str = "build") -> list[str]:
    """A command line for the few pictures."""
    server = ["--server", world.model.address] if verb == "build" else []
    return [verb, str(world.corpus_file), "--raw", str(world.raw), "--store", str(store), *server]


def _failing_model(world: World, waiting: Sequence[Fault]) -> Callable[[], None]:
    """Tell the model how to fail; gives what to do meanwhile: it goes away, or comes back."""
    rules = next((dict(fault.kind.model) for fault in waiting if fault.kind.model), {})
    later = sorted((rules.pop(name), up) for name, up in (("down_s", False), ("back_s", True)) if name in rules)
    if rules:
        world.model.tell(**rules)
    begun = time.monotonic()

    def meanwhile() -> None:
        while later and time.monotonic() - begun > later[0][0]:
            world.model.tell(is_up=later.pop(0)[1])

    return meanwhile


def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)


# -- what came of it --------------------------------------------------------------------------------------------------


def _look(world: World, one: Round, store: Path, ended: Sequence[Ended], happened: list[Fault]) -> None:
    """After a command: did it end as it may, is anything published that is wrong."""
    for end in ended:
        if not end.is_clear:
            one.blame("hangs" if end.code == building.HANGS else f"traceback: {_last(end)}", happened)
        allowed = {0, *(code for fault in happened for code in fault.kind.codes)}
        if happened and end.code not in allowed:
            one.blame(f"exit {end.code}: {_last(end)}", happened)
    if not any(fault.kind.is_damage and fault.has_happened for fault in one.faults):
        wrong = world.undisturbed.wrong(compare.state(store))
        if wrong:
            one.blame(f"published: {_some(wrong)}", happened)


def _conclude(world: World, one: Round, store: Path) -> None:
    """The end of a round: all is as it would have been; where something published was damaged, after a repair."""
    has_damage = any(fault.kind.is_damage and fault.has_happened for fault in one.faults)
    found = compare.state(store)
    differs = world.undisturbed.wrong(found) + world.undisturbed.missing(found)
    end, is_mended = "went on", one.said[-1].startswith("exit 0")
    if differs and has_damage:
        end, is_mended = "repaired", True
        checked = _alone(world, store, words(world, store, verb="check"))
        if checked.code == 0:
            one.blame(f"unnoticed by check: {_some(differs)}")
        repaired = _alone(world, store, [*words(world, store), "--repair"])
        for command, it in (("check", checked), ("build --repair", repaired)):
            if not it.is_clear:
                one.blame(f"{command}: traceback: {_last(it)}")
        found = compare.state(store)
        differs = world.undisturbed.wrong(found) + world.undisturbed.missing(found)
    if differs:
        one.blame(f"in the end: {_some(differs)}; {one.said[-1]}")
    if found.marks and is_mended:
        one.blame(f"marks of builders left in the end: {_some(found.marks)}")
    for fault in one.faults:
        fault.end = end


def _count_calls(world: World, one: Round, heard: asked.Told) -> None:
    """Was the model asked again for anything but what was in flight; as the builds told, and as it counted."""
    counted = {request: n for request, n in world.model.asked_in_the_end.items() if request not in world.canaries}
    one.n_repeated, one.n_lost = sum(counted.values()) - len(counted), sum(heard.lost.values())
    if heard.n_there:
        one.blame(f"{heard.n_there} requests to the model for replies that were kept")
    if any(fault.kind.name == LOST_REPLIES for fault in one.faults):
        return
    n_needless = heard.n_needless
    if one.where == "objects" and any(fault.kind.n_builds > 1 for fault in one.faults):
        # An object store has no locks: two builds may begin a table at once, and ask what the other one just asks.
        one.n_lost += n_needless
        n_needless = 0
    if n_needless or heard.n_known:
        one.blame(f"{one.n_repeated} requests to the model repeated, {n_needless or heard.n_known} were not in flight")
    if sum(counted.values()) > heard.n_sent and not any(fault.kind.model for fault in one.faults):  # it has canaries
        one.blame(f"{sum(counted.values())} requests came to the model, of which builds told {heard.n_sent}")


def _alone(world: World, store: Path, given: Sequence[str]) -> Ended:
    log = store.parent / f"log-{given[0]}"
    before = asked.telling(store.parent, None)
    return building.ended([building.started(given, log, faults=[], store=store, raw=world.raw, before=before)], [log])[
        0
    ]


def singly(one: Round) -> Iterator[Round]:
    """The faults of a round that went wrong, each alone: whose fault was it?"""
    for k, fault in enumerate(one.faults):
        yield Round(f"{one.number}.{k}", [replace(fault, has_happened=False, problems=[], end="")])


def _last(end: Ended) -> str:
    lines = end.said.strip().splitlines()
    return lines[-1][:200] if lines else ""


def _some(names: Sequence[str]) -> str:
    return f"{', '.join(names[:3])}{f' and {len(names) - 3} more' if len(names) > 3 else ''}"
