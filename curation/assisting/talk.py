"""A conversation about one picture: each question goes out with all that was said before it."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from curation.asking.request import Example, Request, Sampling, Served
from curation.assisting.known import Known
from curation.assisting.marked import Marked, marked
from curation.assisting.sight import Sight, box_on_sky
from curation.pictures.boxes import Dialect

MOST_LETTERS, MOST_TOKENS, MOST_TURNS = 4000, 4096, 50


class Asked(BaseModel):
    """What the page sends: a question, and how words are drawn."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    question: str = Field(max_length=MOST_LETTERS, pattern=r"\S")
    temperature: float = Field(default=0.0, ge=0, le=2)
    top_p: float = Field(default=1.0, gt=0, le=1)
    max_tokens: int = Field(default=512, ge=1, le=MOST_TOKENS)
    seed: int = Field(default=0, ge=0, lt=2**31)

    @property
    def sampling(self) -> Sampling:
        """As a request has it."""
        return Sampling(self.temperature, self.top_p, self.max_tokens, self.seed)


@dataclass(frozen=True)
class Turn:
    """A question and what came back."""

    question: str
    answer: str
    sampling: Sampling
    problem: str | None = None
    seconds: float = 0.0
    n_prompt_tokens: int = 0
    n_completion_tokens: int = 0


@dataclass
class Talk:
    """A sight, what is known of it, and the turns so far."""

    talk_id: str
    sight: Sight
    known: Known
    choices: dict[str, Known]
    """What else an answer can be held against, by name."""
    dialect: Dialect = "xyxy_norm"
    turns: list[Turn] = field(default_factory=list[Turn])
    marks: dict[tuple[str, Turn], Marked] = field(default_factory=dict[tuple[str, Turn], Marked])
    """Of turns, by the name of what they are held against: a long answer takes a while to read."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def request(self, asked: Asked, served: Served) -> Request:
        """The question with the conversation before it; the picture stands in the first turn alone."""
        before = tuple(
            Example(one.question, None if place else self.sight.png, one.answer) for place, one in enumerate(self.turns)
        )
        png = None if before else self.sight.png
        return Request(served, "", asked.question, png, sampling=asked.sampling, examples=before)

    def hold_against(self, name: str, known: Known) -> None:
        """Mark all answers by what is known under a name, from now on; what was marked under it is forgotten."""
        self.choices[name] = self.known = known
        self.marks = {key: one for key, one in self.marks.items() if key[0] != known.name}

    @property
    def told(self) -> dict[str, Any]:
        """For the page."""
        return {
            "talk_id": self.talk_id,
            "sight": self.sight.told,
            "known": {"told": self.known.told, "name": self.known.name, "boxes": self.known.boxes},
            "choices": [{"name": name, "told": one.told} for name, one in self.choices.items()],
            "turns": [self._turn(one) for one in self.turns],
        }

    def _turn(self, one: Turn) -> dict[str, Any]:
        name = self.known.name, one
        found = self.marks.get(name) or marked(
            one.question, one.answer, self.known.annotations, self.dialect, self.sight.size_px
        )
        self.marks[name] = found
        sampling = one.sampling
        return {
            "question": one.question, "problem": one.problem, "seconds": one.seconds,
            "n_tokens": [one.n_prompt_tokens, one.n_completion_tokens],
            "temperature": sampling.temperature, "seed": sampling.seed,
            "pieces": found.told, "whole": [each.told for each in found.whole],
            "boxes": self._boxes(found),
        }  # fmt: skip

    def _boxes(self, found: Marked) -> list[dict[str, Any]]:
        return [
            {
                "box": one.box_norm, "is_point": one.is_point, "is_from_pixels": one.is_from_pixels,
                "mark": found.mark_of(one), "sky": box_on_sky(one.box_norm, self.sight),
                "nearest": self.known.nearest(one.box_norm),
            }
            for one in found.boxes
        ]  # fmt: skip
