"""Command lines in processes of their own whose imports are done: forked, in place of a new Python.

    run("curation", ("plan", "tiny"))       as `python -m curation plan tiny`, seconds of imports cheaper

What is started is a process like any other, with its own arguments, folder, environment, output, signals and exit code.
Where a library reads an environment variable at its import, and where Python's own start is what is tried, a command is
started by `subprocess` as ever.
"""

import atexit
import multiprocessing
import os
import runpy
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORTED = (
    "curation.cli", "curation.build", "curation.demo_build", "curation.asking.canary", "curation.drafting.new",
    "evaluate.cli", "evaluate.run", "finetune.cli", "finetune.training.run", "great_expectations", "deepspeed",
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
    process = _forks().Process(target=_command, args=(package, [str(one) for one in words], output, cwd, changed))
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


def _command(package: str, words: list[str], output: tuple[Path, Path], cwd: Path, environment: dict[str, str]) -> None:
    """What the forked process does: become the command."""
    os.setsid()
    for file, descriptor in zip(output, (1, 2), strict=True):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600), descriptor)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv, sys.orig_argv = [package, *words], [sys.executable, "-m", package, *words]
    try:
        runpy.run_module(package, run_name="__main__", alter_sys=True)
    finally:
        threading._shutdown()  # as at the end of a Python of its own; a fork ends without
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
