"""`python -m finetune`: the command line, with every mistake of a user's as one clear line and an exit code."""

import os
from pathlib import Path

import click

from schemas.command_line import run


def main() -> None:
    """Run a command. 0 done, 1 failed, 2 wrong recipe or use, 3 a gate refused, 75 stopped and can go on."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads and our processes do not go together
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if not Path("/dev/nvidiactl").exists() and not Path("/dev/kfd").exists():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    run(_load, when_stopped="stopped; the run goes on from its last checkpoint with the same command")


def _load() -> click.Command:
    from finetune.cli import finetune

    return finetune


if __name__ == "__main__":
    main()
