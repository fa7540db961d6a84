"""Single bits flipped in a finished build: each must be noticed by `check`, and healed by `build --repair`.

    python -m tests.bit_flips                        200 flips in tables, hand-over, report, tag, replies and digests
    python -m tests.bit_flips --flips 20 --seed 1

The build is that of `tests/faults/`: a small corpus, whose parts are made by forked processes. Prints the seed and the
figures; exit code 1 where one flip was missed, or a byte is another one in the end.
"""

import argparse
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import SystemRandom

from curation.build import build_corpus, handover_folder, report_file
from curation.corpus import Graph
from curation.engine.store import Store
from curation.whole import find_damage, repair
from schemas.whole import MANIFEST

PER_REPAIR = 10  # flips that one repair heals together


def flip_bit(path: Path, dice: random.Random) -> int:
    """Flip one bit of a file, as a disk does, its times kept by nobody; gives which."""
    body = bytearray(path.read_bytes())
    bit = dice.randrange(8 * len(body))
    body[bit // 8] ^= 1 << bit % 8
    path.write_bytes(bytes(body))
    return bit


def files_of(made: Graph, store: Store) -> list[Path]:
    """Every file of a finished build: its tables, hand-over, report, tag, replies and kept digests."""
    root = Path(store.root)
    folders = [root / step.address for step in made.steps]
    folders += [handover_folder(made, store, None), report_file(made, store, None).parent, root / "replies"]
    single = [root / "tags" / f"latest-{made.corpus.name}.json", root / "_digests.json"]
    found = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return sorted(path for path in [*found, *single] if path.stat().st_size)


def drawn(files: list[Path], n: int, dice: random.Random) -> list[Path]:
    """So many files, none below the manifest of another: once that is damaged, nothing is said of what it lists."""
    while True:
        chosen = dice.sample(files, n)
        folders = {path.parent for path in chosen if path.name == MANIFEST}
        if not any(folder in path.parents for path in chosen for folder in folders if path != folder / MANIFEST):
            return chosen


def rounds(made: Graph, store: Store, n_flips: int, dice: random.Random) -> Iterator[tuple[int, int, int]]:
    """Flip, check after each flip, and repair after some; gives the numbers flipped, noticed and healed of each."""
    left = n_flips
    while left:
        chosen = drawn(files_of(made, store), min(PER_REPAIR, left), dice)
        n_noticed = 0
        for path in chosen:
            bit = flip_bit(path, dice)
            if is_told := any(str(path) in line for line in find_damage(made, store, None).lines):
                n_noticed += 1
            if not is_told:
                print(f"not noticed: bit {bit} of {path}", file=sys.stderr)
        repair(made, store, None, lambda _: None)
        build_corpus(made, store, say=lambda _: None)
        still = find_damage(made, store, None).lines
        print("\n".join(still), file=sys.stderr)
        yield len(chosen), n_noticed, len(chosen) - len(still)
        left -= len(chosen)


def main() -> int:
    """The command."""
    from tests.faults import compare
    from tests.faults.prepared import prepared

    parser = argparse.ArgumentParser(prog="python -m tests.bit_flips", description=__doc__.split("\n\n")[0])
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**6))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="radio-corpus-flips-"))
    world, totals = prepared(folder), [0, 0, 0]
    try:
        store, made = Store(str(world.whole)), world.graph(world.whole)
        for found in rounds(made, store, given.flips, random.Random(given.seed)):
            totals = [a + b for a, b in zip(totals, found, strict=True)]
            print("flipped {}, noticed {}, healed {}".format(*totals), flush=True)
        after = compare.state(world.whole)
    finally:
        world.end()
        shutil.rmtree(folder)
    differs = world.undisturbed.wrong(after) + world.undisturbed.missing(after)
    print(f"in the end {'every byte is as it was' if not differs else f'other bytes: {differs}'}")
    return int(len(set(totals)) > 1 or bool(differs))


if __name__ == "__main__":
    sys.exit(main())
