"""`check`: every check in one go, as text and as preflight.json."""

from dataclasses import dataclass

from finetune.checks.preflight import Check, found, is_stopped, report, table
from finetune.checks.preflight_data import DATA_CHECKS
from finetune.checks.preflight_model import MODEL_CHECKS, cost_told
from finetune.checks.preflight_tokens import TOKEN_CHECKS, examples, lengths_told
from finetune.checks.preflight_words import WORD_CHECKS, words_told
from finetune.training.run import Job
from schemas.errors import CorpusError

CHECKS: tuple[Check, ...] = (*DATA_CHECKS, *TOKEN_CHECKS, *WORD_CHECKS, *MODEL_CHECKS)


@dataclass(frozen=True)
class Checked:
    """What was found."""

    text: str
    """The findings, three records with what is learned of them marked, and what the run will cost."""
    short: str
    """The findings alone."""
    is_stopped: bool


def checked(job: Job, n_processes: int, nodes: int = 1) -> Checked:
    """Run every check and write preflight.json into the run's folder."""
    job.out.mkdir(parents=True, exist_ok=True)
    context = job.context(n_processes, out=job.out, nodes=nodes)
    findings = found(context, CHECKS)
    (job.out / "preflight.json").write_text(report(findings, CHECKS), encoding="utf-8")
    parts = [table(findings)]
    try:
        parts += [*examples(context), lengths_told(context), words_told(context), cost_told(context)]
    except CorpusError:
        parts.append("what is wrong above keeps samples and cost from being shown")
    return Checked("\n\n".join(parts), parts[0], is_stopped(findings))
