"""`check`: every check in one go, as text and as preflight.json."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from finetune.checks.preflight import Check, Context, Finding, found, is_stopped, report, table
from finetune.checks.preflight_data import DATA_CHECKS
from finetune.checks.preflight_model import MODEL_CHECKS, QUICK_CHECKS, cost_told
from finetune.checks.preflight_tokens import TOKEN_CHECKS, examples, lengths_told
from finetune.checks.preflight_words import WORD_CHECKS, words_told
from finetune.training.run import Job
from schemas.errors import CorpusError
from schemas.trouble import in_one_line


@dataclass(frozen=True)
class Checked:
    """What was found."""

    text: str
    """The findings, three records with what is learned of them marked, and what the run will cost."""
    short: str
    """The findings alone."""
    is_stopped: bool


def check_data(context: Context) -> list[Finding]:
    """Every tag of the recipe has its place."""
    return [] if context.locations else [Finding("E", "data", "no place is given")]


def check_model(context: Context) -> list[Finding]:
    """The model is a folder here, was downloaded, or is at the hub; that is asked once, and last."""
    context.check_model()
    return []


PLACES: tuple[Check, ...] = (check_data, check_model)
CHECKS: tuple[Check, ...] = (*PLACES, *DATA_CHECKS, *TOKEN_CHECKS, *WORD_CHECKS, *MODEL_CHECKS)
WITHOUT_MODEL: tuple[Check, ...] = (*DATA_CHECKS, *QUICK_CHECKS)
"""What can be said in a moment where a place is missing."""


def checked(job: Job, n_processes: int, nodes: int = 1) -> Checked:
    """Run every check and write preflight.json into the run's folder.

    Where data or model are not there, nothing that needs them is begun: what else is wrong is told at once.
    """
    context = job.context(n_processes, out=job.out, nodes=nodes)
    findings = _writable(job.out)
    missing = found(context, PLACES)
    ran = (*PLACES, *WITHOUT_MODEL) if missing else CHECKS
    findings += found(context, ran)
    if missing:
        n_left = len(CHECKS) - len(ran)
        findings.append(Finding("W", "rest", f"{n_left} more checks wait until data and model are there"))
    return _told(context, findings, ran, job.out)


def _writable(out: Path) -> list[Finding]:
    """Whether the folder of the run can be made and written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "preflight.json").write_text("{}\n", encoding="utf-8")
    except OSError as error:
        return [
            Finding("E", "out", f"{out}: cannot be made or written: {in_one_line(error)}; expected a folder, --out")
        ]
    return []


def _told(context: Context, findings: Sequence[Finding], ran: Sequence[Check], out: Path) -> Checked:
    if not any(one.check == "out" for one in findings):
        (out / "preflight.json").write_text(report(findings, ran), encoding="utf-8")
    parts = [table(findings)]
    try:
        if ran == CHECKS:
            parts += [*examples(context), lengths_told(context), words_told(context), cost_told(context)]
    except CorpusError:
        parts.append("what is wrong above keeps samples and cost from being shown")
    return Checked("\n\n".join(parts), parts[0], is_stopped(findings))
