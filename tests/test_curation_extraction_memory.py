"""What a process has read before changes nothing of what it reads: with all memory, with none, in any order."""

import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.extraction import chunks, clauses, reading
from curation.extraction.asked import read_question
from curation.extraction.boxes_in_words import written_boxes
from curation.extraction.lexicon import scheme_key
from curation.extraction.reading import extract_claims, read_answer
from curation.extraction.stand_ins import BOX, stood_in
from curation.fault_injection.faults import faults
from curation.fault_injection.injections import fault_injections, true_controls
from curation.fault_injection.scenes import synthetic_scenes
from curation.pictures.boxes import DIALECTS, encode_box
from curation.realisation.wording import styles
from curation.verification.claims import ExtractedClaim
from schemas.labels import LabelScheme, label_scheme

MEMORY = (reading._answered, reading._asked, reading.read_statement, chunks._chunks, chunks._next_rule,
          clauses._next_construction)  # fmt: skip
N_SCENES, N_SPOILT = 16, 300
Text = tuple[str, LabelScheme, str, str]
"""Dialect, scheme, question and answer."""


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    """Template turns of every scheme, planted faults, true texts in every style, and some of them spoilt."""
    planters, tellers = faults(), styles()
    found: list[Text] = []
    for scene in synthetic_scenes("memory", N_SCENES):
        told = [*scene.turns, *fault_injections(scene, planters, tellers), *true_controls(scene, tellers)]
        found += [(scene.dialect, scene.known.scheme, one.question, one.answer) for one in told]
    draw = random.Random(11)
    return [*found, *(_spoilt(draw.choice(found), draw.choice(found)[3], draw) for _ in range(N_SPOILT))]


def _spoilt(text: Text, other: str, draw: random.Random) -> Text:
    """An answer with a word of another in it, two of its own in another order, one less, or other letters."""
    dialect, scheme, question, answer = text
    words = answer.split(" ")
    at, to = draw.randrange(len(words)), draw.randrange(len(words))
    way = draw.randrange(4)
    if way == 0:
        words.insert(at, draw.choice(other.split(" ")))
    elif way == 1:
        words[at], words[to] = words[to], words[at]
    elif way == 2:
        words[at] = draw.choice(("", words[at].upper(), f"*{words[at]}*", f"{words[at]},", f"{words[at]}; -"))
    else:
        words[at] = re.sub(r"\d", lambda _: str(draw.randrange(10)), words[at])
    return dialect, scheme, question, " ".join(words)


def forget() -> None:
    """No memory of anything read, but for the vocabulary."""
    for one in MEMORY:
        one.cache_clear()


def directly(dialect: str, scheme: LabelScheme, question: str, answer: str) -> list[ExtractedClaim]:
    """Read without stand-ins; the box of a question is told of its answer as always."""
    found = read_answer(read_question(question, scheme), answer, scheme, dialect)
    boxes = [one.box for one in written_boxes(question, dialect) if one.box and not one.is_point]
    return reading._in_the_box(found, boxes[0]) if len(boxes) == 1 else found


def test_what_was_read_before_changes_nothing(texts: list[Text]) -> None:
    forget()
    first = [extract_claims(question, answer, scheme, dialect) for dialect, scheme, question, answer in texts]
    again = [extract_claims(question, answer, scheme, dialect) for dialect, scheme, question, answer in texts]
    forget()
    back = [extract_claims(question, answer, scheme, dialect) for dialect, scheme, question, answer in texts[::-1]]
    assert first == again == back[::-1]
    assert len(texts) > 1000
    sample = range(0, len(texts), 13)
    for at in sample:
        dialect, scheme, question, answer = texts[at]
        forget()
        assert extract_claims(question, answer, scheme, dialect) == first[at], answer


def test_a_box_changes_nothing_of_how_its_sentence_is_read(texts: list[Text]) -> None:
    n_boxes = 0
    for dialect, scheme, question, answer in texts:
        n_boxes += stood_in(answer, dialect) is not None
        assert extract_claims(question, answer, scheme, dialect) == directly(dialect, scheme, question, answer), answer
    assert n_boxes > 30


def test_an_equal_scheme_is_the_same_scheme() -> None:
    one = label_scheme("caesar_mrcnn")
    other = one.model_copy(deep=True)
    assert other is not one
    assert scheme_key(other) is scheme_key(one)
    assert scheme_key(label_scheme("mirabest")) is not scheme_key(one)


SAID = (
    "One compact source is present in this image: {}.", "There are two compact sources: {}, {}.", "{}, {}",
    "The compact source lies at {}, the spurious one at {}.", "{} is an extended source, {} is not.",
    "Boxes in per cent: {}", "```\n[{}, {}]\n```", '{{"compact": {}}}', "| class | box |\n|--|--|\n| compact | {} |",
    "From {} to {}.", "1. {} compact\n2. {} spurious", "The image shows [nothing] but {}.", "No, none at {}.",
)  # fmt: skip
EDGE = st.integers(0, 999)


@given(
    st.sampled_from(SAID),
    st.lists(st.tuples(EDGE, EDGE, EDGE, EDGE), min_size=2, max_size=2),
    st.sampled_from(DIALECTS),
)
def test_numbers_of_boxes_are_put_back(said: str, numbers: list[tuple[int, int, int, int]], dialect: str) -> None:
    """Any four numbers, also those that are no box, or the numbers of a stand-in."""
    scheme = label_scheme("caesar_mrcnn")
    boxes = [f"[{', '.join(f'{one / 1000:.3f}' for one in four)}]" for four in numbers]
    answer = said.format(*boxes)
    question = "Where are the compact sources? Give their boxes."
    assert extract_claims(question, answer, scheme, dialect) == directly(dialect, scheme, question, answer)


def test_stand_ins_are_for_boxes_alone() -> None:
    whole = encode_box((0.1, 0.2, 0.3, 0.4))
    found = stood_in(f"A source: {whole}.", "xyxy_norm")
    assert found is not None
    assert len(found.text) == len(f"A source: {whole}.")
    assert list(found.boxes.values()) == [(0.1, 0.2, 0.3, 0.4)]
    for other in ("No box.", f"{whole} [1]", "[0.3, 0.2, 0.1, 0.4]", "[0.10, 0.2, 0.3, 0.4]", f"[{whole}]"):
        assert stood_in(other, "xyxy_norm") is None, other
    assert BOX.fullmatch(whole)
