"""LLaVA's training format: one record for each picture, and back.

    {"id": …, "image": "images/ab/ab12….png", "conversations": [{"from": "human", "value": "<image>\\n…"}, …]}

The same contract as the paper's file (Riggi et al. 2025, section 3.1), with its rules checked.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from schemas.conversation import PLACEHOLDER, PlainText, Text, Turn
from schemas.errors import CatalogError
from schemas.fingerprint import content_id

OPENING = f"{PLACEHOLDER}\n"
ROLES = {"human": "user", "gpt": "assistant"}
IMAGE = r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*\.(png|jpg|jpeg)$"


def _alternating(messages: tuple["Message", ...]) -> tuple["Message", ...]:
    wanted = [("human", "gpt")[at % 2] for at in range(len(messages))]
    found = [message.from_ for message in messages]
    if found != wanted or len(found) % 2:
        raise ValueError(f"human and gpt take turns, human first, gpt last; found {', '.join(found)}")
    first = messages[0].value
    if not first.startswith(OPENING):
        raise ValueError(f"the first human value must begin with {OPENING!r}; found {first[:40]!r}")
    n_placeholders = sum(message.value.lower().count(PLACEHOLDER) for message in messages)
    if n_placeholders != 1:
        raise ValueError(f"{PLACEHOLDER} must stand exactly once; found {n_placeholders} times")
    if not first[len(OPENING) :].strip():
        raise ValueError(f"no question after {PLACEHOLDER}")
    return messages


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:  # in Python `$` also matches before a final newline
        raise ValueError("no newline may stand here")
    return text


class Message(BaseModel):
    """One side's words. Only the first human value holds the picture's placeholder."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    from_: Literal["human", "gpt"] = Field(alias="from")
    value: Text


class LlavaRecord(BaseModel):
    """A picture and what is said of it.

    Beyond this schema: human and gpt take turns, human first, gpt last; the first human value begins with "<image>"
    and a newline, and "<image>" stands nowhere else; no value holds a special token of a chat template or is made of
    invisible characters only; a path has no part that begins with a dot.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$"), AfterValidator(_one_line)]
    image: Annotated[str, Field(pattern=IMAGE), AfterValidator(_one_line)]
    conversations: Annotated[
        tuple[Message, ...], Field(min_length=2, strict=False), AfterValidator(lambda messages: _alternating(messages))
    ]

    def as_json(self) -> dict[str, Any]:
        """The record as the file has it."""
        return self.model_dump(by_alias=True, mode="json")

    def as_messages(self) -> dict[str, Any]:
        """The record as chat templates want it: `images`, and `messages` with roles and without the placeholder."""
        said = [{"role": ROLES[one.from_], "content": one.value} for one in self.conversations]
        said[0]["content"] = said[0]["content"].removeprefix(OPENING)
        return {"id": self.id, "images": [self.image], "messages": said}

    def turns(self) -> list[Turn]:
        """Questions and answers, without the placeholder."""
        values = [message.value for message in self.conversations]
        values[0] = values[0][len(OPENING) :]
        return [Turn(question=asked, answer=said) for asked, said in zip(values[::2], values[1::2], strict=True)]


def image_path(sha256: str) -> str:
    """Where a picture lies inside the hand-over; two digits a folder keep folders small."""
    return f"images/{sha256[:2]}/{sha256}.png"


def sample_id_of(sha256: str, turns: Sequence[tuple[str, str]]) -> str:
    """The id of a sample: made of its picture's SHA-256, and of questions and answers."""
    return content_id("sample", sha256, list(turns))


def llava_record(
    sample_id: str, image: str, turns: Sequence[tuple[PlainText, PlainText]] | Sequence[Turn]
) -> LlavaRecord:
    """A record of the hand-over; raises pydantic's ValidationError when a rule is broken."""
    pairs = [(turn.question, turn.answer) if isinstance(turn, Turn) else turn for turn in turns]
    values = [value for pair in pairs for value in pair]
    values[:1] = [OPENING + value for value in values[:1]]
    messages = [{"from": ("human", "gpt")[at % 2], "value": value} for at, value in enumerate(values)]
    return LlavaRecord.model_validate({"id": sample_id, "image": image, "conversations": messages})


def read_llava(path: Path) -> Iterator[LlavaRecord]:
    """Every record of a JSON array or a JSONL file; raises CatalogError naming file, record and rule."""
    try:
        text = path.read_text(encoding="utf-8")
        found = (
            json.loads(text) if text.lstrip().startswith("[") else [json.loads(one) for one in text.split("\n") if one]
        )
    except (OSError, ValueError) as error:
        raise CatalogError(f"{path}: not a JSON array and not JSONL: {error}") from error
    seen: set[str] = set()
    for at, one in enumerate(found):
        try:
            record = LlavaRecord.model_validate(one)
        except ValidationError as error:
            wrong = "; ".join(_told(each["loc"], each["msg"], each["type"]) for each in error.errors())
            raise CatalogError(f"{path}, record {at}: {wrong}") from error
        if record.id in seen:
            raise CatalogError(f"{path}, record {at}: id {record.id!r} stands twice")
        seen.add(record.id)
        yield record


def _told(where: Sequence[int | str], message: str, kind: str) -> str:
    known = f"unknown key; known: {', '.join(LlavaRecord.model_fields)}" if kind == "extra_forbidden" else message
    return f"{'.'.join(map(str, where)) or 'the record'}: {known}"


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a record, for others; the rules it cannot say are in its description."""
    return LlavaRecord.model_json_schema(by_alias=True)
