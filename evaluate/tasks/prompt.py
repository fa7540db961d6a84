"""What is asked: the wordings of a benchmark, the orders of its options, and the examples shown before the question."""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evaluate.tasks.benchmark import Benchmark, Choice, Task, Wording
from schemas.errors import RecipeError
from schemas.fingerprint import canonical_json, fraction

HERE = Path(__file__).parent / "prompts.toml"
VARIANTS = ("fixed", "paper", "code", "structured", "short")
N_ORDERS = 4
SELECTIONS = ("random", "balanced", "nearest", "nearest-balanced")
Select = Literal["random", "balanced", "nearest", "nearest-balanced"]
NEAREST = ("nearest", "nearest-balanced")


@dataclass(frozen=True)
class Asked:
    """A benchmark's question in one wording and one order of options."""

    variant: str
    order: int
    system: str
    """Empty: as the model's template has it."""
    text: str
    """Of the first turn: definitions, question, options."""
    again: str
    """Of a later turn, after examples: without the definitions."""
    choices: tuple[Choice, ...]
    """Every allowed answer, in an order that the options' order does not touch."""

    @property
    def sha(self) -> str:
        """SHA-256 of what is said besides pictures."""
        return hashlib.sha256(canonical_json([self.system, self.text, self.again]).encode()).hexdigest()

    def answer(self, truth: Sequence[str]) -> str:
        """How a true answer is written, for an example."""
        return next(one.text for one in self.choices if one.labels == tuple(truth))

    def turns(self, examples: Sequence[Task]) -> list[tuple[str, str]]:
        """Question and answer of each example, then the question that is left open, with an empty answer."""
        asked = [self.text, *[self.again] * len(examples)]
        return list(zip(asked, [*(self.answer(one.truth) for one in examples), ""], strict=True))


def prompt_for(benchmark: Benchmark, variant: str = "fixed", order: int = 0, *, shots: int = 0) -> Asked:
    """The question in a wording of VARIANTS and an order of `option_orders`; the golden tests hold each.

    Raises RecipeError for another variant or order.
    """
    known = [one for one in VARIANTS if one in benchmark.prompt.keys() | _wordings()[benchmark.answer].keys()]
    if variant not in known:
        raise RecipeError(f"benchmark {benchmark.name}: no wording {variant!r}; known: {', '.join(known)}")
    orders = option_orders(benchmark)
    if not 0 <= order < len(orders):
        raise RecipeError(f"benchmark {benchmark.name}: no order {order} of its options; known: 0 to {len(orders) - 1}")
    wording = _wording(benchmark, variant)
    offered = [_spelled(one, benchmark, wording) for one in orders[order]]
    tail = wording.tail.replace("{examples}", " (and examples)" if shots else "")
    slots = {
        "definitions": _definitions(benchmark, wording), "question": benchmark.question,
        "options": "\n".join(offered), "options_inline": _inline(offered, benchmark), "tail": tail,
    }  # fmt: skip
    text = wording.text.strip("\n").format(**slots)
    again = wording.again.strip("\n").format(**slots) if wording.again else text
    return Asked(variant, order, wording.system, text, again, benchmark.choices_spelled(wording.spelling))


def option_orders(benchmark: Benchmark) -> list[tuple[str, ...]]:
    """At most four orders of the options: as listed, reversed, then others by key; of two classes there are two."""
    listed = benchmark.classes
    rest = sorted(
        (one for one in permutations(listed) if one not in (listed, listed[::-1])),
        key=lambda one: fraction(f"{benchmark.name}:{one}"),
    )
    return [listed, listed[::-1], *rest][:N_ORDERS]


