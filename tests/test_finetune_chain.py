"""The whole way on a CPU by the command line: processes are killed in mid-run, and the weights are the same."""

import json
import os
import signal
import tempfile
import time
from functools import cache
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from finetune.ask import answer
from finetune.cli import finetune
from finetune.families.known import FAMILIES
from finetune.watch.progress import lines_of
from tests import warm

N_STEPS = 14
SHORT = {
    "run.max_steps": N_STEPS,
    "run.epochs": 10,
    "run.save_every": 4,
    "run.probe_every": 0,
    "turns.pack_tokens": 400,
}
LORA = {"trainable": '{llm = "lora", newline = false}', "lora": "{r = 8, alpha = 64, dropout = 0.2}"}
TWO = ("--launcher", "deepspeed", "--gpus", "2")


def undecided(draft):
    """Answers to one question differ between pictures, so that there is something to learn."""
    for number, record in enumerate(draft.records):
        record["conversations"][3]["value"] = ("Yes", "No")[number // 4 % 2]


@pytest.fixture(scope="module")
def data(made_handover, tmp_path_factory):
    return made_handover(tmp_path_factory.mktemp("chain") / "data", 24, undecided)


@cache
def folder():
    """For what processes say; made where tests are run, not where their files are imported."""
    return tempfile.TemporaryDirectory()


def said():
    return Path(folder().name) / "said"


def started(*words):
    """`python -m finetune …` as a process of its own."""
    return warm.started("finetune", words, (said(), said()), OMP_NUM_THREADS="1", **warm.ranks())


def finished(*words):
    process = started(*words)
    try:
        process.join(1500)
    finally:
        killed(process)
    assert process.exitcode == 0, said().read_text()[-3000:]


def killed(process):
    """kill -9 of a process and all below it; gives how many there were."""
    if not process.is_alive():
        return 0
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in tree:
        one.kill()
    psutil.wait_procs(tree, timeout=300)
    process.join(30)
    return len(tree)


def reached(process, out, at):
    """Wait until the log has `at` lines; gives the process."""
    deadline = time.monotonic() + 900
    while len(lines_of(out / "log.jsonl")) < at and process.is_alive() and time.monotonic() < deadline:
        time.sleep(0.002)
    return process


def ended(process, by):
    """The exit code after `by` has done something to it; no process below it is left."""
    tree = psutil.Process(process.pid).children(recursive=True)
    by()
    try:
        process.join(900)
        assert not psutil.wait_procs(tree, timeout=300)[1]
    finally:
        killed(process)
    return process.exitcode


def stopped(process):
    """Tell it to stop, as a cluster does."""
    return ended(process, lambda: os.kill(process.pid, signal.SIGTERM))


def here(*words):
    """A verb of the command line in this process: no model is trained, so nothing is there to be killed."""
    done = CliRunner().invoke(finetune, [str(word) for word in words], standalone_mode=False)
    assert not done.exception, done.output
    assert done.return_value in (0, None), done.output


def sets(changes):
    return [word for key, value in changes.items() for word in ("--set", f"{key}={value}")]


def weights(folder):
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "launcher", "changes"),
    [
        *((family, (), {}) for family in FAMILIES),
        ("llava_onevision", TWO, {"run.zero": 2, "model.dtype": "bfloat16", "batch.global_batch": 4}),
    ],
    ids=[*(f"{family}, one process" for family in FAMILIES), "two processes under ZeRO-2"],
)
def test_checked_trained_killed_stopped_resumed_merged_and_asked(tiny_of, family, data, tmp_path, launcher, changes):
    tiny_model = tiny_of(family)
    whole, parts, merged, half = (tmp_path / name for name in ("whole", "parts", "merged", "half"))
    recipe = ("smoke", "--data", data, *sets({"model.name": tiny_model, **SHORT, **LORA, **changes}))
    here("check", *recipe, "--gpus", 2 if launcher else 1)
    finished("train", *recipe, "--out", whole, "--no-check", *launcher)
    n_killed = killed(reached(started("train", *recipe, "--out", parts, "--no-check", *launcher), parts, 5))
    assert n_killed == (5 if launcher else 1)  # ours, two launchers of DeepSpeed, two ranks
    assert stopped(reached(started("resume", parts, *launcher), parts, 9)) == 75
    assert json.loads((parts / "run.json").read_text())["reason"] == "stopped by a signal"
    assert not (parts / "model").exists()
    finished("resume", parts, *launcher)
    assert weights(whole / "model") == weights(parts / "model")
    losses = [[line["loss"] for line in lines_of(out / "log.jsonl")] for out in (whole, parts)]
    assert losses[0] == losses[1]
    assert len(losses[0]) == N_STEPS
    assert sum(losses[0][-4:]) < sum(losses[0][:4])
    here("merge-lora", "--base", tiny_model, "--adapter", parts / "adapter", "--out", merged)
    here("merge", "--base", tiny_model, "--tuned", merged, "--share", "0.5", "--out", half)
    assert isinstance(answer(half, next((data / "images").rglob("*.png")), "Describe the image."), str)


@pytest.mark.slow
def test_a_rank_that_dies_ends_the_run_and_the_same_command_goes_on(tiny_model, data, tmp_path):
    """In bfloat16 under ZeRO-3: from the bfloat16 weights without their float32 masters it would end with others."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    changes = {"model.name": tiny_model, **SHORT, "run.zero": 3, "model.dtype": "bfloat16", "batch.global_batch": 4}
    recipe = ("smoke", "--data", data, *sets(changes), "--no-check", *TWO)
    finished("train", *recipe, "--out", whole)
    process = reached(started("train", *recipe, "--out", parts), parts, 5)
    ranks = [one for one in psutil.Process(process.pid).children(recursive=True) if not one.children()]
    assert ended(process, lambda: ranks[-1].kill()) not in (0, 75)
    finished("train", *recipe, "--out", parts)
    assert weights(whole / "model") == weights(parts / "model")
    losses = [line["loss"] for line in lines_of(parts / "log.jsonl")]
    assert len(losses) == N_STEPS
    assert sum(losses[-4:]) < sum(losses[:4])
