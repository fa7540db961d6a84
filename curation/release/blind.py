"""BLIND: how often a question is answered rightly without its picture, by what the training samples teach.

Reads CONVERSATIONS and SAMPLES of every dataset. Three guesses, each learnt from train alone, question by question: the
most frequent answer; a bag of words of all that stands before the answer, which is the question and the earlier turns;
and the name of the picture's file. Only what has few answers can be guessed: descriptions are left out, and so are
turns of a model unless all that they say is yes or no; a list of boxes is never guessed, that there is none may be.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyarrow as pa

from curation.engine.steps import Input, Resources, Step
from curation.release.bag_of_words import BagOfWords
from curation.verification.claims import Claim
from curation.words.turns import SOME, answer_of
from schemas.fingerprint import fraction
from schemas.rejection import Sieved, sieved
from schemas.tables import BLIND

CONVERSATION_COLUMNS = ("conversation_id", "turns")
SAMPLE_COLUMNS = ("conversation_id", "split", "image")
MOST_TURNS = 4000
"""Of a question in a split, chosen by key: enough for its score, and a bound on time."""
ROWS_AT_ONCE = 500
LETTERS = 3
"""Of a file's name that are taken together as a word."""

_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Guess:
    """A turn as a model without the picture meets it."""

    answer: str
    words: tuple[str, ...]
    """Of all that stands before the answer."""
    name: tuple[str, ...]
    """Pieces of the name of the picture's file."""


@dataclass(frozen=True)
class _Learnt:
    """What turns of `train` teach about a question."""

    n: int
    most: str
    """The most frequent answer."""
    words: BagOfWords
    names: BagOfWords


def blind(tables: Sequence[tuple[str, pa.Table, pa.Table]]) -> Sieved:
    """For each scheme's questions the guesses that are right on validation and test; *in* are those.

    `tables`: of each dataset its scheme, CONVERSATIONS and SAMPLES.
    """
    found: dict[tuple[str, str, str], dict[str, _Chosen]] = {}
    for scheme, conversations, samples in tables:
        for sample, turns in _talks(conversations, samples):
            for at, turn in enumerate(turns):
                chosen = found.setdefault((scheme, turn["question_id"], turn["kind"]), {}).setdefault(
                    sample["split"], _Chosen()
                )
                chosen.look_at(sample, turns, at)
    rows: list[dict[str, Any]] = []
    for question, by_split in sorted(found.items()):
        some = {split: guesses for split, chosen in by_split.items() if (guesses := chosen.guesses)}
        held = {split: some[split] for split in ("validation", "test") if split in some}
        learnt = _learnt(some.get("train", [])) if held else None
        rows += [_scored(question, split, learnt, guesses) for split, guesses in held.items()]
    return sieved(BLIND.of(rows), [], len(rows))


def blind_step(corpus_name: str, told: Sequence[tuple[str, Step, Step]]) -> Step:
    """The whole step over every dataset's (scheme, conversations, samples)."""
    spoken = [Input(conversations, columns=CONVERSATION_COLUMNS) for _, conversations, _ in told]
    samples = [Input(one, columns=SAMPLE_COLUMNS) for _, _, one in told]
    return Step(
        f"blind/{corpus_name}",
        _blind_of_all,
        BLIND,
        config=(tuple(scheme for scheme, _, _ in told),),
        inputs=(*spoken, *samples),
        counts="questions of a scheme in a split",
        resources=Resources(cpus=1, memory_mb=1500),
    )


def _blind_of_all(*given: Any) -> Sieved:
    *tables, schemes = given
    n = len(schemes)
    return blind(list(zip(schemes, tables[:n], tables[n:], strict=True)))


