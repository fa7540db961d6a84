"""`python -m evaluate`: the command line, with every mistake of a user's as one clear line and an exit code."""

import os

import click

from schemas.command_line import run


def main() -> None:
    """Run a command. 0 done, 1 failed (run it again), 2 wrong use, 3 a gate refused."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    run(_load, when_stopped="stopped; every reply that came is kept, and the same command goes on from there")


def _load() -> click.Command:
    from evaluate.cli import evaluate

    return evaluate


if __name__ == "__main__":
    main()
