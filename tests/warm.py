"""Command lines in processes of their own whose imports are done: forked, in place of a new Python.

    run("curation", ("plan", "tiny"))       as `python -m curation plan tiny`, seconds of imports cheaper

What is started is a process like any other, with its own arguments, folder, environment, output, signals and exit code.
One process imports and forks for all (tests/warm_service.py), the processes in which pytest runs tests among them. What
a command starts by itself can have its imports done, too: the ranks of `train --launcher deepspeed`, and `finetune
verify`. In their places stand small processes (tests/stand_in.py) that pass signals on and end as they end.
Where a library reads an environment variable at its import, and where Python's own start is what is tried, a command is
started by `subprocess` as ever.
"""

import atexit
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from select import select

ROOT = Path(__file__).resolve().parent.parent
PYTHON = "WARM_PYTHON"
"""The variable that says where the program is that stands for Python; beside it lies the service's socket."""
READ_AT_IMPORT = {
    "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false", "HF_HUB_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0", "DS_ACCELERATOR": "cpu",
}  # fmt: skip
"""Variables that the command lines set for themselves where there is no GPU, before they import anything."""


class Process:
    """A process that was forked for us."""

    def __init__(self, asker: socket.socket) -> None:
        self._asker, self._said = asker, asker.makefile()
        self.pid = int(self._said.readline())
        self.exitcode: int | None = None

    def is_alive(self) -> bool:
        """Whether it has not ended yet."""
        self.join(0)
        return self.exitcode is None

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end, for so many seconds at most."""
        if self.exitcode is None and select([self._asker], [], [], timeout)[0]:
            self.exitcode = int(self._said.readline())
            self._said.close()
            self._asker.close()

    def kill(self) -> None:
        """kill -9."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def run(
    package: str, words: Sequence[object], *, cwd: Path = ROOT, timeout: float = 1500, **environment: str
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
) -> Process:
    """The same under way, in a session of its own; what it says goes to these two files."""
    asked = {
        "words": ["-m", package, *map(str, words)], "cwd": str(cwd), "environment": {**inherited(), **environment},
        "session": True, "python": "",
    }  # fmt: skip
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    descriptors = [os.open(os.devnull, os.O_RDONLY), *(os.open(one, flags, 0o600) for one in output)]
    asker = socket.socket(socket.AF_UNIX)
    asker.connect(str(python().with_name("socket")))
    try:
        socket.send_fds(asker, [json.dumps(asked).encode() + b"\n"], descriptors)
    finally:
        for one in descriptors:
            os.close(one)
    return Process(asker)


def inherited() -> dict[str, str]:
    """This process's environment, but for what Ray leaves there where it was started in it.

    It is read where Ray is imported, which in the processes that are forked was long before.
    """
    return {name: value for name, value in os.environ.items() if name != "RAY_AUTH_MODE"}


def finetune(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`python -m finetune WORDS` to its end, in this environment and no other."""
    given = [python(), "-m", "finetune", *words]
    return subprocess.run(given, capture_output=True, text=True, check=False, env=environment)


def ranks() -> dict[str, str]:
    """Changes to an environment in which what DeepSpeed's launcher and Ray's workers start has its imports done."""
    return {"PYTHONPATH": f"{ROOT}/tests/warm_ranks:{ROOT}", PYTHON: str(python())}


def python(*wanted: str) -> Path:
    """A file that stands for Python: what is started by it as `-m PACKAGE WORDS` or `-c CODE` is forked.

    `wanted` as "collect": who starts all tests wants their files to be imported, too.
    """
    return Path(os.environ[PYTHON]) if PYTHON in os.environ else _service(*wanted)


@cache
def _service(*wanted: str) -> Path:
    """Starts what forks; it ends with this process."""
    folder = Path(tempfile.mkdtemp(prefix="warm-"))
    place, stand_in = folder / "socket", folder / "python"
    stand_in.write_text(f'#!/bin/sh\nexec {sys.executable} -IS {ROOT}/tests/stand_in.py {place} "$@"\n')
    stand_in.chmod(0o700)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.warm_service", str(folder), *wanted], cwd=ROOT,
        env={**os.environ, **READ_AT_IMPORT, PYTHON: str(stand_in)}, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(process.kill)
    while not place.exists() and process.poll() is None:
        time.sleep(0.01)
    return stand_in
