"""Several builds that reach the hand-over together: one whole hand-over each time, report and tag with it.

    python -m tests.handover_races                        50 rounds of two builders, 20 of three; prints its seed
    python -m tests.handover_races --two 0 --three 5      five of three

All tables of a small corpus are there; hand-over, report and tag are taken away before each round. The builders are
processes, each with the whole command, held at a gate until all of them stand before the hand-over, and let go within
some hundredths of a second of each other. In the end every byte must be that of an undisturbed build.
"""

import argparse
import multiprocessing
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom
from threading import Barrier

from curation import build
from curation.build import handover_folder, report_file
from curation.engine.store import Store
from curation.whole import find_damage
from schemas.whole import is_whole, left_beside
from tests.faults import building, compare, rounds
from tests.faults.prepared import prepared
from tests.faults.world import World

MOST_APART_S = 0.05
GATE_S = 300.0


def held(gate: Barrier, wait_s: float) -> Callable[[], None]:
    """What a builder does before it begins: see to it that it waits for the others before the hand-over."""

    def before() -> None:
        inner = build.check_budget

        def waiting(*given: object) -> None:
            inner(*given)  # type: ignore[arg-type]
            gate.wait(GATE_S)
            time.sleep(wait_s)

        build.check_budget = waiting

    return before


def one_round(world: World, where: Path, apart_s: list[float]) -> list[str]:
    """What was wrong after one race, a line each; a builder for each of `apart_s`."""
    for name in ("llava", "reports", "tags"):
        shutil.rmtree(where / name, ignore_errors=True)
    gate = multiprocessing.get_context("fork").Barrier(len(apart_s))
    logs = [where.parent / f"log-{k}" for k, _ in enumerate(apart_s)]
    for log in logs:
        log.unlink(missing_ok=True)
    words = rounds.words(world, where)
    pids = [
        building.started(words, log, faults=[], store=where, raw=world.raw, before=held(gate, wait_s))
        for log, wait_s in zip(logs, apart_s, strict=True)
    ]
    ended = building.ended(pids, logs)
    wrong = [f"a builder ended with {one.code}: {one.said[-300:]}" for one in ended if one.code or not one.is_clear]
    store, made = Store(str(where)), world.graph(where)
    folder, page = handover_folder(made, store, None), report_file(made, store, None)
    wrong += find_damage(made, store, None).lines
    if not (is_whole(folder) and page.is_file() and store.tagged(f"latest-{made.corpus.name}") == made.handover):
        wrong.append("hand-over, report and tag are not all there")
    found = compare.state(where)
    wrong += [f"{name}: not as of an undisturbed build" for name in world.undisturbed.wrong(found)]
    wrong += [f"{name}: missing" for name in world.undisturbed.missing(found)]
    return wrong + [f"left over: {path}" for one in (folder, page.parent) for path in left_beside(one)]


def races(world: World, where: Path, wanted: list[int], dice: random.Random) -> int:
    """One round for each number of builders; gives how many ended with one whole hand-over."""
    n_whole = 0
    for k, n_builders in enumerate(wanted):
        wrong = one_round(world, where, [dice.uniform(0, MOST_APART_S) for _ in range(n_builders)])
        n_whole += not wrong
        print(f"round {k + 1}, {n_builders} builders: {'; '.join(wrong) or 'one whole hand-over'}", flush=True)
    return n_whole


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.handover_races", description=__doc__.split("\n\n")[0])
    parser.add_argument("--two", type=int, default=50, help="rounds of two builders")
    parser.add_argument("--three", type=int, default=20, help="rounds of three")
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    wanted = [2] * given.two + [3] * given.three
    folder = Path(tempfile.mkdtemp(prefix="radio-corpus-races-"))
    world = prepared(folder)
    try:
        shutil.copytree(world.whole, folder / "race")
        n_whole = races(world, folder / "race", wanted, random.Random(given.seed))
    finally:
        world.end()
        shutil.rmtree(folder)
    print(f"{n_whole} of {len(wanted)} rounds ended with one whole hand-over")
    return int(n_whole < len(wanted))


if __name__ == "__main__":
    sys.exit(main())
