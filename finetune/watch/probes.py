"""Is the model still answering? The likelihood of each allowed answer to questions of the training pictures.

Collapse shows within minutes, and no test picture is touched. All answers of a question stand in one row, each seeing
the picture and the question only, so a probe costs one forward. Questions are chosen by key. Beside them, told apart,
a hundred general questions without a picture (`general`): what a model forgets while it learns.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from finetune.data.samples import Message, Sample, Samples
from finetune.network.attention import heeds_blocks, implementation
from finetune.network.hf import TrainerCallback
from finetune.rows.agreement import token_losses
from finetune.rows.encode import Encoder
from finetune.rows.encoded import IGNORED, Encoded
from finetune.rows.pack import row_of
from finetune.watch.general import GeneralRows, Question, questions
from finetune.watch.progress import lines_of
from schemas.conversation import PLACEHOLDER
from schemas.fingerprint import fraction

N_PROBES = 200
N_LOOKED_AT = 5000  # records from whose turns they are chosen
LONGEST_ANSWER = 40  # characters
MOST_CHOICES = 6


@dataclass(frozen=True)
class Probe:
    """A question, what may be answered, and what is true."""

    sample: Sample
    question: str
    choices: tuple[str, ...]
    truth: str


def probes_of(samples: Samples, seed: int, n: int = N_PROBES) -> list[Probe]:
    """Questions of training pictures that are asked often and have few, short answers."""
    numbers = sorted(range(len(samples)), key=lambda number: fraction(f"probe:{seed}:{samples.ids[number]}"))
    answers: dict[str, set[str]] = defaultdict(set)
    asked: list[tuple[Sample, str, str]] = []
    for number in numbers[:N_LOOKED_AT]:
        sample = samples[number]
        if not sample.pictures or (len(sample.pictures) > 1 and not sample.opens_with_pictures):
            continue
        for question, answer in _turns(sample):
            answers[question].add(answer)
            asked.append((sample, question, answer))
    found = [
        Probe(sample, question, tuple(sorted(answers[question])), answer)
        for sample, question, answer in asked
        if 1 < len(answers[question]) <= MOST_CHOICES and max(map(len, answers[question])) <= LONGEST_ANSWER
    ]
    return sorted(found, key=lambda one: fraction(f"probe:{seed}:{one.sample.sample_id}:{one.question}"))[:n]


class Prober(TrainerCallback):
    """Asks the probes before the first step and every `every` steps; writes a line of probes.jsonl."""

    def __init__(
        self,
        probes: Sequence[Probe],
        encoder: Encoder,
        *,
        every: int,
        path: Path,
        step: int = 0,
        general: Sequence[Question] | None = None,
    ) -> None:
        recipe = encoder.recipe
        asking = recipe.model_copy(
            update={
                "turns": recipe.turns.model_copy(
                    update={"layout": "isolated", "share_sequential": 0.0, "turns_per_image": None}
                ),
                "loss": recipe.loss.model_copy(update={"on": "answers", "norm": "token"}),
            }
        )
        self.encoder = Encoder(encoder.processor, asking)
        self.probes, self.every, self.path = tuple(probes), every, path
        self.general = GeneralRows(self.encoder, questions() if general is None else general)
        kept = [one for one in lines_of(path) if one["step"] <= step]
        path.write_text("".join(json.dumps(one) + "\n" for one in kept), encoding="utf-8")

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """What the model knows before it learns."""
        if state.global_step == 0:
            self._ask(args, state, kwargs["model"])

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Every rank asks: under ZeRO-3 each holds a part of the weights."""
        if self.every and (state.global_step % self.every == 0 or state.global_step == state.max_steps):
            self._ask(args, state, kwargs["model"])

    def _ask(self, args: Any, state: Any, model: Any) -> None:
        if not self.every:
            return
        is_training = model.training
        model.eval()
        with torch.no_grad(), heeding_blocks(model):
            pictures = [self.answered(model, probe, args.device) for probe in self.probes]
            general = self.general.answered(model, args.device)
        model.train(is_training)
        if state.is_world_process_zero:
            line = {"step": state.global_step, **_told(pictures), "general": _told(general)}
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def answered(self, model: Any, probe: Probe, device: Any) -> tuple[bool, float]:
        """Whether the true answer is the likeliest, and its negative log-likelihood, normalised over the choices."""
        encoded = self.encoder.encode(_asked(probe))
        row = {key: value.to(device) for key, value in row_of([encoded]).items()}
        losses, _ = token_losses(model, row)
        totals = torch.zeros(len(probe.choices), device=device).index_add_(0, _branch(encoded).to(device), losses)
        likely = torch.log_softmax(-totals, 0)
        truth = probe.choices.index(probe.truth)
        return int(likely.argmax()) == truth, float(-likely[truth])


@contextmanager
def heeding_blocks(model: Any) -> Iterator[None]:
    """While it stands the model attends by the parts of a row: eager attention does not heed them, in silence."""
    if heeds_blocks(model):
        yield
        return
    how = model.config._attn_implementation
    model.set_attn_implementation(implementation("sdpa"))
    try:
        yield
    finally:
        model.set_attn_implementation(how)


def _told(found: Sequence[tuple[bool, float]]) -> dict[str, Any]:
    if not found:
        return {"n": 0, "accuracy": None, "nll_of_truth": None}
    return {
        "n": len(found),
        "accuracy": round(sum(is_right for is_right, _ in found) / len(found), 4),
        "nll_of_truth": round(float(np.mean([nll for _, nll in found])), 5),
    }


def _asked(probe: Probe) -> Sample:
    """The question with each answer as a turn of its own, behind the record's system turn and pictures."""
    opening = f"{PLACEHOLDER}\n" * len(probe.sample.pictures)
    asked = [opening + probe.question, *[probe.question] * (len(probe.choices) - 1)]
    messages = tuple(
        message
        for question, choice in zip(asked, probe.choices, strict=True)
        for message in (Message("user", question), Message("assistant", choice))
    )
    return replace(probe.sample, messages=messages)


def _branch(encoded: Encoded) -> torch.Tensor:
    """The choice that each learned token belongs to, from 0."""
    return torch.from_numpy(encoded.branches[encoded.labels != IGNORED] - 1)


def _turns(sample: Sample) -> Iterator[tuple[str, str]]:
    for asked, said in sample.turns:
        question = asked.removeprefix(f"{PLACEHOLDER}\n" * max(asked.count(PLACEHOLDER), 1))
        if PLACEHOLDER not in question and not question.startswith(("\n", "\r")):
            yield question, said
