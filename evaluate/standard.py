"""Standard benchmarks: lmms-eval as a process in an environment of its own, and its result files read.

It starts outside the repository, with PYTHONSAFEPATH and no PYTHONPATH: it wants Hugging Face's `evaluate`, and would
get ours. Every sample is logged. A run in which too many questions came to nothing is refused, and so is a comparison
in which the base model misses its own card: the harness has drifted then, and no table is written.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import CatalogError, GateError, RecipeError, StepError

LMMS_EVAL = "0.7.3"
FAILED = "LMMS_EVAL_REQUEST_FAILED"
MOST_FAILED = 0.001
DRIFT_POINTS, DRIFT_OF_MME = 1.5, 0.03
TOLD = 2_000  # characters of what a failed process said last


@dataclass(frozen=True)
class Standard:
    """A standard benchmark: its task at lmms-eval, the metric, and what the base models' card says."""

    name: str
    task: str
    metric: str
    cards: Mapping[str, float]
    """Percent (MME: points), by base model: of the LLaVA-OneVision paper's tables."""
    n_items: int
    """In Riggi et al. 2025, App. B."""

    @property
    def is_share(self) -> bool:
        """Whether the score is a share; MME counts points."""
        return self.task != "mme"


def _standard(name: str, task: str, metric: str, big: float | None, small: float | None, n_items: int) -> Standard:
    cards = {"llava-onevision-qwen2-7b-ov": big, "llava-onevision-qwen2-0.5b-ov": small}
    return Standard(name, task, metric, {model: one for model, one in cards.items() if one is not None}, n_items)


STANDARDS = {
    one.task: one
    for one in (
        _standard("AI2D", "ai2d", "exact_match", 81.4, 57.1, 3_088),
        _standard("ChartQA", "chartqa", "relaxed_overall", 80.0, 61.4, 2_500),
        _standard("DocVQA", "docvqa_val", "anls", 90.2, 73.7, 16_626),
        _standard("InfoVQA", "infovqa_val", "anls", 70.7, 46.3, 2_801),
        _standard("MME", "mme", "mme_perception_score", 1580.0, 1238.0, 2_374),
        _standard("MMMU", "mmmu_val", "mmmu_acc", 48.8, 31.4, 900),
        _standard("MMStar", "mmstar", "average", 61.7, None, 1_500),
        _standard("OCRBench", "ocrbench", "ocrbench_accuracy", None, None, 1_000),
        _standard("SEED-Bench", "seedbench", "seed_image", 75.4, None, 17_990),
        _standard("ScienceQA-IMG", "scienceqa_img", "exact_match", 96.0, None, 2_017),
        _standard("RealWorldQA", "realworldqa", "exact_match", 66.3, None, 765),
    )
}


@dataclass(frozen=True)
class Logged:
    """One question of a task: what was due, what was said, what the harness gave for it (0 to 1; None: not told)."""

    doc_id: int
    target: str
    reply: str
    score: float | None


@dataclass(frozen=True)
class Result:
    """A task's result as the harness wrote it."""

    task: str
    model: str
    score: float
    """In the harness's own unit: a share of 1, or points."""
    n: int
    version: str
    samples: tuple[Logged, ...]


def command(python: Path, task: str, *, server: str, model: str, out: Path, limit: int | None = None) -> list[str]:
    """The words that start one task against a served model."""
    words = [str(python), "-m", "lmms_eval", "--model", "async_openai",
             "--model_args", f"model={model},base_url={server},max_retries=5",
             "--tasks", task, "--batch_size", "1", "--log_samples", "--output_path", str(out)]  # fmt: skip
    return words if limit is None else [*words, "--limit", str(limit)]


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


