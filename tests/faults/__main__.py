"""Faults of every kind at every stage, after each of which the corpus must be what it would have been.

python -m tests.faults                        three hundred, with a seed of its own, which it prints
python -m tests.faults --seed 7 --round 7.3   round 3 of seed 7 again
python -m tests.faults --short                some, in less than a minute: what CI does
python -m tests.faults --only killed          kinds whose name has the word
"""

import argparse
import json
import multiprocessing
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import SystemRandom

from curation.asking.replica import dies_with_us
from tests.faults import disks, rounds, table
from tests.faults.prepared import prepared
from tests.faults.world import World

N_FULL, N_SHORT = 300, 24
DONE = "done.json"
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
    parser.add_argument("--at-once", type=int, default=2, help="rounds beside each other")
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
    wanted = [
        one
        for one in rounds.rounds(chosen.seed, chosen.faults, chosen.only)
        if not chosen.round or f"{chosen.round}.".startswith(f"{one.number}.")
    ]
    try:
        done = _all_tried(made, wanted, chosen.at_once, begun, begun + chosen.most_s)
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


def _all_tried(
    made: World, wanted: Sequence[rounds.Round], at_once: int, begun: float, until: float
) -> list[rounds.Round]:
    """All rounds, each by whichever process is free; these have files, a model and an object store of their own."""
    context = multiprocessing.get_context("fork")
    folders = [made.folder / f"beside-{k}" for k in range(at_once)]
    dealt = context.Value("i", 0)

    def next_one() -> rounds.Round | None:
        with dealt.get_lock():
            dealt.value += 1
            return wanted[dealt.value - 1] if dealt.value <= len(wanted) and time.monotonic() < until else None

    processes = [context.Process(target=_share_tried, args=(made, folder, next_one, begun)) for folder in folders]
    for one in processes:
        one.start()
    for one in processes:
        one.join()
    if any(one.exitcode for one in processes):
        raise SystemExit("a process of the harness itself failed")
    done = [rounds.Round.of(told) for folder in folders for told in json.loads((folder / DONE).read_text())]
    return sorted(done, key=lambda one: [int(digits) for digits in one.number.split(".")])


def _share_tried(made: World, folder: Path, next_one: Callable[[], rounds.Round | None], begun: float) -> None:
    dies_with_us()()
    own, done = made.beside(folder), list[rounds.Round]()
    try:
        while one := next_one():
            done += _tried(own, one)
            print(table.line(done[-1], time.monotonic() - begun), flush=True)
        (folder / DONE).write_text(json.dumps([one.told for one in done]))
    finally:
        own.end()


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
