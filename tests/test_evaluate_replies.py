"""The exam of replies: in every family's style, each with its right reading; a wrong reading is worse than none."""

import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pytest

from evaluate.standard.letters import letter_of
from evaluate.tasks.answers import read_reply
from evaluate.tasks.benchmark import benchmark
from evaluate.tasks.reply_words import spelled_alike
from evaluate.tasks.spoken import spoken

EXAMS = Path(__file__).parent / "replies"
EVERY = ("exam", "second", "third", "fourth")
OPTIONS = {"A": "fr-i", "B": "fr-ii", "C": "bent-tail", "D": "compact"}
MOST_WRONG, MOST_MISSED = 0.005, 0.05


@dataclass(frozen=True)
class Case:
    """A reply and what it answers; `right`: None where it answers nothing, () where it says NONE."""

    exam: str
    line: int
    family: str
    asked: str
    right: tuple[str, ...] | None
    reply: str


def cases(*names: str) -> list[Case]:
    found = list[Case]()
    texts = [(name, (EXAMS / f"{name}.tsv").read_text(encoding="utf-8").splitlines()) for name in names or EVERY]
    lines = [(name, line, text) for name, some in texts for line, text in enumerate(some, start=1)]
    for name, line, text in lines:
        family, asked, right, reply = text.split("\t")
        labels = None if right == "-" else () if right == "NONE" else tuple(right.split(","))
        found.append(Case(name, line, family, asked, labels, reply.replace("⏎", "\n")))
    return found


def readings(case: Case) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """What is read of it, leniently and strictly; a letter has one reading."""
    if case.asked == "letter":
        letter = letter_of(case.reply, OPTIONS)
        return (letter,) if letter else None, None
    answer = read_reply(case.reply, "stop", benchmark(case.asked))
    return answer.labels, answer.strict


def marks(some: list[Case]) -> dict[str, list[Case]]:
    """Replies that are read wrong, leniently and strictly, and those that have an answer which is missed."""
    found: dict[str, list[Case]] = {"lenient": [], "strict": [], "missed": []}
    for case in some:
        lenient, strict = readings(case)
        found["lenient"] += [case] if lenient is not None and lenient != case.right else []
        found["strict"] += [case] if strict is not None and strict != case.right else []
        found["missed"] += [case] if lenient is None and case.right is not None else []
    return found


def test_the_exam_is_as_large_and_as_mixed_as_it_says():
    every = cases("exam")
    assert len(every) >= 400
    assert len({one.family for one in every}) >= 12
    assert {one.asked for one in every} == {"b1", "b2", "b3", "b4", "b5", "b6", "letter"}
    assert len({(one.asked, one.reply) for one in every}) >= 400
    for one in every:
        known = tuple(OPTIONS) if one.asked == "letter" else benchmark(one.asked).classes
        assert one.right is None or [label for label in known if label in one.right] == list(one.right), one


@pytest.mark.parametrize("kind", ["lenient", "strict"])
def test_hardly_a_reply_is_read_wrong(kind):
    every = cases()
    wrong = marks(every)[kind]
    assert len(wrong) <= MOST_WRONG * len(every), wrong


def test_the_reader_says_which_words_it_took():
    for case in cases():
        if case.asked == "letter":
            continue
        answer = read_reply(case.reply, "stop", benchmark(case.asked))
        assert bool(answer.taken) == (answer.labels is not None), case
        said = _letters(spelled_alike(spoken(case.reply)).upper())
        assert all(_letters(word.split(":")[0]) in said for word in answer.taken), (case, answer.taken)


def _letters(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKC", text) if one.isalnum())


def test_few_answers_are_missed():
    every = cases()
    missed = marks(every)["missed"]
    assert len(missed) <= MOST_MISSED * len(every), missed
