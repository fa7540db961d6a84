"""Starts a run where it shall run: here, under DeepSpeed's launcher, as a Slurm job, or on a Ray cluster.

A launcher only sets the environment in which every process runs the same command. `plan_of` gives exactly what would
be done, as text or as the words of a command; `--dry-run` prints it.
"""

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import RecipeError

LAUNCHERS = ("local", "deepspeed", "slurm", "ray")
STOPPED = 75
LAUNCHER = "deepspeed.launcher.launch"  # the parent of the training processes on its node
WARN_S = 600  # before Slurm ends a job it sends SIGUSR1


@dataclass(frozen=True)
class Machines:
    """How many, and how."""

    launcher: str = "local"
    nodes: int = 1
    gpus: int = 1
    port: int | None = None
    """Where the processes of one node meet; None is DeepSpeed's own, 29500, which one run on a machine can have."""

    @property
    def n_processes(self) -> int:
        """One for each GPU, or on a CPU one for each that is asked for."""
        return self.nodes * self.gpus


@dataclass(frozen=True)
class Launch:
    """What is started: the words of a command, and a job file where there is one."""

    words: tuple[str, ...]
    job_file: str = ""

    @property
    def told(self) -> str:
        """For `--dry-run`."""
        return (self.job_file + "\n" if self.job_file else "") + "$ " + shlex.join(self.words)


def launch_of(verb: Sequence[str], machines: Machines, out: Path, *, python: str = "python") -> Launch:
    """How a verb of this command line is started on the machines. `verb` has no option of the launcher."""
    if machines.launcher == "local":
        if machines.n_processes > 1:
            raise RecipeError(
                f"--launcher local is one process; for {machines.nodes} x {machines.gpus} use --launcher deepspeed, "
                "slurm or ray"
            )
        return Launch((python, "-m", "finetune", *verb))
    if machines.launcher == "deepspeed":
        several = ("--num_nodes", str(machines.nodes)) if machines.nodes > 1 else ()
        count = ("--num_gpus", str(machines.gpus))
        port = ("--master_port", str(machines.port)) if machines.port else ()
        how = (*several, *count, *port, "--no_local_rank", "--module")
        return Launch((python, "-m", "deepspeed.launcher.runner", *how, "finetune", *verb))
    if machines.launcher == "slurm":
        return Launch(("sbatch", f"{out}/job.sbatch"), slurm_job(verb, machines, out))
    if machines.launcher == "ray":
        if not out.is_absolute():
            raise RecipeError(f"--out {out}: a Ray job runs in a copy of this folder; give a path that all nodes share")
        inside = ("--launcher", "ray-here", "--nodes", str(machines.nodes), "--gpus", str(machines.gpus))
        return Launch(("ray", "job", "submit", "--working-dir", ".", "--", "python", "-m", "finetune", *verb, *inside))
    raise RecipeError(f"--launcher {machines.launcher}: known are {', '.join(LAUNCHERS)}")


def slurm_job(verb: Sequence[str], machines: Machines, out: Path) -> str:
    """A job that Slurm may stop and start again: 75 puts it back into the queue.

    srun starts the processes, so that signals reach them and no launcher in between.
    """
    return f"""#!/bin/bash
#SBATCH --job-name=finetune
#SBATCH --nodes={machines.nodes}
#SBATCH --ntasks-per-node={machines.gpus}
#SBATCH --gpus-per-node={machines.gpus}
#SBATCH --signal=USR1@{WARN_S}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output={out}/slurm-%j.out
# Add --time, --account and --partition of your cluster, here or on sbatch's command line.
MASTER_ADDR=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
export MASTER_ADDR MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))
# shellcheck disable=SC2016  # each process reads its own place
srun --kill-on-bad-exit=1 bash -c '
  export RANK=$SLURM_PROCID LOCAL_RANK=$SLURM_LOCALID WORLD_SIZE=$SLURM_NTASKS LOCAL_WORLD_SIZE={machines.gpus}
  exec python -m finetune "$@"' finetune {shlex.join(verb)}
code=$?
[ $code -eq {STOPPED} ] && scontrol requeue "$SLURM_JOB_ID"
exit $code
"""


def start(launch: Launch, out: Path) -> int:
    """Do it, and give its exit code. A process that was stopped by a signal and saved says 75."""
    if launch.job_file:
        out.mkdir(parents=True, exist_ok=True)
        (out / "job.sbatch").write_text(launch.job_file, encoding="utf-8")
    words = [sys.executable if word == "python" and at == 0 else word for at, word in enumerate(launch.words)]
    root = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
    try:
        process = subprocess.Popen(words, env={**os.environ, "PYTHONPATH": path})
    except FileNotFoundError as error:
        raise RecipeError(f"{launch.words[0]}: is not installed on this machine: {error}") from error
    for number in (signal.SIGTERM, signal.SIGUSR1):
        signal.signal(number, lambda *_: _pass_on(process.pid))
    return process.wait()


def _pass_on(pid: int) -> None:
    """Tell the training processes to save and stop; DeepSpeed's launchers would only be killed by the signal."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for one in psutil.Process(pid).children(recursive=True):
            parent = one.parent()
            if parent and LAUNCHER in parent.cmdline():
                one.send_signal(signal.SIGUSR1)
