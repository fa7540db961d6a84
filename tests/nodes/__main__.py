"""Builds on a cluster of three nodes, one of which is killed and one slow: in the end the corpus of one machine.

python -m tests.nodes                       twenty rounds, with a seed of its own, which it prints
python -m tests.nodes --seed 7 --round 7.3  round 3 of seed 7 again
python -m tests.nodes --rounds 1            one round
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from random import SystemRandom

from curation.exams.written import put_between
from tests.faults.asked import PIPE
from tests.faults.prepared import prepared
from tests.nodes import rounds
from tests.nodes.cluster import cluster
from tests.nodes.rounds import Round

N_ROUNDS = 20
KINDS = {"killed": "nodes killed", "slow": "slow", "away": "away", "head killed": "heads killed"}
BEGIN, END = "<!-- written by `make nodes` -->", "<!-- end of what `make nodes` writes -->"


def main() -> None:
    """Do what the command line says; exit 1 where a round did not end as it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.nodes", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    parser.add_argument("--rounds", type=int, default=N_ROUNDS)
    parser.add_argument("--first", type=int, default=0, help="begin with this round")
    parser.add_argument("--round", help="only this one, such as 7.3")
    parser.add_argument("--keep", action="store_true", help="leave stores and logs where they are")
    parser.add_argument("--write-docs", type=Path, help="write the table into this file, between its marks")
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}; again: python -m tests.nodes --seed {chosen.seed} --rounds {chosen.rounds}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nodes and stores end with it
    wanted = [rounds.planned(chosen.seed, k) for k in range(chosen.first, chosen.rounds)]
    wanted = [one for one in wanted if chosen.round in (None, one.number)]
    folder = Path(tempfile.mkdtemp(prefix="radio-corpus-nodes-"))
    os.mkfifo(folder / PIPE)
    began = time.monotonic()
    made = prepared(folder)
    made.keeps = chosen.keep
    try:
        with cluster(folder / PIPE) as nodes:
            for k, one in enumerate(wanted, 1):
                rounds.run(made, nodes, one)
                print(line(one), flush=True)
                if chosen.write_docs:
                    told = summary(wanted[:k], time.monotonic() - began)
                    write(chosen.write_docs, wanted[:k], f"Seed {chosen.seed}: {told}.")
    finally:
        made.end()
        if chosen.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)
    print(summary(wanted, time.monotonic() - began))
    sys.exit(1 if any(one.problems for one in wanted) else 0)


def line(one: Round) -> str:
    """A round in a line, and a line for all that was wrong."""
    harms = ", ".join(harm.told if harm.has_happened else f"NOT MET: {harm.told}" for harm in one.harms)
    told = [
        f"round {one.number}: {harms}: {one.n_commands} commands, {one.n_busy} nodes with workers, "
        f"{one.n_asked} requests, {one.n_lost} lost, {one.n_repeated} repeated, {one.seconds:.0f} s"
    ]
    return "\n".join(
        [*told, *(f"    said: {it}" for it in one.said[:-1]), *(f"    WRONG: {it}" for it in one.problems)]
    )


def summary(done: Sequence[Round], seconds: float) -> str:
    """All of it in a few lines."""
    good = sum(not one.problems for one in done)
    harms = [harm for one in done for harm in one.harms if harm.has_happened]
    counts = ", ".join(f"{sum(harm.what == what for harm in harms)} {told}" for what, told in KINDS.items())
    n_asked, n_repeated = sum(one.n_asked for one in done), sum(one.n_repeated for one in done)
    n_lost = sum(one.n_lost for one in done)
    return (
        f"{len(done)} rounds, {counts}, {sum(one.n_commands for one in done)} builds, {seconds / 60:.0f} minutes: "
        f"{good} of {len(done)} ended with the bytes of the undisturbed build; "
        f"{n_asked} requests to the model, {n_repeated} of them repeated, of {n_lost} that were on their way when "
        "something died or was given up"
    )


def write(file: Path, done: Sequence[Round], told: str) -> None:
    """Put the table between the file's marks."""
    lines = [told, "", "| round | what happened | builds | requests | lost | repeated | same bytes |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for one in done:
        harms = ", ".join(harm.told for harm in one.harms if harm.has_happened)
        is_same = "no" if one.problems else "yes"
        lines.append(
            f"| {one.number.split('.')[1]} | {harms} | {one.n_commands} | {one.n_asked} | {one.n_lost} | "
            f"{one.n_repeated} | {is_same} |"
        )
    bad = [f"* {one.number}: {problem}" for one in done for problem in one.problems]
    put_between(file, (BEGIN, END), [*lines, *(["", "What went wrong:", "", *bad] if bad else [])])


if __name__ == "__main__":
    main()
