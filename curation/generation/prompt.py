"""Prompts: what a served model is told of a picture. A door: one TOML file each in `prompts/`.

A request is a system text, equal for every picture of a dataset, then the picture, then a text about it that begins
with the fenced material and ends with the task: so servers that share prefixes read the common part once, and two
tasks about one picture share all but the task.

What comes from tables, schemes and papers only ever stands between two fence lines, one value to a line, and no value
can hold an angle bracket, a line break or a control character: whatever it says, the prompt around it stays as it is.
"""

import hashlib
import json
import re
import string
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, model_validator

from schemas.errors import RecipeError
from schemas.fingerprint import canonical_json
from schemas.folder import one_door, read_doors
from schemas.touches import Touches

HERE = Path(__file__).parent / "prompts"
FENCED_SLOTS = ("caption", "objects", "glossary", "conversation", "answer", "sentence")
"""Filled with lines that others wrote; each stands alone on its line of the template."""
OWN_SLOTS = ("n_turns", "dialect", "topics")
"""Filled with our own words and numbers."""
LONGEST_LINE = 2000  # characters
MOST_LINES = 200
LOOKALIKES = str.maketrans({"<": "‹", ">": "›", "`": "'"})
TEMPLATE_MARKS = re.compile(r"(?i)\[(/?\s*INST\s*)\]")

Need = Literal["", "labels", "objects", "edge", "peculiarity"]


class Topic(BaseModel):
    """Something that the questions should cover, where its answer is known."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    ask: str
    needs: Need = ""
    """labels: one of `labels` (none given: any label) is known; objects: their boxes can be written."""
    labels: tuple[str, ...] = ()


class Task(BaseModel):
    """What is wanted, in which form, and how long the reply may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    form: dict[str, Any]
    """JSON Schema of the reply, bounded: every list and every text has a greatest length. It may refer to
    "#/$defs/claim", which is filled in for each picture (claim_forms.py)."""
    tokens: int = Field(default=1024, gt=0)
    tokens_per_object: int = Field(default=0, ge=0)
    """Added for each object whose box may be written."""
    most_tokens: int = Field(default=4096, gt=0)

    @model_validator(mode="after")
    def _bounded(self) -> "Task":
        """No list and no text without an end: a model that repeats itself would fill the context."""
        wrong = unbounded(self.form, "form")
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def max_tokens(self, n_objects: int) -> int:
        """Room for the reply to a picture with so many objects."""
        return min(self.tokens + self.tokens_per_object * n_objects, self.most_tokens)


class Prompt(BaseModel):
    """A prompt door."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    system: str
    """The model's role, the glossary and the requirements; slot: glossary."""
    shown: str
    """How the text beside the picture begins; slots: caption, objects, conversation, answer, sentence."""
    task: dict[str, Task] = Field(min_length=1)
    """By name; slots: n_turns, dialect, topics."""
    terms: dict[str, str] = Field(default_factory=dict[str, str])
    """Words that the glossary explains besides the labels of the scheme."""
    topic: tuple[Topic, ...] = ()
    turns: Annotated[dict[str, PositiveInt], Touches("generated")] = Field(default_factory=dict[str, PositiveInt])
    """Turns asked for, by dataset; `default` for the others."""

    @model_validator(mode="after")
    def _whole(self) -> "Prompt":
        """Every slot is known, and what others wrote stands on lines of its own."""
        texts = {"system": self.system, "shown": self.shown} | {f"task.{k}": one.text for k, one in self.task.items()}
        wrong: list[str] = []
        for name, text in texts.items():
            slots = [slot for _, slot, _, _ in string.Formatter().parse(text) if slot is not None]
            wrong += [f"{name}: no slot {{{slot}}}" for slot in slots if slot not in (*FENCED_SLOTS, *OWN_SLOTS)]
            lines = text.split("\n")
            wrong += [
                f"{name}: {{{slot}}} must stand alone on its line"
                for slot in slots
                if slot in FENCED_SLOTS and f"{{{slot}}}" not in lines
            ]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def only(self, *tasks: str) -> "Prompt":
        """The prompt with these tasks alone; raises RecipeError for one that it does not have."""
        missing = [name for name in tasks if name not in self.task]
        if missing:
            raise RecipeError(f"prompt {self.name}: no task {', '.join(missing)}; it has {', '.join(self.task)}")
        return self.model_copy(update={"task": {name: self.task[name] for name in tasks}})


@dataclass(frozen=True)
class Told:
    """What a model is told besides the picture, and the form its reply must have."""

    system: str
    text: str
    form: str

    @property
    def sha(self) -> str:
        """SHA-256 of all of it."""
        return hashlib.sha256(canonical_json([self.system, self.text, self.form]).encode()).hexdigest()


