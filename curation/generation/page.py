"""A cutout while a model writes about it: its requests, and what becomes of each reply."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from curation.asking.request import Reply, Request, Sampling
from curation.extraction.reading import extract_claims
from curation.generation.caption import caption_lines, object_lines, told_objects, topics_of
from curation.generation.claim_forms import claim_definitions
from curation.generation.fates import Judged, begun
from curation.generation.fates import Told as ToldSentence
from curation.generation.prompt import Told, glossary, render
from curation.generation.questions import false_premise, ill_asked, unanswered
from curation.generation.stated_claims import Told as ToldPicture
from curation.generation.turns import LONGEST_RAW, Refused, StatedTurn, ill_worded, read_turns
from curation.generation.writing import TASK, Writing
from curation.pictures.boxes import DIALECT_WORDS, Box
from curation.verification.claims import Annotations
from curation.verification.compass import speaks_of_the_sky
from curation.verification.evidence import with_evidence
from curation.verification.verify import verify_turn
from schemas.rejection import Rejection

MAY_PASS = ("truncated", "empty")
"""Problems of a reply that another seed may mend; of the others the client has already tried what can be tried."""
LONGEST_SHOWN = 160
"""Characters of a sentence that are kept with the refusal of its turn."""


@dataclass(frozen=True)
class Draft:
    """A turn that a reply gave, before or after its sentences were judged."""

    turn: StatedTurn
    judged: Judged
    place: int
    """Which of the reply's turns."""
    request: Request
    attempt: int