def examples_for(  # noqa: PLR0913
    task: Task,
    candidates: Sequence[Task],
    *,
    shots: int,
    seed: int,
    select: Select = "balanced",
    features: Mapping[str, NDArray[np.float64]] | None = None,
) -> tuple[Task, ...]:
    """Examples for a picture: training pictures that share neither source, mosaic, patch of sky nor bytes with it.

    `random`: by key. `balanced`: every truth in turn. `nearest`: by distance of `features`, given by picture id, the
    nearest last; `nearest-balanced`: the nearest of every truth in turn, as Drozdova et al. 2025 do. Raises RecipeError
    where there are too few, or a candidate is not of the training split.
    """
    wrong = next((one.picture_id for one in candidates if one.split != "train"), None)
    if wrong:
        raise RecipeError(f"{wrong} is not of the training split, so it cannot be an example")
    apart = [one for one in candidates if is_apart(one, task)]
    ordered = sorted(apart, key=lambda one: fraction(f"{seed}:{task.picture_id}:{one.picture_id}"))
    if select in NEAREST:
        if features is None:
            raise RecipeError("the nearest examples need features of the pictures")
        near = features[task.picture_id]
        ordered.sort(key=lambda one: float(np.linalg.norm(features[one.picture_id] - near)))
    if select in ("balanced", "nearest-balanced"):
        ordered = _in_turn(ordered, seed, task.picture_id)
    chosen = _of_other_sky(ordered, shots)
    if len(chosen) < shots:
        raise RecipeError(f"{task.picture_id}: {shots} examples are wanted, {len(chosen)} training pictures will do")
    return tuple(reversed(chosen)) if select in NEAREST else tuple(chosen)


def is_apart(one: Task, other: Task) -> bool:
    """Whether two pictures share nothing: no source, no mosaic, no patch of sky, no bytes, no identity."""
    shared = [
        (one.picture_id, other.picture_id), (one.image_sha, other.image_sha), (one.source_id, other.source_id),
        (one.mosaic, other.mosaic), (one.patch_id, other.patch_id),
    ]  # fmt: skip
    return not any(left and left == right for left, right in shared)


def _of_other_sky(ordered: Iterable[Task], n: int) -> list[Task]:
    """The first n of which no two have the same bytes or source."""
    chosen: list[Task] = []
    for one in ordered:
        if len(chosen) == n:
            break
        if all(one.image_sha != other.image_sha and one.source_id != other.source_id for other in chosen):
            chosen.append(one)
    return chosen


def _in_turn(ordered: Sequence[Task], seed: int, key: str) -> list[Task]:
    """One of each truth, again and again; which truth comes first depends on seed and picture."""
    by_truth: dict[tuple[str, ...], list[Task]] = {}
    for one in ordered:
        by_truth.setdefault(one.truth, []).append(one)
    truths = sorted(by_truth, key=lambda truth: fraction(f"{seed}:{key}:{truth}"))
    longest = max(map(len, by_truth.values()), default=0)
    return [by_truth[truth][k] for k in range(longest) for truth in truths if k < len(by_truth[truth])]


def _wording(benchmark: Benchmark, variant: str) -> Wording:
    """The benchmark's own fields over those of prompts.toml."""
    base = _wordings()[benchmark.answer].get(variant, Wording())
    own = benchmark.prompt.get(variant, Wording())
    return base.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})


@cache
def _wordings() -> dict[str, dict[str, Wording]]:
    found = tomllib.loads(HERE.read_text(encoding="utf-8"))
    return {
        answer: {variant: Wording.model_validate(one) for variant, one in variants.items()}
        for answer, variants in found.items()
    }


def _spelled(label: str, benchmark: Benchmark, wording: Wording) -> str:
    return wording.spelling.get(label, benchmark.spoken.get(label, label))


def _definitions(benchmark: Benchmark, wording: Wording) -> str:
    """One line a class, in the order of classes, and the note."""
    lines = [f"{_spelled(one, benchmark, wording)}: {text}" for one, text in benchmark.definitions.items()]
    ended = [*(f"{line};" for line in lines[:-1]), *(f"{line}." for line in lines[-1:])]
    return "\n".join([*ended, benchmark.note]).rstrip()


def _inline(offered: Sequence[str], benchmark: Benchmark) -> str:
    if benchmark.answer == "yes-no":
        return " or ".join(offered)
    return ", ".join(offered)
