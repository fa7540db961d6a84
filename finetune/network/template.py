"""The chat template that training, export and evaluation share: each family has one, and its file says why that one."""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from schemas.errors import RecipeError

FOLDER = Path(__file__).parent / "templates"
MARK = re.compile(r"\{%-?\s*(?:end)?generation\s*-?%\}")


@dataclass(frozen=True)
class Template:
    """A chat template, by name."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """SHA-256 of what it renders by; the generation mark, which renders nothing, is part of it."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def for_export(self) -> str:
        """The text without the generation mark, which plain jinja2 refuses as an unknown tag."""
        return MARK.sub("", self.text)


@cache
def template(name: str) -> Template:
    """A template of this package; RecipeError lists the names that exist."""
    known = {path.stem: path for path in sorted(FOLDER.glob("*.jinja"))}
    if name not in known:
        raise RecipeError(f"template {name!r} does not exist; known: {', '.join(known)}")
    return Template(name, known[name].read_text(encoding="utf-8"))
