"""`python -m curation`: the command line, with every mistake of a user's as one clear line and an exit code."""

import os

import click

from schemas.collector import collect_seldom
from schemas.command_line import run


def main() -> None:
    """Run a command; exit codes are those of docs/architecture.md, section 8."""
    collect_seldom()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    run(_load, when_stopped="stopped; what was made stays, and the same command goes on from there")


def _load() -> click.Command:
    from curation.cli import curation

    return curation


if __name__ == "__main__":
    main()
