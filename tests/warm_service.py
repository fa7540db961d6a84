"""Forks Pythons whose imports are done, for who asks at a socket: `python -m tests.warm_service FOLDER [collect]`.

It imports and uses once, then serves until the process that started it is gone. Asked for is a JSON line: the words
after `python` ("-m", package, …, or "-c", code), folder, environment, whether it is a session of its own, what it
takes for Python; with it come stdin, stdout and stderr. It answers with a line for the process's id and one for the
exit code, negative for a signal. Bytes that it reads there are signals to pass on; where the asker is gone, the
process is killed.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType

import pytest

from schemas.collector import collect_seldom
from tests import warm

IMPORTED = (
    "curation.cli", "curation.build", "curation.demo_build", "curation.asking.canary", "curation.drafting.new",
    "evaluate.cli", "evaluate.run", "great_expectations", "finetune.cli", "finetune.training.train",
    "finetune.export.verify", "deepspeed", "pytest", "hypothesis", "xdist.remote", "webdataset", "datasets",
)  # fmt: skip
"""What commands and tests import sooner or later."""


def serve(folder: Path) -> None:
    """Fork what is asked for at the socket, pass on signals, and say how it ended. Ends with the tests."""
    parent = os.getppid()
    watched = selectors.DefaultSelector()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "bound"))
        listener.listen(32)
        (folder / "bound").rename(folder / "socket")  # it is there from when it takes connections
        watched.register(listener, selectors.EVENT_READ)
        while os.getppid() == parent:
            for key, _ in watched.select(timeout=2):
                if key.fileobj is listener:
                    _begin(listener.accept()[0], watched)
                elif isinstance(key.fileobj, int):
                    _over(key.fileobj, *key.data, watched)
                else:
                    _signal(key.fileobj, *key.data, watched)


def _begin(asker: socket.socket, watched: selectors.BaseSelector) -> None:
    said, descriptors, _, _ = socket.recv_fds(asker, 1 << 16, 3)
    while not said.endswith(b"\n"):
        said += asker.recv(1 << 16)
    asked = json.loads(said)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            for one, own in zip(descriptors, (0, 1, 2), strict=True):
                os.dup2(one, own)
            if asked["session"]:
                os.setsid()
            sys.executable = asked["python"] or sys.executable
            code = _become(asked["words"], Path(asked["cwd"]), asked["environment"])
        finally:
            os._exit(code)
    for one in descriptors:
        os.close(one)
    handle = os.pidfd_open(pid)
    watched.register(handle, selectors.EVENT_READ, (pid, asker))
    watched.register(asker, selectors.EVENT_READ, (pid,))
    asker.sendall(f"{pid}\n".encode())


def _over(handle: int, pid: int, asker: socket.socket, watched: selectors.BaseSelector) -> None:
    _, status = os.waitpid(pid, 0)
    watched.unregister(handle)
    os.close(handle)
    if asker.fileno() >= 0:
        watched.unregister(asker)
        asker.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        asker.close()


def _signal(asker: socket.socket, pid: int, watched: selectors.BaseSelector) -> None:
    numbers = asker.recv(64) or bytes([signal.SIGKILL])  # who asked was killed: so shall this be
    for number in numbers:
        os.kill(pid, number)
    if signal.SIGKILL in numbers:
        watched.unregister(asker)
        asker.close()


def _become(words: list[str], cwd: Path, environment: dict[str, str]) -> int:
    """Run a command as Python would, and give the exit code that it would have."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    kind, what, *given = words
    sys.orig_argv = [sys.executable, *words]
    sys.argv = [kind if kind == "-c" else what, *given]
    try:
        if kind == "-c":
            sys.modules["__main__"] = main = ModuleType("__main__")
            exec(what, vars(main))
        else:
            if what == "finetune":
                from finetune.export import publish

                vars(publish)["_command"] = warm.finetune
            runpy.run_module(what, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        threading._shutdown()  # as at the end of a Python of its own; a fork ends without
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def use() -> None:
    """What is read, compiled and remembered when it is first used: words of schemes, wordings, numba's functions."""
    import numpy as np

    from curation.fault_injection.injections import synthetic_injections
    from curation.pictures.png import png_bytes
    from curation.pictures.render import Picture, draw
    from curation.pictures.zscale import clipped_noise

    synthetic_injections("used", 14)
    image = np.arange(64, dtype=np.float32).reshape(8, 8)
    clipped_noise(image)
    png_bytes(draw(image, Picture(side_px=8)).picture)


def collect() -> None:
    """Import every file of tests as pytest does: the processes that will run them find them imported."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):  # they tell what is wrong themselves
        pytest.main(["--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider"])


if __name__ == "__main__":
    collect_seldom()  # as do all that are forked
    for name in IMPORTED:
        importlib.import_module(name)
    use()
    if "collect" in sys.argv[2:]:
        collect()
    gc.freeze()  # no collection of garbage looks at what was imported
    serve(Path(sys.argv[1]))