def run_task(python: Path, task: str, *, server: str, model: str, out: Path, limit: int | None = None) -> Result:
    """Run one task, unless its result is there already; gives the result."""
    folder = out / task
    if not list(folder.rglob("*_results.json")):
        folder.mkdir(parents=True, exist_ok=True)
        words = command(python, task, server=server, model=model, out=folder, limit=limit)
        done = subprocess.run(
            words, cwd=folder, env=environment(os.environ), capture_output=True, text=True, check=False
        )  # fmt: skip
        (folder / "said.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        if done.returncode or not list(folder.rglob("*_results.json")):
            raise StepError(f"lmms-eval, {task}: exit code {done.returncode}; it said last: {done.stderr[-TOLD:]}")
    return read_result(folder, task)


def read_result(folder: Path, task: str) -> Result:
    """The newest result of a task below a folder. GateError where too many of its questions came to nothing."""
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
    metric = STANDARDS[task].metric if task in STANDARDS else ""
    name, score = _score(metrics, metric, file)
    samples = tuple(_logged(json.loads(line), name) for line in log.read_text(encoding="utf-8").splitlines() if line)
    check_answered(task, samples)
    version = str(told.get("lmms_eval_version") or told.get("git_hash") or "unknown")
    model = str(told.get("model_name") or told.get("config", {}).get("model_args", {}))
    return Result(task, model, score, len(samples), version, samples)


def check_answered(task: str, samples: Sequence[Logged]) -> None:
    """Raise GateError where more than a thousandth of the questions got no answer."""
    n_failed = sum(not one.reply.strip() or FAILED in one.reply for one in samples)
    if not samples or n_failed > MOST_FAILED * len(samples):
        raise GateError(
            f"{task}: {n_failed:,} of {len(samples):,} answers are empty or failed, {MOST_FAILED:.1%} allowed; "
            "the harness scores them as wrong answers: remove the result and run it again"
        )


def check_base(results: Sequence[Result], base: str) -> None:
    """Raise GateError where the base model, in this harness and on this server, is off its own card."""
    wrong = list[str]()
    for one in results:
        known = STANDARDS.get(one.task)
        card = known.cards.get(base) if known else None
        if known is None or card is None:
            continue
        found = 100 * one.score if known.is_share else one.score
        allowed = DRIFT_POINTS if known.is_share else DRIFT_OF_MME * card
        if abs(found - card) > allowed:
            wrong.append(f"{known.name}: the base has {found:.1f}, its card says {card:.1f} (± {allowed:.1f} allowed)")
    if wrong:
        raise GateError("harness drift, no table is written: " + "; ".join(wrong))


def _score(metrics: Mapping[str, Any], wanted: str, file: Path) -> tuple[str, float]:
    """The metric's name and value: names look like `exact_match,none`."""
    numbers = {name.split(",")[0]: value for name, value in metrics.items()
               if isinstance(value, int | float) and "_stderr" not in name and name != "alias"}  # fmt: skip
    name = wanted if wanted in numbers else next(iter(numbers), "") if not wanted else ""
    if not name:
        raise CatalogError(f"{file}: no metric {wanted!r}; it has {', '.join(numbers) or 'none'}")
    return name, float(numbers[name])


def _logged(sample: Mapping[str, Any], metric: str) -> Logged:
    reply: Any = sample.get("resps", sample.get("filtered_resps", ""))
    while isinstance(reply, list):
        reply = reply[0] if reply else ""
    score: Any = sample.get(metric)
    score = score.get("score") if isinstance(score, dict) else score
    return Logged(
        int(sample["doc_id"]), str(sample.get("target", "")), str(reply),
        float(score) if isinstance(score, int | float) else None,
    )  # fmt: skip


def _json(file: Path) -> dict[str, Any]:
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise CatalogError(f"{file}: no JSON: {error}") from error
    if not isinstance(told, dict):
        raise CatalogError(f"{file}: no result file of lmms-eval")
    return told


def _setup() -> str:
    return "make one: python3.11 -m venv .venv-standard && .venv-standard/bin/pip install -r evaluate/standard.txt"
