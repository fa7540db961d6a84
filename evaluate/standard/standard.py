"""Standard benchmarks: lmms-eval as a process in an environment of its own, and its result files read.

It starts outside the repository, with PYTHONSAFEPATH and no PYTHONPATH: it wants Hugging Face's `evaluate`, and would
get ours. Every sample is logged. A run in which too many questions came to nothing is refused, and so is a comparison
in which the base model misses its own card: the harness has drifted then, and no table is written.
"""

import json
import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from evaluate.standard.logged import Logged, check_answered, read_log
from schemas.errors import CatalogError, GateError, RecipeError, StepError

LMMS_EVAL = "0.7.3"
DRIFT_POINTS, DRIFT_OF_MME = 1.5, 0.03
ROUNDED = 5e-5  # MMMU's result is rounded to five places
OCRBENCH_ITEMS = 1_000  # its code divides by this, however many were asked
TOLD = 500  # characters of what a failed process said last
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
BIG, SMALL = "llava-onevision-qwen2-7b-ov", "llava-onevision-qwen2-0.5b-ov"


@dataclass(frozen=True)
class Standard:
    """A standard benchmark: its task at lmms-eval, the metrics, and what the base models' card says."""

    name: str
    task: str
    metrics: tuple[str, ...]
    """The headline first; MME has a second one."""
    cards: Mapping[str, tuple[float, ...]]
    """Percent (MME: points) of each metric, by base model: of the LLaVA-OneVision paper's tables."""
    n_items: int
    """In Riggi et al. 2025, App. B."""

    @property
    def is_share(self) -> bool:
        """Whether the score is a share; MME counts points."""
        return self.task != "mme"


def _standard(name: str, task: str, metric: str, big: float | None, small: float | None, n_items: int) -> Standard:
    cards = {BIG: big, SMALL: small}
    return Standard(name, task, (metric,), {model: (one,) for model, one in cards.items() if one is not None}, n_items)


MME = Standard(
    "MME", "mme", ("mme_perception_score", "mme_cognition_score"), {BIG: (1580.0, 418.0), SMALL: (1238.0, 240.0)}, 2_374
)
STANDARDS = {
    one.task: one
    for one in (
        _standard("AI2D", "ai2d", "exact_match", 81.4, 57.1, 3_088),
        _standard("ChartQA", "chartqa", "relaxed_overall", 80.0, 61.4, 2_500),
        _standard("DocVQA", "docvqa_val", "anls", 90.2, 73.7, 16_626),
        _standard("InfoVQA", "infovqa_val", "anls", 70.7, 46.3, 2_801),
        MME,
        _standard("MMMU", "mmmu_val", "mmmu_acc", 48.8, 31.4, 900),
        _standard("MMStar", "mmstar", "average", 61.7, None, 1_500),
        _standard("OCRBench", "ocrbench", "ocrbench_accuracy", None, None, 1_000),
        _standard("SEED-Bench", "seedbench", "seed_image", 75.4, None, 17_990),
        _standard("ScienceQA-IMG", "scienceqa_img", "exact_match", 96.0, None, 2_017),
        _standard("RealWorldQA", "realworldqa", "exact_match", 66.3, None, 765),
    )
}


@dataclass(frozen=True)
class Result:
    """A task's result as the harness wrote it."""

    task: str
    model: str
    score: float
    """Of the headline metric, in the harness's own unit: a share of 1, or points."""
    n: int
    version: str
    samples: tuple[Logged, ...]
    """The questions that count for the score."""
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    """Every metric of the task."""


