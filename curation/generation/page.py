"""A cutout while a model writes about it: its requests, and what becomes of each reply."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from curation.asking.request import Reply, Request, Sampling
from curation.extraction.reading import extract_claims
from curation.generation.caption import caption, n_boxes, topics_of
from curation.generation.pairs import LONGEST_RAW, Refused, ill_formed, read_pairs, read_rewording
from curation.generation.prompt import Told, glossary, render
from curation.generation.writing import PAIRS, REWORDING, Writing
from curation.pictures.boxes import DIALECT_WORDS
from curation.verification.claims import Annotations, Claim
from curation.verification.compass import speaks_of_the_sky
from curation.verification.entailment import are_equal
from curation.verification.evidence import with_evidence
from curation.verification.policy import refusal
from curation.verification.verify import verify_turn
from curation.words.descriptions import sentences
from schemas.conversation import Turn
from schemas.rejection import Rejection

DESCRIBE = "Describe the image."
MAY_PASS = ("truncated", "empty")
"""Problems of a reply that another seed may mend; of the others the client has already tried what can be tried."""


@dataclass
class Page:
    """A cutout while it is written about: what is still wanted, what was kept, what was refused."""

    dataset: str
    known: Annotations
    png: bytes
    description: Sequence[Claim]
    writing: Writing
    pairs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    rewording: dict[str, Any] | None = None
    refused: list[Rejection] = field(default_factory=list[Rejection])
    n_found: int = 0
    problems: dict[str, str] = field(default_factory=dict[str, str])
    """Of the last reply to a task."""

    def wanted(self, attempt: int) -> Iterator[str]:
        """The tasks to ask for: all at first, then those that gave too little, where asking again may help."""
        enough = {PAIRS: 2 * len(self.pairs) >= self.writing.n_turns, REWORDING: self.rewording is not None}
        for task in self.writing.generation.tasks:
            problem = self.problems.get(task, "")
            is_new = self.writing.generation.temperature > 0 or problem == "truncated"
            if attempt == 1 or (not enough[task] and is_new and (not problem or problem in MAY_PASS)):
                yield task

    def told(self, task: str) -> Told:
        """What the model is told for a task; a rewording is told the description alone."""
        writing, is_pairs = self.writing, task == PAIRS
        lines = caption(self.known, writing.dialect) if is_pairs else sentences(self.known)
        meanings = {label: one.definition for label, one in writing.scheme.labels.items()}
        words = {
            "n_turns": writing.n_turns,
            "dialect": DIALECT_WORDS[writing.dialect],
            "topics": "\n".join(f"- {one.ask}" for one in topics_of(self.known, writing.prompt.topic)),
        }
        shown = {"caption": [one.text for one in lines], "glossary": glossary(writing.prompt, meanings)}
        return render(writing.prompt, task, shown, words)

    def request(self, task: str, attempt: int) -> Request:
        """The request of an attempt: another seed each time, and more room where the last reply was cut."""
        generation, wanted = self.writing.generation, self.writing.prompt.task[task]
        room = wanted.max_tokens(n_boxes(self.known) if task == PAIRS else 0)
        room *= 2 if self.problems.get(task) == "truncated" else 1
        sampling = Sampling(generation.temperature, max_tokens=room, seed=generation.seed + attempt - 1)
        told = self._told[task]
        return Request(generation.served, told.system, told.text, self.png, told.form, sampling)

    @cached_property
    def _told(self) -> dict[str, Told]:
        return {task: self.told(task) for task in self.writing.generation.tasks}

    def take(self, task: str, request: Request, reply: Reply, attempt: int) -> None:
        """Keep what a reply gave, or refuse it by name."""
        origin = _Origin(self, task, request, reply, attempt)
        if task == REWORDING:
            self._take_rewording(reply, origin)
            return
        read = read_pairs(reply)
        self.n_found += len(read.pairs) + len(read.pieces) + (read.problem is not None)
        self.problems[task] = reply.problem or ""
        self.refused += [origin.rejection(str(k), one) for k, one in enumerate(read.pieces, len(read.pairs))]
        self.refused += [origin.rejection("reply", read.problem)] if read.problem else []
        for k, pair in enumerate(read.pairs):
            unfit = self._unfit(pair)
            if unfit:
                self.refused.append(origin.rejection(str(k), unfit))
            else:
                self.pairs.append(origin.row("pair", pair.question, pair.answer))

    def _take_rewording(self, reply: Reply, origin: "_Origin") -> None:
        self.n_found += 1
        self.problems[REWORDING] = reply.problem or ""
        text = read_rewording(reply)
        unfit = text if isinstance(text, Refused) else self._unfaithful(text)
        if unfit:
            self.refused.append(origin.rejection("reply", unfit))
        elif isinstance(text, str):
            self.rewording = origin.row("rewording", "", text)

    def _unfit(self, pair: Turn) -> Refused | None:
        asked = {_plain(one["question"]) for one in self.pairs}
        if _plain(pair.question) in asked:
            return Refused("duplicate-turn", "asked before", pair.question, pair.answer)
        if speaks_of_the_sky(pair.question) and not (self.known.orientation and self.known.orientation.is_as_on_maps):
            detail = "it asks of a direction on the sky, and north is not up or not known"
            return Refused("direction", detail, pair.question, pair.answer)
        return ill_formed(pair.question, pair.answer) or self._untrue(pair.question, pair.answer)

    def _untrue(self, question: str, answer: str) -> Refused | None:
        found = extract_claims(question, answer, self.known.scheme, self.writing.dialect)
        said = refusal(found, self.known, self.writing.generation.verdicts)
        return Refused(*said, question, answer) if said else None

    def _unfaithful(self, text: str) -> Refused | None:
        """Why a rewording may not stand for the description: it must say the same, no more and no less."""
        found = extract_claims(DESCRIBE, text, self.known.scheme, self.writing.dialect)
        unfit = ill_formed("", text) or self._untrue(DESCRIBE, text)
        if unfit or are_equal(self.description, found):
            return unfit
        ours, theirs = {one.content for one in self.description}, {one.claim.content for one in found}
        lost, added = (", ".join(" ".join(map(str, one[:4])) for one in sorted(some, key=str))
                       for some in (ours - theirs, theirs - ours))  # fmt: skip
        return Refused("claims-differ", f"left out: {lost or 'nothing'}; added: {added or 'nothing'}", "", text)

    def rows(self) -> Iterator[dict[str, Any]]:
        """The kept turns as rows of GENERATED, the rewording last."""
        kept = [*self.pairs, *([self.rewording] if self.rewording else [])]
        for turn, row in enumerate(kept):
            yield row | {"turn": turn}


@dataclass(frozen=True)
class _Origin:
    """Where a turn comes from: a reply to an attempt at a task of a page."""

    page: Page
    task: str
    request: Request
    reply: Reply
    attempt: int

    def row(self, kind: str, question: str, answer: str) -> dict[str, Any]:
        """A kept turn as a row of GENERATED, without its place."""
        known, writing = self.page.known, self.page.writing
        found = extract_claims(question or DESCRIBE, answer, known.scheme, writing.dialect)
        verdict, reasons = verify_turn(found, known)
        return {
            "cutout_id": known.cutout_id, "dataset": self.page.dataset, "kind": kind,
            "question": question, "answer": answer,
            "claims": [with_evidence(one, known).row() for one in found],
            "verdict": str(verdict), "reasons": reasons,
            "model": writing.generation.model, "revision": writing.generation.revision, "prompt": writing.prompt.name,
            "prompt_sha": self.page._told[self.task].sha, "request_sha": self.request.key,
            "seed": self.request.sampling.seed, "attempt": self.attempt,
        }  # fmt: skip

    def rejection(self, place: str, what: Refused) -> Rejection:
        """A refused turn or reply; `place`: which of the reply's turns, or "reply"."""
        row = {
            "cutout_id": self.page.known.cutout_id, "dataset": self.page.dataset, "task": self.task,
            "attempt": self.attempt, "seed": self.request.sampling.seed, "request_sha": self.request.key,
            "question": what.question[:LONGEST_RAW], "answer": what.answer[:LONGEST_RAW],
        }  # fmt: skip
        if not (what.question or what.answer):
            row["reply"] = self.reply.text[:LONGEST_RAW]
        name = f"{self.page.known.cutout_id}:{self.task}:{self.attempt}:{place}"
        return Rejection(name, what.reason, what.detail, row)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