@dataclass
class Page:
    """A cutout while it is written about: what is still wanted, what was kept, what was refused."""

    dataset: str
    known: Annotations
    png: bytes
    writing: Writing
    turns: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refused: list[Rejection] = field(default_factory=list[Rejection])
    n_found: int = 0
    problem: str = ""
    """Of the last reply."""

    def is_wanted(self, attempt: int) -> bool:
        """Whether to ask: at first, then where too little was kept and asking again may help."""
        if attempt == 1:
            return True
        is_enough = 2 * len(self.turns) >= self.writing.n_turns
        is_new = self.writing.generation.temperature > 0 or self.problem == "truncated"
        return not is_enough and is_new and (not self.problem or self.problem in MAY_PASS)

    @cached_property
    def objects(self) -> dict[str, Box]:
        """The objects that the model may name, by their ids."""
        return told_objects(self.known)

    @cached_property
    def picture(self) -> ToldPicture:
        """What the model's claims may name."""
        return ToldPicture(self.known, self.objects)

    @cached_property
    def told(self) -> Told:
        """What the model is told; its form holds the labels of the scheme and so many ids, nothing of this picture."""
        writing = self.writing
        meanings = {label: one.definition for label, one in writing.scheme.labels.items()}
        words = {
            "n_turns": writing.n_turns,
            "dialect": DIALECT_WORDS[writing.dialect],
            "topics": "\n".join(f"- {one.ask}" for one in topics_of(self.known, writing.prompt.topic)),
        }
        shown = {
            "caption": caption_lines(self.known, writing.dialect, self.objects),
            "objects": object_lines(self.known, writing.dialect, self.objects) or ["none"],
            "glossary": glossary(writing.prompt, meanings),
        }
        return render(writing.prompt, TASK, shown, words, claim_definitions(self.known.scheme, len(self.objects)))

    def request(self, attempt: int) -> Request:
        """The request of an attempt: another seed each time, and more room where the last reply was cut."""
        generation, room = self.writing.generation, self.writing.prompt.task[TASK].max_tokens(len(self.objects))
        room *= 2 if self.problem == "truncated" else 1
        sampling = Sampling(generation.temperature, max_tokens=room, seed=generation.seed + attempt - 1)
        return Request(generation.served, self.told.system, self.told.text, self.png, self.told.form, sampling)

    def drafts(self, request: Request, reply: Reply, attempt: int) -> list[Draft]:
        """The turns of a reply, to be judged; what was none of them is refused by name."""
        read = read_turns(reply, self.picture)
        self.n_found += len(read.turns) + len(read.pieces) + (read.problem is not None)
        self.problem = reply.problem or ""
        for k, one in enumerate(read.pieces, len(read.turns)):
            self.refused.append(self._rejection(str(k), one, request, attempt))
        if read.problem:
            self.refused.append(self._rejection("reply", read.problem, request, attempt, reply.text))
        found = list[Draft]()
        for k, turn in enumerate(read.turns):
            unfit = ill_asked(turn.question) or self._ill_supposed(turn.question)
            if unfit:
                refused = Refused(*unfit, turn.question, turn.answer)
                self.refused.append(self._rejection(str(k), refused, request, attempt))
                continue
            judged = begun(turn, self.known, self.writing.generation.verdicts, f"{self.known.cutout_id}:{attempt}:{k}")
            found.append(Draft(turn, judged, k, request, attempt))
        return found

    def take(self, draft: Draft) -> None:
        """Keep a turn whose sentences were judged, or refuse it by name."""
        unfit = self._unfit(draft.judged)
        if unfit:
            refused = Refused(*unfit, draft.turn.question, draft.turn.answer)
            rejection = self._rejection(str(draft.place), refused, draft.request, draft.attempt, told=draft.judged.told)
            self.refused.append(rejection)
        else:
            self.turns.append(self._row(draft))

    def rows(self) -> Iterator[dict[str, Any]]:
        """The kept turns as rows of GENERATED."""
        for turn, row in enumerate(self.turns):
            yield row | {"turn": turn}

    def _unfit(self, judged: Judged) -> tuple[str, str] | None:
        if _plain(judged.question) in {_plain(one["question"]) for one in self.turns}:
            return "duplicate-turn", "asked before"
        unfit = unanswered(judged, self.writing.dialect) or ill_worded(judged.asked.answer)
        is_echo = _plain(judged.question) == _plain(judged.asked.answer)
        return unfit or (("echo", "the answer is the question again") if is_echo else None)

    def _ill_supposed(self, question: str) -> tuple[str, str] | None:
        supposed = false_premise(question, self.known, self.writing.dialect)
        if supposed:
            return "false-premise", supposed
        sky = self.known.orientation
        if speaks_of_the_sky(question) and not (sky and sky.is_as_on_maps):
            return "direction", "it asks of a direction on the sky, and north is not up or not known"
        return None

    def _row(self, draft: Draft) -> dict[str, Any]:
        """A kept turn as a row of GENERATED, without its place."""
        known, writing, judged = self.known, self.writing, draft.judged
        answer = judged.asked.answer
        found = extract_claims(judged.question, answer, known.scheme, writing.dialect)
        verdict, reasons = verify_turn(found, known)
        fates = [one.fate for one in judged.told]
        return {
            "cutout_id": known.cutout_id, "dataset": self.dataset, "question": judged.question, "answer": answer,
            "sentences": [self._sentence(one) for one in judged.told],
            "n_as_written": fates.count("as-written"), "n_reworded": fates.count("reworded"),
            "n_cut": fates.count("cut"),
            "claims": [with_evidence(one, known).row() for one in found],
            "verdict": str(verdict), "reasons": reasons,
            "model": writing.generation.model, "revision": writing.generation.revision, "prompt": writing.prompt.name,
            "prompt_sha": self.told.sha, "request_sha": draft.request.key,
            "seed": draft.request.sampling.seed, "attempt": draft.attempt,
        }  # fmt: skip

    def _sentence(self, one: ToldSentence) -> dict[str, Any]:
        return {
            "written": one.written, "text": one.text, "fate": one.fate, "reason": one.reason or None,
            "detail": one.detail or None, "claims": [with_evidence(each, self.known).row() for each in one.stated],
        }  # fmt: skip

    def _rejection(
        self,
        place: str,
        what: Refused,
        request: Request,
        attempt: int,
        reply: str = "",
        *,
        told: Sequence[ToldSentence] = (),
    ) -> Rejection:
        """A refused turn or reply; `place`: which of the reply's turns, or "reply"."""
        row: dict[str, Any] = {
            "cutout_id": self.known.cutout_id, "dataset": self.dataset, "attempt": attempt,
            "seed": request.sampling.seed, "request_sha": request.key, "question": what.question[:LONGEST_SHOWN],
        }  # fmt: skip
        if told:
            row["sentences"] = [
                {"written": one.written[:LONGEST_SHOWN], "fate": one.fate, "reason": one.reason} for one in told
            ]
        elif what.question or what.answer:
            row["answer"] = what.answer[:LONGEST_RAW]
        else:
            row["reply"] = reply[:LONGEST_RAW]
        name = f"{self.known.cutout_id}:{TASK}:{attempt}:{place}"
        return Rejection(name, what.reason, what.detail, row)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
