"""Signals and exit codes of a command line, each in a process of its own."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HEAD = """
import click, sys, time
from schemas.command_line import run
from schemas.errors import GateError
from schemas.stopping import go_on

@click.command()
def command():
"""
TAIL = """
run(lambda: command, when_stopped="stopped; run it again")
"""
WAITS = """
    print("ready", flush=True)
    time.sleep(60)
"""
SWALLOWS = """
    try:
        print("ready", flush=True)
        time.sleep(60)
    except BaseException:
        raise GateError("a rule raised")
"""
GOES_ON = """
    try:
        print("ready", flush=True)
        time.sleep(60)
    except BaseException:
        pass
    go_on()
    print("published")
"""
IN_A_DESTRUCTOR = """
    class Held:
        def __del__(self):
            print("ready", flush=True)
            time.sleep(60)
    Held()
    time.sleep(60)
"""
ERROR_IN_A_DESTRUCTOR = """
    class Held:
        def __del__(self):
            raise ValueError("told as ever")
    Held()
"""


def started(body: str, *before: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [*before, sys.executable, "-c", HEAD + body + TAIL], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("body", [WAITS, SWALLOWS, GOES_ON, IN_A_DESTRUCTOR])
def test_a_signal_ends_a_command_with_its_code_and_one_line_whatever_a_library_makes_of_it(number, code, body):
    process = started(body)
    process.send_signal(number)
    out, err = process.communicate(timeout=600)
    assert (process.returncode, out, err.strip()) == (code, "", "stopped; run it again")


def test_another_error_that_nobody_can_take_is_told_as_python_does():
    done = subprocess.run(
        [sys.executable, "-c", HEAD + ERROR_IN_A_DESTRUCTOR + TAIL], cwd=ROOT, capture_output=True, text=True,
        timeout=600, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0 and "Exception ignored" in done.stderr and "told as ever" in done.stderr


def test_a_signal_that_is_ignored_stays_ignored():
    process = started(WAITS, "sh", "-c", "trap '' INT; exec \"$@\"", "sh")
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("    open('/nowhere/at/all')", "error: /nowhere/at/all: No such file or directory"),
        ("    raise OSError(28, 'No space left on device')", "error: No space left on device"),
        ("    raise MemoryError('9 GiB')", "error: no memory: 9 GiB"),
        ("    f = lambda: f()\n    f()", "error: a file is nested too deep to be read; expected some tens of levels"),
    ],
)
def test_what_the_machine_does_wrong_is_one_line(body, told):
    done = subprocess.run(
        [sys.executable, "-c", HEAD + body + TAIL], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (done.returncode, done.stderr.strip()) == (1, told)


@pytest.mark.parametrize("words", [["--out", ""], ["--store="], ["--store", " "], ["--raw", ""]])
def test_an_option_of_a_place_without_one_is_wrong_use(words):
    done = subprocess.run(
        [sys.executable, "-m", "curation", "build", "tiny", *words], cwd=ROOT, capture_output=True, text=True,
        timeout=600, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {words[0].rstrip('=')}: found nothing, expected a place")
    assert len(done.stderr.splitlines()) == 1


def test_a_name_of_a_hundred_thousand_characters_is_one_short_line():
    for name in ("x" * 100_000, "x" * 100_000 + ".toml"):
        done = subprocess.run(
            [sys.executable, "-m", "curation", "plan", name], cwd=ROOT, capture_output=True, text=True,
            timeout=600, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert done.returncode in (1, 2) and len(done.stderr) < 2000, done.stderr[-300:]
        assert "Traceback" not in done.stderr and len(done.stderr.splitlines()) == 1