@dataclass(frozen=True)
class Harness:
    """How tasks are run: by which Python, of which model, and where the results go."""

    python: Path
    server: str
    model: str
    out: Path
    limit: int | None = None
    include: Path | None = None
    """A folder of further tasks: those of `python -m evaluate export-task`."""
    in_flight: int = 32

    def check(self) -> None:
        """Raise RecipeError unless its environment has the pinned lmms-eval, and its names can be told to it."""
        for name, value in (("--model", self.model), ("--server", self.server)):
            if "," in value or "=" in value:
                raise RecipeError(f"{name} {value!r}: lmms-eval takes no comma and no equals sign in it")
        check_harness(self.python)

    def asked(self, task: str) -> dict[str, Any]:
        """What a result stands for; the same model may be served elsewhere."""
        files = sorted((self.include / task).glob("*")) if self.include else []
        digests = {file.name: sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}
        return {"lmms_eval": LMMS_EVAL, "task": task, "model": self.model, "limit": self.limit, "files": digests}


def command(harness: Harness, task: str) -> list[str]:
    """The words that start one task against a served model, in the folder that gets the result."""
    model = f"model={harness.model},base_url={harness.server},max_retries=5,num_cpus={harness.in_flight}"
    # One thread reads the replies: MMMU draws a letter at random where it finds none, and threads would take turns.
    words = [str(harness.python), "-m", "lmms_eval", "--model", "async_openai", "--model_args", model, "--tasks", task,
             "--batch_size", "1", "--log_samples", "--process_docs_parallel", "1", "--output_path", "."]  # fmt: skip
    words += ["--include_path", str(harness.include.absolute())] if harness.include else []
    return words if harness.limit is None else [*words, "--limit", str(harness.limit)]


def environment(of: Mapping[str, str]) -> dict[str, str]:
    """Without anything that would let our folders be imported; a server's key goes by the name that is read there."""
    kept = {name: value for name, value in of.items() if not name.startswith(("PYTHON", "RADIO_"))}
    return {**kept, "PYTHONSAFEPATH": "1", "OPENAI_API_KEY": of.get("RADIO_SERVER_KEY", "none")}


