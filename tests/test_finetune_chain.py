"""The whole way on a CPU by the command line alone: every process killed in mid-run, and the same weights at the end."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from finetune.ask import answer
from finetune.cli import finetune
from finetune.progress import lines_of

ROOT = Path(__file__).resolve().parent.parent
N_STEPS = 16
SHORT = {"run.max_steps": N_STEPS, "run.epochs": 10, "run.save_every": 2, "run.probe_every": 0}
LORA = {"trainable": '{llm = "lora", newline = false}', "lora": "{r = 8, alpha = 64, dropout = 0.2}"}
TWO = ("--launcher", "deepspeed", "--gpus", "2")
PACKED = {"turns.pack_tokens": 400}


def undecided(draft):
    """Answers to one question differ between pictures, so that there is something to learn."""
    for number, record in enumerate(draft.records):
        record["conversations"][3]["value"] = ("Yes", "No")[number // 4 % 2]


@pytest.fixture(scope="module")
def data(made_handover, tmp_path_factory):
    return made_handover(tmp_path_factory.mktemp("chain") / "data", 24, undecided)


def started(*words):
    """`python -m finetune …` as a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "finetune", *map(str, words)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def finished(*words):
    process = started(*words)
    try:
        said, _ = process.communicate(timeout=400)
    finally:
        killed(process)
    assert process.returncode == 0, said[-3000:]


def killed(process):
    """kill -9 of a process and all below it; gives how many there were."""
    if process.poll() is not None:
        return 0
    tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for one in tree:
        one.kill()
    psutil.wait_procs(tree, timeout=30)
    process.communicate(timeout=30)
    return len(tree)


def struck(process, out, at):
    """Kill it when the log has `at` lines; gives how many processes there were."""
    deadline = time.monotonic() + 300
    while len(lines_of(out / "log.jsonl")) < at and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    return killed(process)


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
    ("launcher", "changes"),
    [((), PACKED), (TWO, {**PACKED, "run.zero": 2, "batch.global_batch": 4})],
    ids=["one process", "two processes under ZeRO-2"],
)
def test_checked_trained_killed_resumed_merged_and_asked(tiny_model, data, tmp_path, launcher, changes):
    whole, parts, merged, half = (tmp_path / name for name in ("whole", "parts", "merged", "half"))
    recipe = ("smoke", "--data", data, *sets({"model.name": tiny_model, **SHORT, **LORA, **changes}))
    here("check", *recipe, "--gpus", 2 if launcher else 1)
    finished("train", *recipe, "--out", whole, "--no-check", *launcher)
    n_killed = struck(started("train", *recipe, "--out", parts, "--no-check", *launcher), parts, 5)
    assert n_killed >= (5 if launcher else 1)  # ours, two launchers of DeepSpeed, two ranks
    assert not (parts / "model").exists()
    finished("resume", parts, *launcher)
    assert weights(whole / "model") == weights(parts / "model")
    losses = [[line["loss"] for line in lines_of(out / "log.jsonl")] for out in (whole, parts)]
    assert losses[0] == losses[1]
    assert len(losses[0]) == N_STEPS
    assert sum(losses[0][-4:]) < sum(losses[0][:4])
    here("merge-lora", "--base", tiny_model, "--adapter", parts / "adapter", "--out", merged)
    assert weights(merged) == weights(parts / "model")
    here("merge", "--base", tiny_model, "--tuned", merged, "--share", "0.5", "--out", half)
    assert isinstance(answer(half, next((data / "images").rglob("*.png")), "Describe the image."), str)


@pytest.mark.slow
@pytest.mark.parametrize("zero", [2, 3])
def test_two_processes_in_bfloat16_go_on_with_their_float32_masters(tiny_model, data, tmp_path, zero):
    """Resumed from the bfloat16 weights alone, the run would end with others."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    changes = {
        "model.name": tiny_model, **SHORT, **PACKED, "run.max_steps": 8, "run.zero": zero, "model.dtype": "bfloat16",
        "batch.global_batch": 4,
    }  # fmt: skip
    recipe = ("smoke", "--data", data, *sets(changes), "--no-check", *TWO)
    finished("train", *recipe, "--out", whole)
    assert struck(started("train", *recipe, "--out", parts), parts, 5) >= 5
    finished("train", *recipe, "--out", parts)
    assert weights(whole / "model") == weights(parts / "model")
    losses = [line["loss"] for line in lines_of(whole / "log.jsonl")]
    assert sum(losses[-3:]) < sum(losses[:3])


@pytest.mark.slow
def test_a_rank_that_dies_ends_the_run_and_the_same_command_goes_on(tiny_model, data, tmp_path):
    """DeepSpeed's launcher takes the other ranks down; none is left to write into the folder of the next attempt."""
    out = tmp_path / "run"
    changes = {"model.name": tiny_model, **SHORT, **PACKED, "run.zero": 2, "batch.global_batch": 4}
    process = started("train", "smoke", "--data", data, *sets(changes), "--out", out, "--no-check", *TWO)
    while len(lines_of(out / "log.jsonl")) < 5 and process.poll() is None:
        time.sleep(0.002)
    tree = psutil.Process(process.pid).children(recursive=True)
    os.kill(max(one.pid for one in tree if not one.children()), signal.SIGKILL)
    try:
        process.communicate(timeout=120)
        assert process.returncode not in (0, 75)
        assert not psutil.wait_procs(tree, timeout=30)[1]
    finally:
        killed(process)
    finished("resume", out, *TWO)
    assert [line["step"] for line in lines_of(out / "log.jsonl")] == list(range(1, N_STEPS + 1))
