"""Command lines in processes of their own whose imports are done: forked, in place of a new Python.

    run("curation", ("plan", "tiny"))       as `python -m curation plan tiny`, seconds of imports cheaper

What is started is a process like any other, with its own arguments, folder, environment, output, signals and exit code.
What such a command starts by itself can have its imports done, too: the ranks of `train --launcher deepspeed`, and
`finetune verify`. In their places stand small processes (tests/stand_in.py) that pass signals on and end as they end.
Where a library reads an environment variable at its import, and where Python's own start is what is tried, a command is
started by `subprocess` as ever.
"""

import atexit
import json
import multiprocessing
import os
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from functools import cache, partial
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORTED = (
    "curation.cli", "curation.build", "curation.demo_build", "curation.asking.canary", "curation.drafting.new",
    "evaluate.cli", "evaluate.run", "great_expectations", "finetune.cli", "finetune.training.train",
    "finetune.export.verify", "deepspeed",
)  # fmt: skip
"""What commands import sooner or later."""
READ_AT_IMPORT = {
    "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0", "DS_ACCELERATOR": "cpu",
}  # fmt: skip
"""Variables that the command lines set for themselves where there is no GPU, before they import anything."""


def run(
    package: str, words: Sequence[object], *, cwd: Path = ROOT, timeout: float = 500, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`python -m PACKAGE WORDS` to its end, with these changes to the environment. Raises TimeoutExpired."""
    with tempfile.TemporaryDirectory(prefix="warm-") as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = started(package, words, (out, err), cwd=cwd, **environment)
        process.join(timeout)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired([package, *map(str, words)], timeout, err.read_bytes())
        said = [one.read_text(encoding="utf-8", errors="surrogateescape") for one in (out, err)]
        return subprocess.CompletedProcess([package, *map(str, words)], process.exitcode, *said)


def started(
    package: str, words: Sequence[object], output: tuple[Path, Path], *, cwd: Path = ROOT, **environment: str
) -> BaseProcess:
    """The same under way, in a session of its own; what it says goes to these two files."""
    changed = {**os.environ, **environment}
    python = str(_service()) if package == "finetune" else sys.executable
    given = (package, [str(one) for one in words], output, cwd, changed, python)
    process = _forks().Process(target=_command, args=given)
    process.start()
    return process


@cache
def _forks() -> ForkServerContext:
    """The server that forks; it imports once."""
    forks = multiprocessing.get_context("forkserver")
    forks.set_forkserver_preload([*IMPORTED, "tests.frozen"])
    own = {name: os.environ.get(name) for name in READ_AT_IMPORT}
    os.environ.update(READ_AT_IMPORT)
    try:
        forkserver.ensure_running()
    finally:
        for name, value in own.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    return forks


def finetune(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`python -m finetune WORDS` to its end, in this environment and no other."""
    return _by(str(_service()), words, environment)


def ranks() -> dict[str, str]:
    """Changes to an environment in which DeepSpeed's launcher starts processes whose imports are done."""
    return {"PYTHONPATH": f"{ROOT}/tests/warm_ranks", "WARM_PYTHON": str(_service())}


@cache
def _service() -> Path:
    """A file that stands for Python: what is started by it as `-m PACKAGE WORDS` is forked."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    place, python = folder / "socket", folder / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {ROOT}/tests/stand_in.py {place} "$@"\n')
    python.chmod(0o700)
    process = _forks().Process(target=_serve, args=(str(place), str(python)))
    process.start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(process.kill)
    while not place.exists() and process.is_alive():
        time.sleep(0.01)
    return python


def _serve(place: str, python: str) -> None:
    """Fork what is asked for at a socket, pass on signals, and say how it ended. Ends with the tests."""
    parent, sys.executable = os.getppid(), python  # what these start is forked, too
    watched = selectors.DefaultSelector()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen(32)
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
            code = _become(asked["words"], Path(asked["cwd"]), asked["environment"])
        finally:
            os._exit(code)
    for one in descriptors:
        os.close(one)
    handle = os.pidfd_open(pid)
    watched.register(handle, selectors.EVENT_READ, (pid, asker))
    watched.register(asker, selectors.EVENT_READ, (pid,))


def _over(handle: int, pid: int, asker: socket.socket, watched: selectors.BaseSelector) -> None:
    _, status = os.waitpid(pid, 0)
    watched.unregister(handle)
    os.close(handle)
    if asker.fileno() >= 0:
        watched.unregister(asker)
        asker.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        asker.close()


def _signal(asker: socket.socket, pid: int, watched: selectors.BaseSelector) -> None:
    numbers = asker.recv(64) or bytes([signal.SIGKILL])  # who asked was killed: so shall this be
    for number in numbers:
        os.kill(pid, number)
    if signal.SIGKILL in numbers:
        watched.unregister(asker)
        asker.close()


def _command(
    package: str, words: list[str], output: tuple[Path, Path], cwd: Path, environment: dict[str, str], python: str
) -> None:
    """What the forked process does: become the command."""
    os.setsid()
    for file, descriptor in zip(output, (1, 2), strict=True):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600), descriptor)
    if package == "finetune":
        from finetune.export import publish

        vars(publish)["_command"] = partial(_by, python)
    sys.exit(_become([package, *words], cwd, environment))


def _by(python: str, words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    given = [python, "-m", "finetune", *words]
    return subprocess.run(given, capture_output=True, text=True, check=False, env=environment)


def _become(words: list[str], cwd: Path, environment: dict[str, str]) -> int:
    """Run a command as Python would, and give the exit code that it would have."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.orig_argv = words, [sys.executable, "-m", *words]
    try:
        runpy.run_module(words[0], run_name="__main__", alter_sys=True)
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
