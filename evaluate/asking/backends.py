"""Who answers: a served model, a model in this process, or what the store has kept of either.

A backend gives one reply to each request, in their order, and asks nothing twice: replies are kept in the store by
their request. Before anything is spent it is tried: is it the model, does it see its picture, does it obey a choice?
"""

import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from curation.asking.canary import pictures
from curation.asking.replies import replies
from curation.asking.request import Example, Reply, Request, Sampling, Served
from curation.asking.vlm import Asker
from schemas.errors import ModelError, RecipeError
from schemas.fingerprint import canonical_json, fingerprint

MAX_NEW_TOKENS = 256
GREEDY = Sampling(temperature=0.0, max_tokens=MAX_NEW_TOKENS)
ANSWER = "answer"
PATIENCE_S = 20.0  # of the canary: nobody has waited for anything yet
CHOICES = ("zq", "qz")  # no model says these by itself
LOOK = "Describe what this picture shows: which shapes, where in the picture, how bright."
SPOILT = ("server-error", "timeout", "unreadable-body")
"""Problems of the server, not of the picture: forgotten when a run breaks off, so that they are asked again."""


@dataclass(frozen=True)
class BackendInfo:
    """What answered, as PREDICTIONS keeps it."""

    name: str
    """served, local or replay: part of no address."""
    version: str
    model: str
    model_sha: str
    """Of the weights where they can be read, else of the model's name and revision."""
    template_sha: str
    """Of the chat template; empty where a server keeps it to itself."""
    can_score: bool
    """Whether it gives the likelihood of allowed answers."""


class Backend(Protocol):
    """Who has requests answered."""

    @property
    def served(self) -> Served:
        """The model's name and revision, as they stand in requests."""
        ...

    def describe(self) -> BackendInfo: ...

    def check(self, *, is_constrained: bool, is_several: bool = False) -> None:
        """Raise ModelError before anything is spent, where it would not do what is asked.

        `is_several`: requests will hold several pictures.
        """
        ...

    def answer(self, requests: Sequence[Request]) -> list[Reply]:
        """Replies, in the order of the requests."""
        ...

    def log_likelihoods(self, requests: Sequence[Request], answers: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
        """Ln p of each whole answer of each request, stop token included. RecipeError where `can_score` is false."""
        ...


@dataclass(frozen=True)
class ServedBackend:
    """A model behind an OpenAI-compatible server, asked through curation's client; with no server, a replay."""

    asker: Asker
    served: Served

    def describe(self) -> BackendInfo:
        """Name and revision stand for weights that only the server can see."""
        name = "served" if self.asker.servers else "replay"
        return BackendInfo(name, "openai-chat", self.served.model, fingerprint(self.served), "", can_score=False)

    def check(self, *, is_constrained: bool, is_several: bool = False) -> None:
        """Hold every server against the canaries; a replay needs none."""
        if self.asker.servers:
            check_servers(self.asker, self.served, is_constrained=is_constrained, is_several=is_several)

    def answer(self, requests: Sequence[Request]) -> list[Reply]:
        """From the store, else from a server."""
        return self.asker.ask(requests) if requests else []

    def forget_spoilt(self) -> int:
        """Drop replies that failed by the server's fault, so that they are asked again; gives how many."""
        kept = replies(self.asker.place, self.served)
        return sum(kept.forget(problem) for problem in SPOILT) if self.asker.servers else 0

    def log_likelihoods(self, requests: Sequence[Request], answers: Sequence[Sequence[str]]) -> list[tuple[float, ...]]:
        """Refused: a server's log-probabilities of a given answer are not to be had in one way everywhere."""
        raise RecipeError(
            f"the likelihood of given answers is not to be had of a server ({self.served.model}); "
            "run with --model-dir FOLDER to have the model in this process"
        )


def choice_form(choices: Sequence[str]) -> str:
    """The form of a reply that is one of the choices: a strict JSON Schema, which vLLM and OpenAI both take."""
    return canonical_json(
        {
            "type": "object",
            "additionalProperties": False,
            "required": [ANSWER],
            "properties": {ANSWER: {"type": "string", "enum": list(choices)}},
        }
    )


def chosen(text: str, choices: Sequence[str]) -> str | None:
    """What a reply in the form of `choice_form` says; None when it is in another form, or no such choice."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return None
    answer = said.get(ANSWER) if isinstance(said, dict) else None
    return answer if isinstance(answer, str) and answer in choices else None


def several_requests(served: Served) -> list[Request]:
    """Questions with one example before them, the same in all, about pictures that no one can mistake."""
    seen = pictures()
    example = Example(LOOK, seen["disc"], "A bright disc at the upper left.")
    return [Request(served, "", LOOK, png, None, GREEDY, (example,)) for png in seen.values()]


def check_servers(asker: Asker, served: Served, *, is_constrained: bool, is_several: bool = False) -> None:
    """Try each server. Raises ModelError: another model, one that does not see, one that ignores its choices.

    Nothing of this is kept: the trial has a store of its own, which goes.
    """
    for server in dict.fromkeys(asker.servers):
        with tempfile.TemporaryDirectory() as place:
            patience_s = min(asker.patience_s, PATIENCE_S)
            trial = replace(asker, servers=(server,), place=place, patience_s=patience_s)
            _check_sight(trial, served, server)
            if is_several:
                _check_several(trial, served, server)
            if is_constrained:
                _check_choices(trial, served, server)


def _check_sight(trial: Asker, served: Served, server: str) -> None:
    asked = {name: Request(served, "", LOOK, png, None, GREEDY) for name, png in pictures().items()}
    said = dict(zip(asked, trial.ask(list(asked.values())), strict=True))
    for name, reply in said.items():
        if reply.problem not in (None, "truncated"):
            raise ModelError(f"{server}: {served.model} cannot answer about a {name} picture: {_why(reply)}")
    if len({reply.text for reply in said.values()}) == 1:
        raise ModelError(
            f"{server}: {served.model} does not see its picture: of a disc, of stripes and of nothing it says the "
            f"same, {next(iter(said.values())).text[:80]!r}; is it served with its vision part?"
        )


def _check_several(trial: Asker, served: Served, server: str) -> None:
    """The answer must be about the last picture: some servers show the model the first one alone."""
    said = trial.ask(several_requests(served))
    wrong = next((one for one in said if one.problem not in (None, "truncated")), None)
    if wrong:
        raise ModelError(f"{server}: {served.model} cannot answer about several pictures: {_why(wrong)}")
    if len({one.text for one in said}) == 1:
        raise ModelError(
            f"{server}: {served.model} answers about another picture than the last one when it is shown several: "
            f"always {said[0].text[:80]!r}; ask it without --shots"
        )


def _check_choices(trial: Asker, served: Served, server: str) -> None:
    text = "What is the capital of France? Answer with its name."
    request = Request(served, "", text, None, choice_form(CHOICES), replace(GREEDY, max_tokens=64))
    (reply,) = trial.ask([request])
    if reply.problem is not None or chosen(reply.text, CHOICES) is None:
        why = _why(reply) if reply.problem else repr(reply.text[:80])
        raise ModelError(
            f"{server}: {served.model} does not obey a choice: told to answer {' or '.join(CHOICES)} it says {why}; "
            "does the server support structured output (response_format json_schema)? Without it, leave --constrained"
        )


def _why(reply: Reply) -> str:
    return f"{reply.problem}, {reply.detail}"
