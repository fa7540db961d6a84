"""A hundred questions without a picture: does a model that learns radio pictures still know and reason?

They are our own (general.toml) and no benchmark's. Each has few allowed answers, Yes and No or the letters A to D; the
likeliest one counts, so that a model is not blamed for its manners.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "general.toml"
LETTERS = ("A", "B", "C", "D")
YES_NO = ("No", "Yes")
ROW_TOKENS = 1024  # of the rows that several questions share


@dataclass(frozen=True)
class Question:
    """What is asked, what may be answered, and what is true."""

    text: str
    choices: tuple[str, ...]
    truth: str


@cache
def questions() -> tuple[Question, ...]:
    """All of them, Yes and No taking turns first, then the choices; each letter is true about equally often."""
    said = tomllib.loads(FILE.read_text(encoding="utf-8"))
    pairs = zip(said["yes"], said["no"], strict=True)
    closed = [
        Question(f"{text}\nAnswer Yes or No.", YES_NO, truth)
        for pair in pairs
        for text, truth in zip(pair, ("Yes", "No"), strict=True)
    ]
    return (*closed, *(_choice(number, one) for number, one in enumerate(said["choice"])))


class GeneralRows:
    """The questions as rows for a model, made once: every answer of a question by itself, several questions a row."""

    def __init__(self, encoder: Any, asked: Sequence[Question]) -> None:
        from finetune.data.samples import Message, Sample
        from finetune.rows.pack import row_of

        self._rows: list[tuple[Any, list[int], list[Question]]] = []
        records: list[Any] = []
        inside: list[Question] = []
        for number, one in enumerate(asked):
            answers = [
                encoder.encode(
                    Sample(
                        f"general-{number}-{choice}",
                        "general",
                        (),
                        (Message("user", one.text), Message("assistant", choice)),
                    )
                )
                for choice in one.choices
            ]
            if records and sum(record.n_tokens for record in (*records, *answers)) > ROW_TOKENS:
                self._rows.append((row_of(records), [record.n_supervised for record in records], inside))
                records, inside = [], []
            records += answers
            inside.append(one)
        if records:
            self._rows.append((row_of(records), [record.n_supervised for record in records], inside))

    def answered(self, model: Any, device: Any) -> list[tuple[bool, float]]:
        """Of each question whether the truth is the likeliest answer, and its nll, normalised over the choices.

        Inside `seeing_nothing`, in every process alike: a row without a picture uses the vision tower all the same.
        """
        import torch

        from finetune.network.model import no_picture
        from finetune.rows.agreement import token_losses

        found: list[tuple[bool, float]] = []
        for row, lengths, inside in self._rows:
            there = {key: value.to(device) for key, value in row.items()}
            losses, _ = token_losses(model, {**there, **no_picture(model, device)})
            totals = torch.stack([one.sum() for one in losses.split(lengths)])
            for one in inside:
                likely = torch.log_softmax(-totals[: len(one.choices)], 0)
                totals = totals[len(one.choices) :]
                truth = one.choices.index(one.truth)
                found.append((int(likely.argmax()) == truth, float(-likely[truth])))
        return found


def _choice(number: int, said: dict[str, Any]) -> Question:
    """The true option stands at a place that follows from the number."""
    right, *others = said["options"]
    at = number % len(LETTERS)
    options = [*others[:at], right, *others[at:]]
    lines = [f"{letter}: {option}" for letter, option in zip(LETTERS, options, strict=True)]
    return Question("\n".join([said["ask"], *lines, "Answer with the letter."]), LETTERS, LETTERS[at])
