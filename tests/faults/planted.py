"""Faults inside a build: its process and its workers meet points on their way, and a fault happens at one of them.

A point is a stage and what happens there, such as ("cutouts", "part aside"). Workers are forks of the build's process,
so they carry the same faults; each fault happens once, to whoever meets its point first, or as often as it `holds`.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from curation import build
from curation.corpus import DIGESTS
from curation.engine.marks import BUILDING
from curation.engine.steps import Step
from curation.engine.store import REJECTED_FOLDER, Store
from curation.papers import convert
from schemas.whole import MANIFEST

OUT = {"run_gates": "gate", "export": "hand-over", "_write_report": "report", "_build_corpus": "end"}
KINDS_OF_FILE = {
    MANIFEST: "manifest", BUILDING: "mark", DIGESTS: "digests",
}  # fmt: skip
KINDS_OF_RAW = {"/images/": "mosaic", "/papers/metadata": "file of records", "/papers/": "paper"}


@dataclass(frozen=True)
class Planted:
    """A fault and the point at which it happens."""

    stage: str
    what: str
    act: Callable[["Scene"], None]
    flag: Path
    """Made when it happens: a fault happens once, in whatever process."""
    nth: int = 1
    holds: bool = False
    """It happens each time from then on in this build, as a full disk does."""


@dataclass
class Scene:
    """Where a fault happens."""

    store: Path
    raw: Path
    driver: int
    stage: str = ""
    what: str = ""
    objects: str = ""
    """Where the object store takes orders."""
    name: str = ""
    """Of the file at hand, below the store; empty where there is none."""


@dataclass
class _Planting:
    faults: Sequence[Planted]
    scene: Scene
    met: dict[tuple[str, str], int] = field(default_factory=dict)
    at_hand: list[tuple[str, str, str]] = field(default_factory=list)
    """Files being published, the innermost last: stage, what, name."""

    def meet(self, stage: str, what: str, name: str = "") -> None:
        n = self.met[stage, what] = self.met.get((stage, what), 0) + 1
        for one in self.faults:
            if one.stage in (stage, "any") and one.what in (what, "any") and n >= one.nth and _is_first(one):
                self.scene.stage, self.scene.what, self.scene.name = stage, what, name
                one.act(self.scene)


def plant(faults: Sequence[Planted], store: Path, raw: Path, objects: str = "") -> None:
    """Make this process, a fork of the harness, meet its points. Not undone: the process ends with its build."""
    planting = _Planting(faults, Scene(store, raw, os.getpid(), objects=objects))
    _around(Step, "run", planting, lambda step, *_: (step.name.split("/")[0], "a part"), ("before", "made:"))
    _around(Store, "publish", planting, lambda _, name, *__: told(name), ("before", "published:"))
    _around(convert._Process, "ask", planting, lambda *_: ("figures", "a picture"), ("before", "drawn:"))
    for function, stage in OUT.items():
        _around(build, function, planting, lambda *_, stage=stage: (stage, "it"), ("before", "done:"))
    fsync = os.fsync

    def synced(descriptor: int) -> None:
        fsync(descriptor)
        if planting.at_hand:
            stage, what, name = planting.at_hand[-1]
            planting.meet(stage, f"{what} aside", name)

    os.fsync = synced
    sys.addaudithook(lambda event, given: _heard(planting, event, given))


def told(name: str) -> tuple[str, str]:
    """The stage of a file of the store, and what it is."""
    folder, _, base = name.rpartition("/")
    stage = folder.split("/")[0] or "start"
    if stage == "tags":
        return "tag", "tag"
    if stage == "replies":
        return "replies", "ledger" if folder.endswith("ledger") else "replies"
    return stage, KINDS_OF_FILE.get(base) or ("refused rows" if folder.endswith(REJECTED_FOLDER) else "part")


def _around(owner: Any, name: str, planting: _Planting, point: Callable[..., tuple[str, str]], when: tuple) -> None:
    """Wrap a function: a point before it and one after it."""
    inner = getattr(owner, name, None)
    if inner is None:
        raise AttributeError(f"{owner}: no {name} any more: tell tests/faults/planted.py where a build does it now")
    before, after = when

    def wrapped(*given: Any, **options: Any) -> Any:
        stage, what = point(*given)
        file = given[1] if len(given) > 1 and isinstance(given[1], str) else ""
        planting.at_hand.append((stage, what, file))
        try:
            planting.meet(stage, f"{before} {what}", file)
            made = inner(*given, **options)
        finally:
            planting.at_hand.pop()
        planting.meet(stage, f"{what} {after.rstrip(':')}", file)
        return made

    setattr(owner, name, wrapped)


def _heard(planting: _Planting, event: str, given: tuple) -> None:
    """Files that are opened by Python: raw ones, and those of what goes out."""
    if event not in ("open", "os.rename") or not given or not isinstance(given[0], str | os.PathLike):
        return
    path = os.fspath(given[0])
    if event == "open" and path.startswith(f"{planting.scene.raw}/"):
        kind = next((one for folder, one in KINDS_OF_RAW.items() if folder in path), "catalogue")
        stage = planting.at_hand[-1][0] if planting.at_hand else "start"
        planting.meet(stage, f"opening a {kind}", path)
    elif planting.at_hand and planting.at_hand[-1][0] in OUT.values() and path.startswith(f"{planting.scene.store}/"):
        writes = event == "os.rename" or given[2] & (os.O_WRONLY | os.O_RDWR)
        if writes:
            planting.meet(planting.at_hand[-1][0], "renaming" if event == "os.rename" else "opening a file", path)


def _is_first(fault: Planted) -> bool:
    try:
        os.close(os.open(fault.flag, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return fault.holds
    return True


# -- what happens ---------------------------------------------------------------------------------------------------


def kill_driver(scene: Scene) -> None:
    os.kill(scene.driver, signal.SIGKILL)
    _be_dead()


def kill_process(scene: Scene) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def kill_all(scene: Scene) -> None:
    """As a machine that goes down: the build and all its workers at once."""
    os.killpg(os.getpgid(scene.driver), signal.SIGKILL)


def terminate(scene: Scene) -> None:
    os.kill(scene.driver, signal.SIGTERM)


def interrupt(scene: Scene) -> None:
    os.kill(scene.driver, signal.SIGINT)


def pause(pid_of: Callable[[Scene], int], seconds: float) -> Callable[[Scene], None]:
    """SIGSTOP, and after so many seconds SIGCONT, by a child of its own session."""

    def act(scene: Scene) -> None:
        pid = pid_of(scene)
        if os.fork() == 0:
            os.setsid()
            os.kill(pid, signal.SIGSTOP)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
            signal.sigtimedwait({signal.SIGALRM}, seconds)
            os.kill(pid, signal.SIGCONT)
            os._exit(0)

    return act


def opener(scene: Scene) -> int:
    """The process that opens pictures of papers for this one."""
    del scene
    return convert._RUNNING[0].child.pid


def kill_opener(scene: Scene) -> None:
    os.kill(opener(scene), signal.SIGKILL)


def fail(error: Callable[[], BaseException]) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        raise error()

    return act


def limit(what: int, most: int) -> Callable[[Scene], None]:
    """A limit of the system on this process from now on, such as how large a file may be."""

    def act(scene: Scene) -> None:
        import resource

        resource.setrlimit(what, (most, resource.getrlimit(what)[1]))

    return act


def _be_dead() -> None:
    while True:  # a worker: its end follows the driver's
        signal.pause()
