"""A conversation about a picture, and the rules that every one of them keeps.

Strings only, nothing blank, at least one turn, no question twice, and the picture's placeholder nowhere: it is put
in by the hand-over. Rules that a JSON Schema cannot say stand in the models' descriptions.
"""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

PLACEHOLDER = "<image>"
SPECIAL_TOKENS = (
    "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>",
    "<|begin_of_text|>", "<|eot_id|>", "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<IMG_CONTEXT>", "<img>",
    "</img>",
)  # fmt: skip

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")  # of Unicode's categories Cc and Cs
_MAY_BE_SPECIAL = re.compile(r"<|\[/?[Ii]")
"""Every special token has one of these in it: a text without them is not looked through for each."""


def checked_text(text: str) -> str:
    """The text itself. Raises ValueError when nobody could read it, or a chat template could take it for its own."""
    if not any(_is_visible(character) for character in text):
        raise ValueError("blank text: at least one visible character is needed")
    if _CONTROL.search(text):
        strange = sorted({hex(ord(one)) for one in _CONTROL.findall(text)})
        raise ValueError(f"control characters {', '.join(strange)}: only newline and tab are allowed")
    if _MAY_BE_SPECIAL.search(text) and (found := [one for one in SPECIAL_TOKENS if one.lower() in text.lower()]):
        raise ValueError(f"a chat template's own token in the text: {', '.join(found)}")
    return text


def without_placeholder(text: str) -> str:
    """The text itself. Raises ValueError when it holds the picture's placeholder."""
    if PLACEHOLDER in text.lower():
        raise ValueError(
            f"{PLACEHOLDER} may not stand here: it opens the first question of the hand-over and nothing else"
        )
    return text


# The pattern is for the JSON Schema; zero-width characters pass it, and are caught by checked_text.
Text = Annotated[str, Field(pattern=r"\S"), AfterValidator(checked_text)]
PlainText = Annotated[Text, AfterValidator(without_placeholder)]


class Turn(BaseModel):
    """A question and its answer. Neither may hold the picture's placeholder, control characters or special tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    question: PlainText
    answer: PlainText


class Conversation(BaseModel):
    """The turns about one picture, in order. No question is asked twice."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    turns: Annotated[tuple[Turn, ...], Field(min_length=1, strict=False), AfterValidator(lambda turns: _unique(turns))]


def _unique(turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    asked = [" ".join(turn.question.lower().split()) for turn in turns]
    twice = sorted({one for one in asked if asked.count(one) > 1})
    if twice:
        raise ValueError(f"asked twice: {twice[0]!r:.100}")
    return turns


def _is_visible(character: str) -> bool:
    return not character.isspace() and unicodedata.category(character)[0] not in ("C", "Z")