class _Chosen:
    """Of the turns that ask a question in a split those that are looked at; the others are not even put into words."""

    def __init__(self) -> None:
        self._kept: list[tuple[float, str, Guess]] = []
        self._last: tuple[float, str] | None = None
        """The place of the last one that is wanted, once there are too many."""

    def look_at(self, sample: Mapping[str, Any], turns: Sequence[Mapping[str, Any]], at: int) -> None:
        """A turn of a sample, and the turns before it."""
        key = f"{sample['conversation_id']}:{at}"
        place = fraction(f"{key}:blind"), key
        if self._last and place > self._last:
            return
        answer = answer_told(turns[at])
        if answer is None:
            return
        self._kept.append((*place, Guess(answer, _before(turns, at), _pieces(sample["image"]))))
        if len(self._kept) > 2 * MOST_TURNS:
            self._cut()

    @property
    def guesses(self) -> list[Guess]:
        """In the order of their keys."""
        self._cut()
        return [guess for _, _, guess in self._kept]

    def _cut(self) -> None:
        self._kept = sorted(self._kept, key=lambda one: one[:2])[:MOST_TURNS]
        if len(self._kept) == MOST_TURNS:
            self._last = self._kept[-1][:2]


def _talks(
    conversations: pa.Table, samples: pa.Table
) -> Iterator[tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]]:
    """Each sample with the turns of its conversation, some rows at a time: all turns of a corpus are much memory."""
    sample_of = {row["conversation_id"]: row for row in samples.select(SAMPLE_COLUMNS).to_pylist()}
    for batch in conversations.select(CONVERSATION_COLUMNS).to_batches(ROWS_AT_ONCE):
        for row in batch.to_pylist():
            if sample := sample_of.get(row["conversation_id"]):
                yield sample, row["turns"]


def _before(turns: Sequence[Mapping[str, Any]], at: int) -> tuple[str, ...]:
    """The words of all that stands before an answer."""
    texts = [text for turn in turns[:at] for text in (turn["question"], turn["answer"])]
    return tuple(word for text in (*texts, turns[at]["question"]) for word in _words(text))


@lru_cache(maxsize=1)
def _pieces(image: str) -> tuple[str, ...]:
    """Those of a file's name; for all turns about a picture, which follow each other, once."""
    file = image.rsplit("/", 1)[-1]
    return tuple(file[at : at + LETTERS] for at in range(len(file) - LETTERS + 1))


def answer_told(turn: Mapping[str, Any]) -> str | None:
    """The answer of a turn (a row of TURN) in a word; None where there are not a few that it could be."""
    return answer_of(turn["kind"], [Claim.of(one) for one in turn["claims"] or ()], turn["answer"])


def _learnt(train: list[Guess]) -> _Learnt | None:
    if not train:
        return None
    answers = [one.answer for one in train]
    most = min(Counter(answers).items(), key=lambda one: (-one[1], one[0]))[0]
    words = BagOfWords.learnt([one.words for one in train], answers)
    names = BagOfWords.learnt([one.name for one in train], answers)
    return _Learnt(len(train), most, words, names)


def _scored(question: tuple[str, str, str], split: str, learnt: _Learnt | None, held: list[Guess]) -> dict[str, Any]:
    scheme, question_id, kind = question
    row: dict[str, Any] = {
        "scheme": scheme, "question_id": question_id, "kind": kind, "split": split, "n": len(held),
        "n_train": 0, "n_most_frequent": 0, "n_words": 0, "n_name": 0,
    }  # fmt: skip
    if learnt is None:
        return row
    return row | {
        "n_train": learnt.n,
        "answer": learnt.most,
        "n_most_frequent": _right(held, [learnt.most] * len(held), kind),
        "n_words": _right(held, [learnt.words.answer(one.words) for one in held], kind),
        "n_name": _right(held, [learnt.names.answer(one.name) for one in held], kind),
    }


def _right(held: Sequence[Guess], said: Sequence[str], kind: str) -> int:
    """How many are right; that there are some boxes does not say where."""
    return sum(
        one.answer == guess and not (kind == "boxes" and guess == SOME) for one, guess in zip(held, said, strict=True)
    )


@lru_cache(maxsize=MOST_TURNS)
def _words(text: str) -> tuple[str, ...]:
    return tuple(_WORD.findall(text.lower()))
