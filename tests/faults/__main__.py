"""Faults of every kind at every stage, after each of which the corpus must be what it would have been.

python -m tests.faults                        three hundred, with a seed of its own, which it prints
python -m tests.faults --seed 7 --round 7.3   round 3 of seed 7 again
python -m tests.faults --short                some, in less than a minute: what CI does
python -m tests.faults --only killed          kinds whose name has the word
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path
from random import SystemRandom

from tests.faults import disks, rounds, table
from tests.faults.prepared import prepared
from tests.faults.world import World

N_FULL, N_SHORT = 300, 24
ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Do what the command line says; exit 1 where something did not survive."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__.split("\n\n")[0])
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    parser.add_argument("--faults", type=int, default=N_FULL, help="how many, at least one of each kind")
    parser.add_argument("--short", action="store_true", help=f"{N_SHORT} processes killed")
    parser.add_argument("--round", help="only this one, such as 7.3")
    parser.add_argument("--only", default="", help="kinds whose name has this in it")
    parser.add_argument("--most-s", type=float, default=float("inf"), help="begin no round after so many seconds")
    parser.add_argument("--keep", action="store_true", help="leave stores and logs where they are")
    parser.add_argument("--write-docs", type=Path, help="write the table into this file")
    chosen = parser.parse_args()
    if chosen.short:
        chosen.faults, chosen.only = N_SHORT, chosen.only or "er killed"  # drivers and workers
    begun = time.monotonic()
    again = f"--seed {chosen.seed} {'--short' if chosen.short else f'--faults {chosen.faults}'}"
    print(f"seed {chosen.seed}; again: python -m tests.faults {again}", flush=True)
    if not disks.can_mount():
        print("no file system can be mounted here, only root may: real full disks are left out; limits and errors stay")
    folder = Path(tempfile.mkdtemp(prefix="radio-corpus-faults-"))
    made = prepared(folder)
    made.keeps = chosen.keep
    try:
        done: list[rounds.Round] = []
        for one in rounds.rounds(chosen.seed, chosen.faults, chosen.only):
            if (
                not chosen.round or f"{chosen.round}.".startswith(f"{one.number}.")
            ) and time.monotonic() - begun < chosen.most_s:
                done += _tried(made, one)
                print(table.line(done[-1], time.monotonic() - begun), flush=True)
    finally:
        made.end()
        if chosen.keep:
            print(f"kept: {folder}")
        else:
            shutil.rmtree(folder)
    summary = table.summary(done, time.monotonic() - begun)
    print(summary)
    if chosen.write_docs:
        table.write(chosen.write_docs, done, chosen.seed, summary)
    sys.exit(1 if any(fault.problems for one in done for fault in one.faults) else 0)


def _tried(made: World, one: rounds.Round) -> list[rounds.Round]:
    """The round; where it went wrong with several faults, each of them alone as well, so that the right one is told."""
    rounds.run(made, one)
    if not one.is_shared:
        return [one]
    print(table.line(one, 0), "each alone:", sep="\n", flush=True)
    alone = list(rounds.singly(one))
    for single in alone:
        rounds.run(made, single)
        if single is not alone[-1]:
            print(table.line(single, 0), flush=True)
    return alone if any(fault.problems for single in alone for fault in single.faults) else [one]


if __name__ == "__main__":
    main()
