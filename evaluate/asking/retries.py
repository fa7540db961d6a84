"""The original's retries: asked again where its reader could not read the reply. For comparison only.

Its runners asked a LLaVA up to three times with a prompt that no longer held the question, and others once with the
first request as it was. Decoding is greedy, so the same request has the same reply, and no further try can help.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from curation.asking.request import Reply, Request
from evaluate.asking.backends import Backend
from evaluate.tasks.answers import read_as_paper
from evaluate.tasks.benchmark import Benchmark
from evaluate.tasks.models import Retry
from evaluate.tasks.prompt import Asked

AGAIN = "The answer must be {allowed}, and nothing else. Give the answer again."


@dataclass(frozen=True)
class Retries:
    """How often, and in which way."""

    most: int = 0
    kind: Retry = ""


def retried(
    backend: Backend, benchmark: Benchmark, prompt: Asked, requests: Sequence[Request], replies: Sequence[Reply],
    how: Retries,
) -> list[list[str] | None]:  # fmt: skip
    """What was said to the retries of each request, in their order; None where the first reply was read, or none came.

    A list shorter than `how.most` ends with a reply that could be read.
    """
    found: list[list[str] | None] = [
        [] if reply.text and read_as_paper(reply.text, benchmark) is None else None for reply in replies
    ]
    again = [k for k, said in enumerate(found) if said is not None]
    if not how.most or not again:
        return found
    asked = requests if how.kind == "same" else [_without_question(one, prompt) for one in requests]
    said_again = replies if how.kind == "same" else _spread(again, backend.answer([asked[k] for k in again]), replies)
    for k in again:
        said = said_again[k].text
        is_read = read_as_paper(said, benchmark) is not None
        found[k] = [said] * (1 if is_read else how.most)
    return found


def last_said(reply: str | None, retries: Sequence[str] | None) -> str | None:
    """What counts after the retries."""
    return retries[-1] if retries else reply


def _without_question(request: Request, prompt: Asked) -> Request:
    one_of = [one.text for one in prompt.choices if len(one.labels) <= 1]
    return Request(
        request.served, request.system, AGAIN.format(allowed=" or ".join(one_of)), request.png, request.form,
        request.sampling,
    )  # fmt: skip


def _spread(at: Sequence[int], some: Sequence[Reply], others: Sequence[Reply]) -> list[Reply]:
    """All replies, those at some places replaced."""
    by_place = dict(zip(at, some, strict=True))
    return [by_place.get(k, other) for k, other in enumerate(others)]
