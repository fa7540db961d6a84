"""Several builds that reach the hand-over together: one whole hand-over each time, report and tag with it.

    python -m tests.handover_races CORPUS --raw RAW --store STORE --builders 2 --rounds 50

STORE holds a finished build of the corpus: its hand-over, report and tag are taken away before each round. The
builders are processes, held at a gate until all of them stand before the hand-over.
"""

import argparse
import multiprocessing
import shutil
import sys
from multiprocessing.synchronize import Barrier
from pathlib import Path

import great_expectations  # noqa: F401  # before the fork: each builder would spend seconds on it

from curation.build import build_corpus, handover_folder, report_file
from curation.corpus import corpus, graph
from curation.engine.store import Store
from curation.whole import find_damage
from schemas.whole import is_whole


def one_builder(name: str, raw: Path, where: str, gate: Barrier) -> None:
    """A build whose tables are there already; waits until all builders are ready."""
    store = Store(where)
    made = graph(corpus(name), raw, store)
    gate.wait(300)
    build_corpus(made, store, say=lambda _: None)


def one_round(name: str, raw: Path, where: str, n_builders: int) -> list[str]:
    """What was wrong after one race, a line each."""
    store = Store(where)
    made = graph(corpus(name), raw, store)
    folder, page = handover_folder(made, store, None), report_file(made, store, None)
    for one in (folder, page.parent):
        shutil.rmtree(one, ignore_errors=True)
    store.remove(f"tags/latest-{name}.json")
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(n_builders)
    builders = [context.Process(target=one_builder, args=(name, raw, where, gate)) for _ in range(n_builders)]
    for one in builders:
        one.start()
    for one in builders:
        one.join()
    wrong = [f"a builder ended with {one.exitcode}" for one in builders if one.exitcode]
    wrong += find_damage(made, store, None).lines
    if not (is_whole(folder) and page.is_file() and store.tagged(f"latest-{name}") == made.handover):
        wrong.append("hand-over, report and tag are not all there")
    return wrong + [f"left over: {path}" for path in folder.parent.glob(f".{folder.name}.*")]


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--builders", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=50)
    given = parser.parse_args()
    n_whole = 0
    for k in range(given.rounds):
        wrong = one_round(given.corpus, given.raw, given.store, given.builders)
        n_whole += not wrong
        print(f"round {k + 1} of {given.builders} builders: {'; '.join(wrong) or 'one whole hand-over'}", flush=True)
    print(f"{n_whole} of {given.rounds} rounds ended with one whole hand-over")
    return int(n_whole < given.rounds)


if __name__ == "__main__":
    sys.exit(main())
