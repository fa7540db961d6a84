"""Single bits flipped in a finished build: each must be noticed by `check`, and healed by `build --repair`.

    python -m tests.bit_flips CORPUS --raw RAW --store STORE --flips 200 --seed 1

Flips, checks and heals that store: give it a copy. Prints the seed and the figures; exit code 1 where one was missed.
"""

import argparse
import random
import sys
from collections.abc import Iterator
from pathlib import Path

from curation.asking.rule_child import rule_server
from curation.build import build_corpus, handover_folder, report_file
from curation.corpus import Graph, corpus, graph
from curation.engine.run import join_ray
from curation.engine.store import Store
from curation.whole import find_damage, repair

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


def rounds(made: Graph, store: Store, n_flips: int, dice: random.Random) -> Iterator[tuple[int, int, int]]:
    """Flip, check after each flip, and repair after some; gives the numbers flipped, noticed and healed of each."""
    left = n_flips
    while left:
        chosen = dice.sample(files_of(made, store), min(PER_REPAIR, left))
        n_noticed = 0
        for path in chosen:
            bit = flip_bit(path, dice)
            if is_told := any(str(path) in line for line in find_damage(made, store, None).lines):
                n_noticed += 1
            if not is_told:
                print(f"not noticed: bit {bit} of {path}", file=sys.stderr)
        repair(made, store, None, lambda _: None)
        build_corpus(made, store, workers=2, say=lambda _: None)
        still = find_damage(made, store, None).lines
        print("\n".join(still), file=sys.stderr)
        yield len(chosen), n_noticed, len(chosen) - len(still)
        left -= len(chosen)


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus")
    parser.add_argument("--raw", type=Path, required=True)
    parser.add_argument("--store", required=True)
    parser.add_argument("--flips", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    store, totals = Store(given.store), [0, 0, 0]
    with rule_server() as address:
        made = graph(corpus(given.corpus), given.raw, store, [address])
        build_corpus(made, store, workers=2)
        before = contents(made, store)
        join_ray(2)  # one for all repairs
        for found in rounds(made, store, given.flips, random.Random(given.seed)):
            totals = [a + b for a, b in zip(totals, found, strict=True)]
            print("flipped {}, noticed {}, healed {}".format(*totals), flush=True)
        is_same = contents(made, store) == before
    print(f"tables and hand-over {'are the same bytes as' if is_same else 'DIFFER from'} those before")
    return int(len(set(totals)) > 1 or not is_same)


def contents(made: Graph, store: Store) -> dict[str, str | bytes]:
    """The digest of each table's rows, and the hand-over's manifest, which lists the digest of each of its files."""
    manifest = handover_folder(made, store, None) / "_manifest.json"
    return {step.address: store.manifest(step.address).content for step in made.steps} | {
        made.handover: manifest.read_bytes()
    }


if __name__ == "__main__":
    sys.exit(main())