def prompt(name: str) -> Prompt:
    """One prompt; raises RecipeError, listing the known ones, for another name."""
    return one_door(read_doors(Prompt, "prompts", HERE), name, "prompt")


def render(
    door: Prompt,
    task: str,
    lines: Mapping[str, Sequence[str]],
    words: Mapping[str, object] | None = None,
    definitions: Mapping[str, Any] | None = None,
) -> Told:
    """The prompt of a task. `lines` fill the fenced slots, a value to a line; `words` fill our own.

    `definitions` stand in the form as its `$defs`. Raises RecipeError where a slot of the door is not filled.
    """
    filled = {name: fenced(name, values) for name, values in lines.items()} | dict(words or {})
    wanted = door.only(task).task[task]
    try:
        text = f"{door.shown.strip().format(**filled)}\n\n{wanted.text.strip().format(**filled)}"
        form = wanted.form | ({"$defs": dict(definitions)} if definitions else {})
        return Told(door.system.strip().format(**filled), text, json.dumps(_ordered(form), separators=(",", ":")))
    except KeyError as error:
        raise RecipeError(f"prompt {door.name}: nothing to fill {{{error.args[0]}}} with in task {task}") from None


def fenced(name: str, lines: Sequence[str]) -> str:
    """Lines that others wrote between two fence lines, such as `<<<CAPTION` and `CAPTION>>>`."""
    safe = [one for one in map(harmless, lines) if one]
    rest = [f"(and {len(safe) - MOST_LINES} lines more)"] if len(safe) > MOST_LINES else []
    return "\n".join([f"<<<{name.upper()}", *safe[:MOST_LINES], *rest, f"{name.upper()}>>>"])


def harmless(value: str) -> str:
    """A value on one line that no fence, no chat template and no markdown can be made of, as people would read it."""
    text = unicodedata.normalize("NFKC", value)
    shown = text if text.isprintable() else "".join(one if unicodedata.category(one)[0] != "C" else " " for one in text)
    text = TEMPLATE_MARKS.sub(r"(\1)", " ".join(shown.split()).translate(LOOKALIKES))
    return text if len(text) <= LONGEST_LINE else f"{text[:LONGEST_LINE]} …"


def glossary(door: Prompt, meanings: Mapping[str, str]) -> list[str]:
    """The door's own terms, then the labels of a scheme: a line each."""
    return [f"{name}: {meaning}" for name, meaning in {**door.terms, **meanings}.items()]


def _ordered(form: Any) -> Any:
    """The form with the fields of every object in the order of its `required`, which is the order they are written in.

    A model that is bounded by it writes the question before the answer, and the claims before the words.
    """
    if isinstance(form, list):
        return [_ordered(one) for one in form]
    if not isinstance(form, dict):
        return form
    found = {name: _ordered(one) for name, one in sorted(form.items())}
    wanted = form.get("required")
    if isinstance(wanted, list) and isinstance(form.get("properties"), dict):
        order = [*wanted, *sorted(form["properties"].keys() - set(wanted))]
        found["properties"] = {name: found["properties"][name] for name in order if name in found["properties"]}
    return found


def unbounded(form: Mapping[str, Any], where: str) -> list[str]:
    """Every list, text and object of a JSON Schema that has no end, and every reference to what it does not define."""
    wrong: list[str] = []
    kind = form.get("type")
    if kind == "string" and not ({"maxLength", "enum", "const"} & form.keys()):
        wrong.append(f"{where}: a text without maxLength")
    if kind == "array":
        wrong += [f"{where}: a list without maxItems"] if "maxItems" not in form else []
        wrong += unbounded(form.get("items", {}), f"{where}[]")
    if kind in ("integer", "number"):
        wrong += [f"{where}: a number without {edge}" for edge in ("minimum", "maximum") if edge not in form]
    if kind == "object":
        wrong += [f"{where}: additionalProperties is not false"] if form.get("additionalProperties", True) else []
    if not kind and not ({"enum", "const", "anyOf", "$ref"} & form.keys()):
        wrong.append(f"{where}: found {', '.join(form) or 'nothing'}, expected a type, enum, const, anyOf or $ref")
    inside = {**form.get("properties", {}), **form.get("$defs", {})}
    inside |= {f"anyOf.{at}": one for at, one in enumerate(form.get("anyOf", ()))}
    return wrong + [found for name, one in inside.items() for found in unbounded(one, f"{where}.{name}")]
