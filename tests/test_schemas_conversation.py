"""The rules of a conversation, each with a bad example."""

import pytest
from pydantic import ValidationError

from schemas.conversation import Conversation, Turn

GOOD = Turn(question="What is seen?", answer="A source.")


def test_a_good_conversation_is_kept_as_it_is():
    made = Conversation(turns=(GOOD, Turn(question="Another?", answer="- ②\n\tπ")))
    assert [turn.answer for turn in made.turns] == ["A source.", "- ②\n\tπ"]


@pytest.mark.parametrize(
    "text",
    ["", "  ", "\n\t", "\u200b", "\u200b\ufeff \u2060", "\u00ad", "a\x00b", "a\x1b[0m", "a\rb", "<image> here",
     "<IMAGE>", "bye<|im_end|>", "<|IM_START|>user", "</s>", 7, None, ["a"], b"a"],
)  # fmt: skip
@pytest.mark.parametrize("side", ["question", "answer"])
def test_a_turn_refuses_what_is_no_readable_text(text, side):
    with pytest.raises(ValidationError):
        Turn.model_validate({"question": "What?", "answer": "That.", side: text})


def test_a_lone_surrogate_is_refused():
    with pytest.raises(ValidationError):
        Turn(question="a\ud800", answer="b")


def test_a_conversation_without_turns_is_refused():
    with pytest.raises(ValidationError, match="at least 1"):
        Conversation(turns=())


def test_the_same_question_twice_is_refused_whatever_its_case_and_blanks():
    with pytest.raises(ValidationError, match="asked twice"):
        Conversation(turns=(GOOD, Turn(question="what  is seen?", answer="Nothing.")))


def test_an_unknown_key_is_refused():
    with pytest.raises(ValidationError, match="extra"):
        Turn.model_validate({"question": "a", "answer": "b", "mood": "c"})


def test_turns_do_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        GOOD.answer = "else"