def check_harness(python: Path) -> None:
    """Raise RecipeError unless the environment has the pinned lmms-eval."""
    code = "import importlib.metadata as m; print(m.version('lmms-eval'))"
    try:
        asked = subprocess.run([python, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        raise RecipeError(f"--python {python}: cannot be started: {error.strerror}; {_setup()}") from error
    found = asked.stdout.strip()
    if found != LMMS_EVAL:
        raise RecipeError(f"--python {python}: has lmms-eval {found or 'not at all'}, expected {LMMS_EVAL}; {_setup()}")


def run_task(harness: Harness, task: str) -> Result:
    """Run one task, unless its result is there already; gives the result.

    Raises RecipeError where the folder has the result of another model, limit or version, StepError where the harness
    fails, GateError where too many answers failed.
    """
    folder, wanted = harness.out / task, harness.asked(task)
    note = folder / "asked.json"
    if list(folder.rglob("*_results.json")):
        found = _json(note) if note.is_file() else None
        if found != wanted:
            raise RecipeError(f"{folder}: has the result of {found or 'a run without asked.json'}, and is to get that "
                              f"of {wanted}: another --out, or remove it")  # fmt: skip
        return read_result(folder, task)
    folder.mkdir(parents=True, exist_ok=True)
    note.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    log = folder / "said.log"
    with log.open("wb") as sink:
        done = subprocess.run(command(harness, task), cwd=folder, env=environment(os.environ), stdout=sink,
                              stderr=subprocess.STDOUT, check=False)  # fmt: skip
    if done.returncode or not list(folder.rglob("*_results.json")):
        said = last_line(log.read_text(encoding="utf-8", errors="replace"))
        raise StepError(
            f"lmms-eval, {task}: exit code {done.returncode}; all that it said is in {log}, and last: {said}"
        )
    return read_result(folder, task)


def read_result(folder: Path, task: str) -> Result:
    """The newest result of a task below a folder. GateError where too many of its questions came to nothing.

    CatalogError where the files are not the harness's, or where its score is not the mean of what it logged.
    """
    files = sorted(folder.rglob("*_results.json"))
    if not files:
        raise CatalogError(f"{folder}: no *_results.json of lmms-eval")
    file = files[-1]
    told = _json(file)
    metrics = told.get("results", {}).get(task)
    if metrics is None:
        raise CatalogError(f"{file}: no results of {task}; it has {', '.join(told.get('results', {})) or 'none'}")
    log = file.with_name(file.name.replace("_results.json", f"_samples_{task}.jsonl"))
    if not log.is_file():
        raise CatalogError(f"{log}: no such file: run lmms-eval with --log_samples")
    numbers = _numbers(metrics)
    names = STANDARDS[task].metrics if task in STANDARDS else tuple(numbers)[:1]
    if not names or names[0] not in numbers:
        raise CatalogError(f"{file}: no metric {(names or ('at all',))[0]!r}; it has {', '.join(numbers) or 'none'}")
    samples, n_logged = read_log(log, names)
    check_answered(task, samples)
    score = numbers[names[0]] * (OCRBENCH_ITEMS / n_logged if task == "ocrbench" else 1)
    if task in STANDARDS and STANDARDS[task].is_share:
        _check_score(score, samples, log)
    note = folder / "asked.json"
    version = _json(note)["lmms_eval"] if note.is_file() else told.get("lmms_eval_version")
    model = str(told.get("model_name") or told.get("config", {}).get("model_args", {}))
    return Result(task, model, score, len(samples), str(version or "unknown"), samples, numbers)


def check_base(results: Sequence[Result], base: str) -> None:
    """Raise GateError where the base model, in this harness and on this server, is off its own card."""
    wrong = list[str]()
    for one in results:
        known = STANDARDS.get(one.task)
        if known is None or base not in known.cards:
            continue
        for metric, card in zip(known.metrics, known.cards[base], strict=True):
            value = one.scores.get(metric, one.score if metric == known.metrics[0] else None)
            allowed = DRIFT_POINTS if known.is_share else DRIFT_OF_MME * card
            found = None if value is None else value * (100 if known.is_share else 1)
            if found is None or abs(found - card) > allowed:
                name = known.name if metric == known.metrics[0] else f"{known.name}, {metric}"
                has = "no score" if found is None else f"{found:.1f}"
                wrong.append(f"{name}: the base has {has}, its card says {card:.1f} (± {allowed:.1f} allowed)")
    if wrong:
        raise GateError("harness drift, no table is written: " + "; ".join(wrong))


def last_line(said: str) -> str:
    """What a process said last, without colours: the line to show where it failed."""
    lines = [line.strip() for line in COLOUR.sub("", said).splitlines()]
    return next((line for line in reversed(lines) if line), "nothing")[:TOLD]


def weights(samples: Sequence[Logged]) -> list[float]:
    """What each question counts, 1 on average: MMStar's score is a mean over its categories, not over its questions."""
    sizes = defaultdict[str, int](int)
    for one in samples:
        sizes[one.group] += 1
    return [len(samples) / (len(sizes) * sizes[one.group]) for one in samples]


def _check_score(score: float, samples: Sequence[Logged], log: Path) -> None:
    told = [one.score for one in samples]
    mean = sum(w * (one or 0.0) for w, one in zip(weights(samples), told, strict=True)) / len(samples)
    if None in told or abs(mean - score) > ROUNDED:
        raise CatalogError(f"{log}: the answers' mean score is {mean:.4f}, the result says {score:.4f}: not its log")


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Metrics by name: the file's names look like `exact_match,none`."""
    return {name.split(",")[0]: float(value) for name, value in metrics.items()
            if isinstance(value, int | float) and "_stderr" not in name and name != "alias"}  # fmt: skip


def _json(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CatalogError(f"{file}: no JSON: {error}") from error
    if not isinstance(told, dict):
        raise CatalogError(f"{file}: no result file of lmms-eval")
    return told


def _setup() -> str:
    return "make one: make standard-setup"
