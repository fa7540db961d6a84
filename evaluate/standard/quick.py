"""The quick set for merge sweeps: 300 questions of six standard benchmarks by choice likelihood.

Nothing to generate and nothing to read, so no form to lose: one forward a question, 1,800 in all. It ranks merged
models by what they know; the full table by lmms-eval is for the few that are worth it.
"""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from curation.asking.request import Request, Served
from evaluate.asking.backends import GREEDY
from evaluate.asking.choices import Scorer
from evaluate.scoring.intervals import Interval, interval, redrawn, seed_of
from evaluate.standard.lenient import options_in
from evaluate.standard.standard import check_harness, environment, last_line
from schemas.errors import CatalogError, StepError
from schemas.pictures import as_png

TASKS = ("ai2d", "mme", "mmstar", "realworldqa", "scienceqa_img", "seedbench")
N_QUESTIONS = 300
N_DRAWS = 10_000
LETTERS, YES_NO = ("A", "B", "C", "D"), ("Yes", "No")
COLUMNS = pa.schema(
    {"task": pa.string(), "doc_id": pa.int64(), "question": pa.string(), "target": pa.string(), "png": pa.binary()}
)


@dataclass(frozen=True)
class Question:
    """A question with one picture and few possible answers."""

    task: str
    doc_id: int
    text: str
    choices: tuple[str, ...]
    target: str
    png: bytes = field(repr=False)


@dataclass(frozen=True)
class QuickScore:
    """The share of right answers of one task, or the mean over tasks."""

    task: str
    n: int
    share: Interval
    mass: float
    """How likely any of the listed answers is; where it is small, the ranking says little."""


def write_quick_set(python: Path, out: Path, tasks: Sequence[str] = TASKS, n_questions: int = N_QUESTIONS) -> int:
    """Have the harness write the questions; gives their number. StepError where it fails."""
    check_harness(python)
    script = Path(__file__).with_name("quick_docs.py")
    words = [python, script, "--tasks", ",".join(tasks), "--questions", str(n_questions), "--out", out.absolute()]
    done = subprocess.run(words, env=environment(os.environ), capture_output=True, text=True, check=False)
    if done.returncode or not out.is_file():
        raise StepError(f"lmms-eval, quick set: exit code {done.returncode}; it said last: {last_line(done.stderr)}")
    return len(read_quick_set(out))


def read_quick_set(file: Path) -> list[Question]:
    """The questions of a file of `write_quick_set`, by task and number. CatalogError where it is none."""
    try:
        table = pq.read_table(file)
    except (OSError, pa.ArrowInvalid) as error:
        raise CatalogError(f"{file}: no quick set: {error}") from error
    if table.schema.remove_metadata() != COLUMNS or not table.num_rows:
        raise CatalogError(
            f"{file}: no quick set: it has {', '.join(table.column_names)} in {table.num_rows} rows, expected "
            f"{', '.join(COLUMNS.names)}; write it by `python -m evaluate quick-set`"
        )
    # A server opens pictures in its own way, so what is sent is what we see.
    rows = table.sort_by([("task", "ascending"), ("doc_id", "ascending")]).to_pylist()
    return [
        _question(
            row["task"], row["doc_id"], row["question"], row["target"],
            as_png(row["png"], f"{file}: {row['task']}, document {row['doc_id']}"),
        )
        for row in rows
    ]  # fmt: skip


def quick_scores(scorer: Scorer, served: Served, questions: Sequence[Question]) -> list[QuickScore]:
    """Of each task, and last the mean over tasks (`all`), with 95 % intervals over questions; the same draws always."""
    requests = [Request(served, "", one.text, one.png, None, GREEDY) for one in questions]
    given = scorer.log_likelihoods(requests, [one.choices for one in questions])
    right = [one.choices[int(np.argmax(some))] == one.target for one, some in zip(questions, given, strict=True)]
    mass = [float(np.exp(np.logaddexp.reduce(np.asarray(some)))) for some in given]
    found, draws = list[QuickScore](), list[NDArray[np.float64]]()
    for task in sorted({one.task for one in questions}):
        here = [k for k, one in enumerate(questions) if one.task == task]
        hits = np.array([[float(right[k])] for k in here])
        draws.append(redrawn(hits, seed_of(task), N_DRAWS)[:, 0] / len(here))
        share = interval(float(hits.mean()), draws[-1])
        found.append(QuickScore(task, len(here), share, float(np.mean([mass[k] for k in here]))))
    mean = interval(float(np.mean([one.share.value for one in found])), np.mean(draws, axis=0))
    return [*found, QuickScore("all", len(questions), mean, float(np.mean(mass)))]


def _question(task: str, number: int, text: str, target: str, png: bytes) -> Question:
    """With what may be answered: the letters that it lists, four where none of a list can be read, or yes and no."""
    if target.capitalize() in YES_NO:
        return Question(task, number, text, YES_NO, target.capitalize(), png)
    listed = tuple(sorted(options_in(text)))
    choices = listed if target.upper() in listed else LETTERS
    if target.upper() not in choices:
        raise CatalogError(f"{task}, document {number}: the answer is {target!r}, and may be one of {choices}")
    return Question(task, number, text, choices, target.upper(), png)
