"""What lmms-eval logged of one question: read from a line of its sample log.

The log has no single place for a score: a number, an object with `score`, or what was read and what was due, by task
(read in lmms-eval 0.7.3 and seen in its files). A failed request stands there as a reply like any other.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schemas.errors import CatalogError, GateError

NO_ANSWER = re.compile(
    r"\s*$|\[LMMS_EVAL_(?:REQUEST_FAILED|BUDGET_EXCEEDED)|Error: can only concatenate str \(not \"NoneType\"\) to str$"
)
"""What stands in place of a reply: nothing, a failure, or a reply without text, which the client turns into this."""
MOST_FAILED = 0.001


@dataclass(frozen=True)
class Logged:
    """One question of a task: what was due, what was said, what the harness gave for it (0 to 1; None: not told)."""

    doc_id: int
    target: str
    reply: str
    score: float | None
    question: str = ""
    """The text that was asked, options included."""
    group: str = ""
    """Where the benchmark's score is a mean of means: of which."""


def read_log(file: Path, metrics: Sequence[str]) -> tuple[tuple[Logged, ...], int]:
    """The questions that count for any of the metrics, and how many the log has in all (SEED-Bench logs videos too)."""
    rows = list[dict[str, Any]]()
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            rows.append(json.loads(line))
        except ValueError as error:
            raise CatalogError(f"{file}, line {number}: no JSON: {error}") from error
    counted = [row for row in rows if any(one in row for one in metrics)]
    try:
        return tuple(logged(row, metrics) for row in counted), len(rows)
    except (KeyError, TypeError, ValueError) as error:
        raise CatalogError(f"{file}: not a sample log of lmms-eval: {error!r}") from error


def logged(sample: Mapping[str, Any], metrics: Sequence[str]) -> Logged:
    """A line of the log; its score is that of the first of the metrics that it has."""
    reply: Any = sample.get("resps", sample.get("filtered_resps", ""))
    while isinstance(reply, list):
        reply = reply[0] if reply else ""
    told: Any = next((sample[one] for one in metrics if one in sample), None)
    group = str(told.get("l2_category", "")) if isinstance(told, dict) else ""
    question = sample.get("input", "")
    return Logged(
        int(sample["doc_id"]), str(sample.get("target", "")), str(reply), _score(told),
        question if isinstance(question, str) else "", group,
    )  # fmt: skip


def check_answered(task: str, samples: Sequence[Logged]) -> None:
    """Raise GateError where more than a thousandth of the questions got no answer."""
    n_failed = sum(bool(NO_ANSWER.match(one.reply)) for one in samples)
    if not samples or n_failed > MOST_FAILED * len(samples):
        raise GateError(
            f"{task}: {n_failed:,} of {len(samples):,} answers are empty or failed, {MOST_FAILED:.1%} allowed; "
            "the harness scores them as wrong answers: remove the result and run it again"
        )


def _score(told: Any) -> float | None:
    if isinstance(told, int | float):
        return float(told)
    if not isinstance(told, dict):
        return None
    if isinstance(told.get("score"), int | float):
        return float(told["score"])
    if "parsed_pred" in told:
        return float(any(_is_right(one, told) for one in told["parsed_pred"]))
    if "pred" in told and "answer" in told:
        return float(str(told["pred"]).strip().lower() == str(told["answer"]).strip().lower())
    return None


def _is_right(read: Any, told: Mapping[str, Any]) -> bool:
    """MMMU: the option that was read is one that is due; of an open question, a candidate holds or equals the answer.

    Its answers are lower-cased, numbers rounded to two places, and a lone letter must touch a blank.
    """
    due = told["answer"] if isinstance(told["answer"], list) else [told["answer"]]
    if told.get("question_type") == "multiple-choice":
        return read in due
    wanted = [form for one in due for form in _forms(str(one))]
    found = read if isinstance(read, list) else [read]
    return any(
        any(form in one for form in wanted if isinstance(form, str)) if isinstance(one, str) else one in wanted
        for one in found
    )


def _forms(answer: str) -> list[str | float]:
    text = answer.strip()
    try:
        return [round(float(text.replace(",", "")), 2)]
    except ValueError:
        lower = text.lower()
        return [f" {lower}", f"{lower} "] if len(lower) == 1 else [lower]
