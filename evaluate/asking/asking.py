"""A benchmark asked of a model in one way: all that decides the replies, and the id of the run."""

from dataclasses import dataclass
from typing import Literal

from evaluate.asking.backends import MAX_NEW_TOKENS
from evaluate.asking.fewshot import Manual
from evaluate.asking.sample import Which
from evaluate.tasks.answers import READING
from evaluate.tasks.benchmark import Benchmark
from evaluate.tasks.inputs import Inputs
from evaluate.tasks.models import Retry
from evaluate.tasks.prompt import Select, prompt_for
from schemas.fingerprint import content_id, fingerprint


@dataclass(frozen=True)
class Manner:
    """How a benchmark is asked of a model: all of it decides the replies."""

    model: str
    model_sha: str
    template_sha: str
    variant: str = "fixed"
    option_order: int = 0
    shown: str = "picture"
    """The picture itself, an even grey one, or another picture of the benchmark."""
    is_constrained: bool = False
    has_choices: bool = False
    """Whether the likelihood of every allowed answer is taken."""
    merge_shares: str | None = None
    shots: int = 0
    """Examples before the question."""
    shot_seed: int = 0
    shot_select: Select | Literal[""] = ""
    n_retries: int = 0
    """Of the original, where its reader could not read the reply."""
    retry: Retry = ""

    @property
    def manual(self) -> Manual | None:
        """How examples are chosen; None without."""
        return Manual(self.shots, self.shot_seed, self.shot_select) if self.shots and self.shot_select else None

    @property
    def decode(self) -> str:
        """How words are drawn, and what else forms the reply."""
        return f"greedy-{MAX_NEW_TOKENS}" + ("-constrained" if self.is_constrained else "")


@dataclass(frozen=True)
class Asking:
    """A benchmark asked in one way."""

    benchmark: Benchmark
    asked: Manner
    words_sha: str
    """Of all words: the prompt, and the spellings and rules by which a reply is read; they stand in other files too."""
    run_id: str
    which: Which = Which()


def asking_of(benchmark: Benchmark, asked: Manner, inputs: Inputs, which: Which = Which()) -> Asking:
    """The benchmark asked in this way of these pictures, with the id of its run."""
    prompt = prompt_for(benchmark, asked.variant, asked.option_order, shots=asked.shots)
    words_sha = fingerprint([prompt.sha, benchmark.vocabulary.aliases, READING])
    seen = [step.address for step in inputs]
    run_id = content_id("run", asked, benchmark.name, benchmark.version, words_sha, seen, which)
    return Asking(benchmark, asked, words_sha, run_id, which)
