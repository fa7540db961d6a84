"""Parity: does a server give a model the same tokens and pictures as the model's own code would?

Servers may encode several pictures of a conversation otherwise than the model was trained with, and nobody is told.
So before any request with several pictures some of them are put to the server and to the same weights in this process.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from curation.asking.request import Request
from evaluate.asking.backends import Backend
from schemas.errors import ModelError

N_COMPARED = 64
LEAST_EQUAL = 0.98


@dataclass(frozen=True)
class Parity:
    """What was compared."""

    n: int
    n_equal: int
    """Replies that are the same to the letter."""
    n_other_length: int
    """Prompts of another number of tokens."""

    def told(self) -> str:
        """One line for a person."""
        return (
            f"parity: {self.n_equal} of {self.n} replies with several pictures are those of the weights in this "
            f"process, {self.n - self.n_other_length} of {self.n} prompts as long"
        )


def check_parity(server: Backend, local: Backend, requests: Sequence[Request]) -> Parity:
    """Hold the server against the same weights. Both keep what they said. Raises ModelError where they differ."""
    some = list(requests[:N_COMPARED])
    ours = local.answer([replace(one, served=local.served) for one in some])
    theirs = server.answer(some)
    n_equal = sum(one.text == other.text for one, other in zip(ours, theirs, strict=True))
    n_other = sum(one.n_prompt_tokens != other.n_prompt_tokens for one, other in zip(ours, theirs, strict=True))
    found = Parity(len(some), n_equal, n_other)
    if n_other or n_equal < LEAST_EQUAL * len(some):
        raise ModelError(
            f"{found.told()}; {LEAST_EQUAL:.0%} and all of them are due: the server encodes several pictures "
            "otherwise, or serves other weights. Ask without --shots, or of the model in this process (--model-dir)"
        )
    return found
