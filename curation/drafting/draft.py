"""A TOML file being written: keys with their guesses marked, doubts as comments, and what nobody but the user knows."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Value = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"]
BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
WIDTH = 116


@dataclass
class Draft:
    """The lines of one file, and its doubts: `doubts` are to be told, `open_keys` make `plan` fail until edited."""

    path: Path
    lines: list[str] = field(default_factory=list[str])
    doubts: list[str] = field(default_factory=list[str])
    open_keys: list[str] = field(default_factory=list[str])
    table: str = ""

    def key(self, name: str, value: Value, guess: str = "") -> None:
        """A key and its value; `guess` says what it was guessed from."""
        self.lines.append(f"{toml_key(name)} = {toml(value)}" + (f"  # guess: {_one_line(guess)}" if guess else ""))

    def todo(self, name: str, choices: str, why: str) -> None:
        """A key that cannot be guessed: its value is refused by name until somebody writes another."""
        self.lines.append(f"{toml_key(name)} = {toml(f'TODO: {choices}')}  # {_one_line(why)}")
        self._open(name, choices, why)

    def todo_in(self, name: str, value: Mapping[str, Value], inner: str, choices: str, why: str) -> None:
        """The same for one key of an inline table."""
        self.lines.append(f"{toml_key(name)} = {toml({**value, inner: f'TODO: {choices}'})}  # {_one_line(why)}")
        self._open(f"{name}.{inner}", choices, why)

    def doubt(self, text: str, *, tell: bool = True) -> None:
        """A comment above what follows, and a line for the user."""
        self.lines.append(f"# doubt: {_one_line(text)}")
        if tell:
            self.doubts.append(_one_line(text))

    def note(self, text: str) -> None:
        """A comment."""
        self.lines += [f"# {_one_line(line)}" for line in text.splitlines()]

    def section(self, name: str) -> None:
        """The head of a table."""
        self.table = name
        self.lines += ["", f"[{name}]"]

    @property
    def text(self) -> str:
        """The whole file."""
        return "\n".join(self.lines).strip("\n") + "\n"

    def _open(self, name: str, choices: str, why: str) -> None:
        key = f"{self.table}.{name}" if self.table else name
        self.open_keys.append(f"{key}: {choices} ({_one_line(why)})")


def toml(value: Value) -> str:
    """A value as TOML on one line. Strings of JSON are strings of TOML, but for DEL."""
    if isinstance(value, bool | str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{toml_key(name)} = {toml(one)}" for name, one in value.items()) + " }"
    return "[" + ", ".join(toml(one) for one in value) + "]"


def toml_key(name: str) -> str:
    """A key, quoted where it must be."""
    return name if BARE_KEY.fullmatch(name) else toml(name)


def _one_line(text: str) -> str:
    """Text that can stand in a comment: TOML allows no other control character there than a tab."""
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()
