"""How long the reader of texts takes, against the reader that stood here before it.

Both read the same turns, each in processes of its own, rounds interleaved (A B A B): CPU seconds per thousand turns,
after one turn of every scheme that is not counted. Each round is a fresh process, so that nothing is remembered from
the one before; what a reader remembers within a round it may use, as in a build.

    N cutouts  the turns that templates write in a synthetic corpus of N cutouts (spoken_corpus.py), read and verified;
               the reader before remembers nothing, so it is given those of some cutouts throughout the corpus only
    quality    the whole quality step of the smallest of these corpora
    template   the turns that templates wrote in the demo's conversations (--store, `make demo` first), read
    free       the development half of the exam: statements, compositions, what models wrote; read

The reader before is that of a commit (--before), taken out of git into a temporary folder. The lines of both are told.

Example:
    python benchmarks/reading.py --cutouts 500 2000 --store demo/store
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

from harness import against, ratio_lines, taken_out
from spoken_corpus import write_spoken

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "f6fb3e4"
"""The last commit with the reader of some 4,900 lines of patterns."""
GOAL_OF_TEMPLATES, GOAL_OF_FREE = 10.0, 1.0
PROBES = 80
"""Cutouts of each dataset whose turns are verified, and are all that the reader before is given."""
ROOMS = {"before": ("curation/checker",), "now": ("curation/extraction", "curation/verification")}
"""Where the readers and what judges their claims stand."""
READERS = {
    "before": """
from curation.checker.claims import SurveyFacts
from curation.checker.faithfulness import judge_turn as verify, read_claims as read
from curation.checker.known import Known as Tables
REMEMBERS = False
""",
    "now": """
from curation.extraction.reading import extract_claims as read
from curation.verification.annotation_tables import AnnotationTables as Tables
from curation.verification.claims import SurveyFacts
from curation.verification.verify import verify_turn as verify
REMEMBERS = True
""",
}
BEGIN = """
import json, sys, time
from pathlib import Path
from pyarrow import parquet
from schemas.labels import label_scheme
{reader}
def warm(*schemes):
    for one in schemes:
        read("Describe the image.", "Nothing is known.", one, "xyxy_norm")
"""
TURNS = """
turns = json.load(open(sys.argv[1]))
schemes = {one[0]: label_scheme(one[0]) for one in turns}
warm(*schemes.values())
began = time.process_time()
for name, dialect, question, answer in turns:
    read(question, answer, schemes[name], dialect)
