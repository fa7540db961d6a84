"""What is asked of a served model, and what came back: values that travel between stages, tasks and the cache."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from schemas.fingerprint import fingerprint


@dataclass(frozen=True)
class Sampling:
    """How the model draws its words. The paper's temperature is 0.5 (Riggi et al. 2025, 3.1.1)."""

    temperature: float = 0.5
    top_p: float = 1.0
    max_tokens: int = 1024
    seed: int = 0


@dataclass(frozen=True)
class Served:
    """A model and its revision: the part of its identity that goes into every address and every request."""

    model: str
    revision: str = "main"


@dataclass(frozen=True)
class Example:
    """An earlier turn of the conversation: what was asked, with a picture or without, and what was answered."""

    text: str
    png: bytes | None = field(repr=False)
    answer: str


@dataclass(frozen=True)
class Request:
    """One question to a model: what it is told, the picture it sees, the form its reply must have."""

    served: Served
    system: str
    text: str
    """Of the user's turn; the picture, where there is one, comes before it."""
    png: bytes | None = field(default=None, repr=False)
    form: str | None = None
    """The reply's JSON Schema as canonical JSON; None: free text."""
    sampling: Sampling = Sampling()
    examples: tuple[Example, ...] = ()
    """Turns before the question: examples, each with a picture of its own, or the conversation so far."""

    @property
    def n_pictures(self) -> int:
        """How many pictures the model is shown."""
        return sum(one.png is not None for one in (*self.examples, self))

    @cached_property
    def key(self) -> str:
        """SHA-256 of all that the reply depends on; the same request in any build, on any server."""
        asked: dict[str, object] = {
            "served": self.served, "system": self.system, "text": self.text, "png": _digest(self.png),
            "form": self.form, "sampling": self.sampling,
        }  # fmt: skip
        if self.examples:  # left out where there are none: replies kept before there were examples stay valid
            asked["examples"] = [[one.text, _digest(one.png), one.answer] for one in self.examples]
        return fingerprint(asked)


def _digest(png: bytes | None) -> str | None:
    return None if png is None else hashlib.sha256(png).hexdigest()


@dataclass(frozen=True)
class Reply:
    """What became of a request: `problem` is None for a whole reply, else one of PROBLEMS; `text` is kept anyway."""

    key: str
    text: str
    problem: str | None = None
    detail: str = ""
    """Of the problem, in words."""
    finish_reason: str | None = None
    n_prompt_tokens: int = 0
    n_completion_tokens: int = 0
    seconds: float = 0.0
    is_cached: bool = False


PROBLEMS = ("truncated", "empty", "refused-by-server", "unreadable-body", "too-long-body", "server-error", "timeout")
"""truncated: finish_reason was `length`; refused-by-server: 4xx for this request; server-error and timeout: this
request fails again and again while the server answers others."""


class Asks(Protocol):
    """Who has requests answered: `curation.asking.vlm.Asker`."""

    def ask(self, requests: Sequence[Request]) -> list[Reply]: ...
