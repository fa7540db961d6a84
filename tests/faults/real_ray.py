"""A real Ray instead of forked processes: which processes it has, and how they die."""

import os
import signal
import time
from collections.abc import Callable, Iterator

import psutil

from curation.engine import run
from tests.faults.planted import Scene

SESSION = "RADIO_FAULTS_ROUND"  # in the environment of a build, and so of every process of its Ray
OURS = run._ray
SOON_S = 0.4  # after a table was begun its parts are being made
GONE_S = 30.0


def use(session: str) -> Callable[[], None]:
    """What a build does before it begins: take a real Ray, of this session."""

    def before() -> None:
        run._ray = OURS
        os.environ[SESSION] = session
        os.environ["RAY_gcs_rpc_server_reconnect_timeout_s"] = "5"  # noqa: SIM112 -- Ray's; a minute else

    return before


def soon(pick: Callable[[list[psutil.Process]], list[psutil.Process]], sent: int) -> Callable[[Scene], None]:
    """A moment later, send a signal to some of the processes of the build's Ray; by a child of its own session."""

    def act(scene: Scene) -> None:
        if os.fork() == 0:
            os.setsid()
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
            signal.sigtimedwait({signal.SIGALRM}, SOON_S)
            for one in pick(psutil.Process(scene.driver).children(recursive=True)):
                try:
                    one.send_signal(sent)
                except psutil.NoSuchProcess:
                    continue
            os._exit(0)

    return act


def workers(found: list[psutil.Process]) -> list[psutil.Process]:
    """Those that make parts, or wait for one."""
    return [one for one in found if _name(one).startswith("ray::") and "Agent" not in _name(one)]


def one_worker(found: list[psutil.Process]) -> list[psutil.Process]:
    some = workers(found)
    busy = [one for one in some if "IDLE" not in _name(one)]
    return (busy or some)[:1]


def raylet(found: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in found if _name(one) == "raylet"]


def agents(found: list[psutil.Process]) -> list[psutil.Process]:
    """Without which a raylet does not go on."""
    return [one for one in found if _name(one).startswith("ray::") and "Agent" in _name(one)]


def gcs(found: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in found if _name(one) == "gcs_server"]


def everything(found: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in found if any(word in _name(one) for word in ("ray", "gcs_server"))]


def left_behind(session: str) -> list[str]:
    """The processes of a session that do not end by themselves; they are killed then."""
    until = time.monotonic() + GONE_S
    while (found := list(_of(session))) and time.monotonic() < until:
        time.sleep(0.1)
    for one in found:
        one.kill()
    return [_name(one) for one in found]


def _of(session: str) -> Iterator[psutil.Process]:
    for one in psutil.process_iter():
        try:
            if one.environ().get(SESSION) == session and one.status() != psutil.STATUS_ZOMBIE:
                yield one
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue


def _name(one: psutil.Process) -> str:
    try:
        words = one.cmdline()
        return words[0] if words and words[0].startswith("ray::") else one.name()
    except psutil.NoSuchProcess:
        return ""
