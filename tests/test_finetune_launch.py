"""What each launcher would start, word for word; and Ray's for real."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from finetune.launch import Machines, launch_of, slurm_job
from finetune.watch.progress import lines_of
from schemas.errors import RecipeError
from tests import warm
from tests.ray_head import ray_head

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).parent / "golden"
VERB = ("train", "full_shallow_qacap", "--data", "DATA", "--out", "/runs/full")
OUT = Path("/runs/full")


def finetune(*words, **environment):
    return warm.run("finetune", words, **environment)


@pytest.mark.parametrize(
    ("machines", "name"),
    [
        (Machines("local"), "local"),
        (Machines("deepspeed", 1, 4, 29511), "deepspeed"),
        (Machines("deepspeed", 2, 4), "deepspeed_nodes"),
        (Machines("slurm", 2, 4), "slurm"),
        (Machines("ray", 2, 4), "ray"),
    ],
)
def test_a_dry_run_prints_exactly_what_would_be_started(machines, name):
    told = launch_of(VERB, machines, OUT).told + "\n"
    assert told == (GOLDEN / f"launch_{name}.txt").read_text()


def test_the_job_of_slurm_is_a_script_that_a_shell_reads(tmp_path):
    job = tmp_path / "job.sbatch"
    job.write_text(slurm_job([*VERB, "--set", "model.name=a folder"], Machines("slurm", 2, 4), OUT))
    assert subprocess.run(["bash", "-n", str(job)], check=False).returncode == 0


def test_the_job_of_slurm_gives_each_process_its_place_and_comes_back_when_stopped(tmp_path):
    """With stand-ins for Slurm's own commands: srun starts one process, scontrol writes down what it is asked."""
    tools = tmp_path / "tools"
    tools.mkdir()
    said = tmp_path / "said"
    scripts = {
        "srun": 'shift; SLURM_PROCID=5 SLURM_LOCALID=1 SLURM_NTASKS=8 "$@"',
        "scontrol": f'[ "$1" = show ] && echo node-1 || echo "$@" >> {said}',
        "python": f'echo "$RANK $LOCAL_RANK $WORLD_SIZE $MASTER_ADDR $@" >> {said}; exit 75',
    }
    for name, script in scripts.items():
        (tools / name).write_text(f"#!/bin/bash\n{script}\n")
        (tools / name).chmod(0o755)
    job = tmp_path / "job.sbatch"
    job.write_text(slurm_job(["train", "smoke", "--set", "model.name=a folder"], Machines("slurm", 2, 4), OUT))
    environment = {"PATH": f"{tools}:{os.environ['PATH']}", "SLURM_JOB_ID": "77", "SLURM_JOB_NODELIST": "node-[1-2]"}
    assert subprocess.run(["bash", str(job)], check=False, env=environment).returncode == 75
    first, second = said.read_text().splitlines()
    assert first == "5 1 8 node-1 -m finetune train smoke --set model.name=a folder"
    assert second == "requeue 77"


def test_a_launcher_that_cannot_do_it_says_which_can():
    with pytest.raises(RecipeError, match="--launcher deepspeed"):
        launch_of(VERB, Machines("local", 1, 4), OUT)
    with pytest.raises(RecipeError, match="a path that all nodes share"):
        launch_of(VERB, Machines("ray", 1, 4), Path("run"))
    with pytest.raises(RecipeError, match="known are local, deepspeed, slurm, ray"):
        launch_of(VERB, Machines("torchrun"), OUT)


def test_the_command_line_hands_its_words_on(tmp_path):
    done = finetune(
        "train", "smoke", "--data", "DATA", "--launcher", "deepspeed", "--gpus", "4", "--dry-run", "--out", tmp_path
    )
    assert done.returncode == 0
    told, port = re.subn(r"--master_port \d+ ", "", done.stdout)
    assert port == 1  # a free one: two runs on a machine do not meet
    assert told == (
        "$ python -m deepspeed.launcher.runner --num_gpus 4 --no_local_rank --module finetune train smoke --data DATA "
        f"--out {tmp_path}\n"
    )
    assert not list(tmp_path.iterdir())


RAY = {"run.max_steps": 30, "run.epochs": 10, "run.save_every": 4, "run.probe_every": 0, "turns.pack_tokens": 400}


@pytest.fixture(scope="module")
def two_workers(tiny_model, made_handover, tmp_path_factory):
    """The words of a run, and its folder after two workers of a Ray of its own have made it."""
    folder = tmp_path_factory.mktemp("ray")
    sets = {"model.name": tiny_model, **RAY}
    words = [word for key, value in sets.items() for word in ("--set", f"{key}={value}")]
    verb = ["train", "smoke", "--data", made_handover(folder / "data", 24), "--no-check", *words]
    done = finetune(
        *verb, "--out", folder / "run", "--launcher", "ray-here", "--gpus", "2",
        RAY_ADDRESS="local", RAY_USAGE_STATS_ENABLED="0", **warm.ranks(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return verb, folder / "run"


@pytest.mark.ray
@pytest.mark.slow
def test_a_run_on_ray_with_two_workers_ends_with_a_model(two_workers):
    _, out = two_workers
    said = json.loads((out / "run.json").read_text())
    assert said["reason"] == "finished"
    assert said["sessions"][-1]["n_processes"] == 2
    assert (out / "model" / "SHA256SUMS").is_file()


@pytest.fixture
def cluster(tmp_path):
    """The head of a cluster: its process, and the environment of its users."""
    with ray_head(tmp_path, cpus=3, **warm.ranks()) as head:
        yield head.process, head.environment


def workers_of(head):
    """The training processes, by when they were started."""
    below = psutil.Process(head.pid).children(recursive=True)
    return sorted((one for one in below if "RayTrainWorker" in one.name()), key=lambda one: one.create_time())


@pytest.mark.ray
@pytest.mark.slow
def test_a_submitted_job_outlives_one_of_its_workers(two_workers, cluster, tmp_path):
    """`ray job submit`; a worker is killed in mid-run, and the next two go on from the checkpoint to equal weights."""
    (verb, whole), (head, environment), out = two_workers, cluster, tmp_path / "run"
    words = [sys.executable, "-m", "finetune", *verb, "--out", out, "--launcher", "ray", "--gpus", "2"]
    job = subprocess.Popen(
        [str(word) for word in words], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, start_new_session=True,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 900
        while len(lines_of(out / "log.jsonl")) < 6 and job.poll() is None and time.monotonic() < deadline:
            time.sleep(0.002)
        struck = workers_of(head)
        assert len(struck) == 2
        struck[-1].kill()
        said, _ = job.communicate(timeout=1500)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(job.pid, signal.SIGKILL)
    assert job.returncode == 0, said[-3000:]
    sessions = json.loads((out / "run.json").read_text())["sessions"]
    assert [one["reason"] for one in sessions] == ["running", "finished"]
    assert sessions[1]["from_step"] >= 4
    assert (out / "model" / "model.safetensors").read_bytes() == (whole / "model" / "model.safetensors").read_bytes()
