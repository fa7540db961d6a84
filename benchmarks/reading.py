"""How long the reader of texts takes, against the reader that stood here before it.

Both read the same turns, in processes of their own, rounds interleaved (A B A B): CPU seconds per thousand turns, after
one turn of every scheme that is not counted. Each round is a fresh process, so that nothing is remembered from the one
before; what a reader remembers within a round it may use, as in a build.

    template   the turns that templates wrote in the demo's conversations (--store, `make demo` first), else those of
               made-up scenes
    free       the development half of the exam: statements, compositions, what models wrote

The reader before is that of a commit (--before), taken out of git into a temporary folder. The lines of both are told.

Example:
    python benchmarks/reading.py --store demo/store
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import against, ratio_lines

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "f6fb3e4"
"""The last commit with the reader of some 4,900 lines of patterns."""
GOALS = {"template": 10.0, "free": 1.0}
N_SCENES = 140
ROOMS = {"before": ("curation/checker",), "now": ("curation/extraction", "curation/verification")}
"""Where the readers and what judges their claims stand."""
READERS = {
    "before": "from curation.checker.faithfulness import read_claims as read",
    "now": "from curation.extraction.reading import extract_claims as read",
}
CHILD = """
import json, sys, time
from schemas.labels import label_scheme
{reader}
turns = json.load(open(sys.argv[1]))
schemes = {{one[0]: label_scheme(one[0]) for one in turns}}
for name, scheme in schemes.items():
    read("Describe the image.", "Nothing is known.", scheme, "xyxy_norm")
began = time.process_time()
for name, dialect, question, answer in turns:
    read(question, answer, schemes[name], dialect)
print(time.process_time() - began)
"""
Turn = tuple[str, str, str, str]
"""Label scheme, dialect of boxes, question, answer."""


@dataclass(frozen=True)
class Reader:
    """A reader: the tree of sources that it stands in, and how it is imported."""

    name: str
    tree: Path

    def seconds(self, turns: Path) -> float:
        """CPU seconds of reading all turns of a file, in a process of its own."""
        command = [sys.executable, "-c", CHILD.format(reader=READERS[self.name]), turns]
        paths = {"PYTHONPATH": str(self.tree), "PYTHONSAFEPATH": "1"}
        run = subprocess.run(
            command, cwd=self.tree, env=os.environ | paths, capture_output=True, text=True, check=False
        )
        if run.returncode:
            sys.exit(f"{self.name}: {run.stderr[-800:]}")
        return float(run.stdout)

    def lines(self) -> dict[str, int]:
        """Lines of Python by room."""
        return {
            room: sum(len(file.read_text(encoding="utf-8").splitlines()) for file in (self.tree / room).rglob("*.py"))
            for room in ROOMS[self.name]
        }


def template_turns(store: Path | None) -> list[Turn]:
    """Turns that templates wrote: those of a store's conversations, else of made-up scenes over all schemes."""
    if store is None:
        from curation.fault_injection.scenes import synthetic_scenes

        scenes = synthetic_scenes("reading", N_SCENES)
        return [
            (one.known.scheme.name, one.dialect, turn.question, turn.answer) for one in scenes for turn in one.turns
        ]
    from pyarrow import dataset as parquet

    from catalogs.dataset import dataset

    folders = sorted(store.glob("conversations/*/*"))
    if not folders:
        sys.exit(f"{store}: no conversations; `make demo` makes a store with some")
    turns: list[Turn] = []
    for folder in folders:
        scheme = dataset(folder.parent.name).scheme
        rows = parquet.dataset(folder, format="parquet", exclude_invalid_files=True).to_table(columns=["turns"])
        told = [turn for one in rows["turns"].to_pylist() for turn in one if turn["kind"] != "generated"]
        turns += [(scheme, "xyxy_norm", turn["question"], turn["answer"]) for turn in told]
    return turns


def free_turns() -> list[Turn]:
    """What the exam asks of the development half, without the captions."""
    from curation.exams.cases import Half
    from curation.exams.taken import paper

    sheet = paper(Half.DEVELOPMENT, None)
    return [
        (sheet.known[one.scene].scheme.name, one.dialect, one.question, one.text)
        for some in sheet.cases.values()
        for one in some
    ]


def measured(readers: Sequence[Reader], turns: Sequence[Turn], rounds: int, folder: Path) -> dict[str, float]:
    """CPU seconds per thousand turns by reader, median of the rounds."""
    path = folder / "turns.json"
    path.write_text(json.dumps(turns))
    found: dict[str, list[float]] = {one.name: [] for one in readers}
    for _ in range(rounds):
        for one in readers:
            found[one.name].append(1000 * one.seconds(path) / len(turns))
    return {name: statistics.median(values) for name, values in found.items()}


def taken_out(commit: str, folder: Path) -> Path:
    """The sources of a commit."""
    folder.mkdir()
    packed = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=False)
    if packed.returncode:
        sys.exit(f"--before {commit}: {packed.stderr.decode()[-300:]}")
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return folder


def run(store: Path | None, before: str, rounds: int) -> dict[str, Any]:
    """Seconds, ratios and lines."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        readers = [Reader("before", taken_out(before, folder / "before")), Reader("now", ROOT)]
        texts = {"template": template_turns(store), "free": free_turns()}
        seconds = {kind: measured(readers, turns, rounds, folder) for kind, turns in texts.items()}
        ratios = {kind: one["before"] / one["now"] for kind, one in seconds.items()}
        return {
            "turns": {
                kind: {"n": len(turns), "n_different": len(set(turns))} for kind, turns in texts.items()
            },
            "seconds_per_thousand": seconds,
            "ratios": against(ratios, GOALS),
            "lines": {one.name: one.lines() for one in readers},
        }  # fmt: skip


def main() -> None:
    """Measure, and print a table or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--store", type=Path, help="of the demo; else turns of made-up scenes")
    options.add_argument("--before", default=BEFORE, help="commit of the reader before")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    found = run(given.store, given.before, given.rounds)
    if given.json:
        return print(json.dumps(found, indent=1))
    for kind, one in found["seconds_per_thousand"].items():
        n = found["turns"][kind]
        told = ", ".join(f"{name} {value:.3f} s" for name, value in one.items())
        print(f"{kind}: {n['n']:,} turns, {n['n_different']:,} of them different; per thousand: {told}")
    for name, rooms in found["lines"].items():
        told = " + ".join(f"{room} {n:,}" for room, n in rooms.items())
        print(f"lines of Python {name}: {sum(rooms.values()):,} ({told})")
    return print("\n".join(ratio_lines("CPU time before / now", found["ratios"])))


if __name__ == "__main__":
    main()
