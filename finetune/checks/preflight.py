"""What is found wrong before the first step: every check runs, every finding is told, none needs a GPU.

A check is a function from a Context to findings. E stops a run, W warns. The checks of the data lie in preflight_data,
preflight_tokens and preflight_words; those of the model and the machine in preflight_model.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from finetune.data.samples import Samples, open_handover
from finetune.data.sources import Location, located
from finetune.network.place import check_model
from finetune.recipe import Recipe
from schemas.errors import CorpusError

N_TOLD = 8


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong (E) or deserves a look (W)."""

    level: Literal["E", "W"]
    check: str
    message: str


@dataclass(frozen=True)
class Context:
    """What the checks look at. What a fault makes unreadable raises a CorpusError when asked for; `found` tells it."""

    recipe: Recipe
    data: Any
    """A folder, or a folder or file for each tag."""
    model: str | Path
    """Folder or name of the model whose processor encodes."""
    image_root: Path | None = None
    index_dir: Path | None = None
    workers: int = 0
    n_processes: int = 1
    allow_drop: int = 0
    extra: dict[str, Any] = field(default_factory=dict)
    """For the checks of the model: what else they need."""

    @cached_property
    def locations(self) -> list[Location]:
        """Where the records lie."""
        return located(self.data, self.recipe.tags, self.image_root)

    @cached_property
    def samples(self) -> Samples:
        """The records, whether or not the manifest holds: that is a check of its own."""
        return open_handover(
            self.data, tags=self.recipe.tags, image_root=self.image_root, index_dir=self.index_dir, is_verified=True
        )

    def check_model(self) -> None:
        """Raise RecipeError unless the model is there, before anything slow is imported; the hub is asked once."""
        check_model(self.model, self.recipe.model.revision)

    @cached_property
    def encoder(self) -> Any:
        """The encoder of the recipe, with the model's processor."""
        self.check_model()
        from finetune.network.hf import read_processor
        from finetune.rows.encode import Encoder

        return Encoder(read_processor(self.model, self.recipe.model.revision), self.recipe)

    @cached_property
    def lengths(self) -> Any:
        """Tokens of every record."""
        from finetune.rows.lengths import lengths_of

        return lengths_of(self.samples, self.encoder, workers=self.workers, cache=self.index_dir)

    @cached_property
    def too_long(self) -> list[int]:
        """Numbers of the records above the recipe's max_tokens."""
        limit = self.recipe.turns.max_tokens
        return [number for number, length in enumerate(self.lengths.whole.tolist()) if length > limit]

    @cached_property
    def plan(self) -> Any:
        """The rows of the run, without the records that --allow-drop leaves out."""
        from finetune.rows.sampler import plan_of_run

        dropped = self.too_long if len(self.too_long) <= self.allow_drop else []
        return plan_of_run(
            self.samples, self.lengths, self.encoder, n_processes=self.n_processes, dropped=dropped
        )  # fmt: skip


Check = Callable[[Context], list[Finding]]


def found(context: Context, checks: Sequence[Check]) -> list[Finding]:
    """The findings of all checks. One that cannot run, for the fault of another, is told once with its reason."""
    findings: list[Finding] = []
    reasons: set[str] = set()
    for check in checks:
        try:
            findings += check(context)
        except CorpusError as error:
            if str(error) not in reasons:
                reasons.add(str(error))
                findings.append(Finding("E", name_of(check), str(error)))
    return findings


def name_of(check: Check) -> str:
    """`check_turns` is called turns."""
    return check.__name__.removeprefix("check_")


def told(level: Literal["E", "W"], check: str, messages: Iterable[str]) -> list[Finding]:
    """A finding for each message, the first few; the rest as a number."""
    listed = list(messages)
    more = len(listed) - N_TOLD
    shown = [Finding(level, check, message) for message in listed[:N_TOLD]]
    return [*shown, Finding(level, check, f"and {more} more of this kind")] if more > 0 else shown


def table(findings: Sequence[Finding]) -> str:
    """The findings for people, errors first."""
    if not findings:
        return "nothing found"
    width = max(len(one.check) for one in findings)
    ordered = sorted(findings, key=lambda one: one.level)
    return "\n".join(f"{one.level}  {one.check:<{width}}  {one.message}" for one in ordered)


def report(findings: Sequence[Finding], checks: Sequence[Check]) -> str:
    """preflight.json: the checks that ran, and what they found."""
    body = {"checks": [name_of(check) for check in checks], "findings": [asdict(one) for one in findings]}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def is_stopped(findings: Sequence[Finding]) -> bool:
    """Whether a run must not begin."""
    return any(one.level == "E" for one in findings)