print(1000 * (time.process_time() - began) / len(turns))
"""
CORPUS = """
clock, n, n_verified, reading, verifying = time.process_time, 0, 0, 0.0, 0.0
for folder in sorted(Path(sys.argv[1]).iterdir()):
    said = json.loads((folder / "dataset.json").read_text())
    scheme, dialect = label_scheme(said["scheme"]), said["dialect"]
    warm(scheme)
    tables = [parquet.read_table(folder / f"{one}.parquet") for one in ("sources", "objects")]
    known = Tables(*tables, scheme, dialect, SurveyFacts(*said["survey"]))
    cutouts = [row for file in sorted(folder.glob("cutouts-*")) for row in parquet.read_table(file).to_pylist()]
    probes = {row["cutout_id"]: known.of(row) for row in cutouts[:: max(1, len(cutouts) // int(sys.argv[2]))]}
    for file in sorted(folder.glob("conversations-*")):
        for row in parquet.read_table(file, columns=["cutout_id", "turns"]).to_pylist():
            about = probes.get(row["cutout_id"])
            if not about and not REMEMBERS:
                continue
            began = clock()
            found = [read(one["question"], one["answer"], scheme, dialect) for one in row["turns"]]
            read_at = clock()
            n, reading = n + len(found), reading + read_at - began
            if about:
                for one in found:
                    verify(one, about)
                n_verified, verifying = n_verified + len(found), verifying + clock() - read_at
print(1000 * reading / n + 1000 * verifying / n_verified)
"""
QUALITY = """
from curation.words.quality import quality
n, seconds = 0, 0.0
for folder in sorted(Path(sys.argv[1]).iterdir()):
    said = json.loads((folder / "dataset.json").read_text())
    scheme = label_scheme(said["scheme"])
    warm(scheme)
    sources, objects = (parquet.read_table(folder / f"{one}.parquet") for one in ("sources", "objects"))
    for talks, cutouts in zip(sorted(folder.glob("conversations-*")), sorted(folder.glob("cutouts-*"))):
        talks, cutouts = parquet.read_table(talks), parquet.read_table(cutouts)
        began = time.process_time()
        made = quality(talks, cutouts, sources, objects, scheme, said["dialect"], SurveyFacts(*said["survey"]))
        n, seconds = n + made.kept.num_rows, seconds + time.process_time() - began
print(1000 * seconds / n)
"""
Turn = tuple[str, str, str, str]
"""Label scheme, dialect of boxes, question, answer."""


@dataclass(frozen=True)
class Reader:
    """A reader: the tree of sources that it stands in, and how it is imported."""

    name: str
    tree: Path

    def seconds(self, work: str, place: Path) -> float:
        """CPU seconds per thousand turns of a file or a corpus, in a process of its own."""
        begin = BEGIN.replace("{reader}", READERS[self.name])
        command = [sys.executable, "-c", begin + work, str(place), str(PROBES)]
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


def template_turns(store: Path) -> list[Turn]:
    """Turns that templates wrote in a store's conversations."""
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


def measured(readers: Sequence[Reader], work: str, place: Path, rounds: int) -> dict[str, list[float]]:
    """CPU seconds per thousand turns by reader, of each round."""
    found: dict[str, list[float]] = {one.name: [] for one in readers}
    for _ in range(rounds):
        for one in readers:
            found[one.name].append(one.seconds(work, place))
    return found


def written(turns: Sequence[Turn], path: Path) -> Path:
    """The turns as a file."""
    path.write_text(json.dumps(turns))
    return path


def run(given: argparse.Namespace, corpora: Path) -> dict[str, Any]:
    """Seconds, ratios and lines."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        readers = [Reader("before", taken_out(given.before, folder / "before")), Reader("now", ROOT)]
        made = {n: write_spoken(n, corpora) for n in sorted(given.cutouts)}
        work = {f"{n} cutouts": (CORPUS, place) for n, place in made.items()}
        work |= {f"quality, {n} cutouts": (QUALITY, place) for n, place in list(made.items())[:1]}
        texts = {"free": free_turns()} | ({"template": template_turns(given.store)} if given.store else {})
        work |= {kind: (TURNS, written(turns, folder / f"{kind}.json")) for kind, turns in texts.items()}
        work = {kind: one for kind, one in work.items() if not given.only or kind.split(",")[0] in given.only}
        seconds = {kind: measured(readers, *one, given.rounds) for kind, one in work.items()}
        medians = {kind: {one: statistics.median(some) for one, some in by.items()} for kind, by in seconds.items()}
        ratios = {
            kind: statistics.median(b / n for b, n in zip(by["before"], by["now"], strict=True))
            for kind, by in seconds.items()
        }
        goals = {kind: GOAL_OF_FREE if kind == "free" else GOAL_OF_TEMPLATES for kind in work}
        return {
            "turns": {kind: {"n": len(turns), "n_different": len(set(turns))} for kind, turns in texts.items()},
            "seconds_per_thousand": medians,
            "ratios": against(ratios, goals),
            "lines": {one.name: one.lines() for one in readers},
        }


def main() -> None:
    """Measure, and print a table or JSON."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--store", type=Path, help="of the demo")
    options.add_argument("--cutouts", type=int, nargs="*", default=[500, 2000], help="sizes of synthetic corpora")
    options.add_argument("--corpora", type=Path, help="folder in which these are kept; else they are made anew")
    options.add_argument("--only", nargs="*", default=(), help="kinds that are measured, such as quality; else all")
    options.add_argument("--before", default=BEFORE, help="commit of the reader before")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        place = given.corpora or Path(name)
        place.mkdir(parents=True, exist_ok=True)
        found = run(given, place)
    if given.json:
        return print(json.dumps(found, indent=1))
    for kind, one in found["turns"].items():
        print(f"{kind}: {one['n']:,} turns, {one['n_different']:,} of them different")
    for kind, one in found["seconds_per_thousand"].items():
        print(f"{kind}: per thousand turns " + ", ".join(f"{name} {value:.3f} s" for name, value in one.items()))
    for name, rooms in found["lines"].items():
        told = " + ".join(f"{room} {n:,}" for room, n in rooms.items())
        print(f"lines of Python {name}: {sum(rooms.values()):,} ({told})")
    return print("\n".join(ratio_lines("CPU time before / now", found["ratios"])))


if __name__ == "__main__":
    main()
