"""The papers that doors cite, as entries of BibTeX: authors, title, journal and, where a source names it, the DOI.

One file, `references.toml`, by the words in which the doors cite. What a door cites in other words stands as it is.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from schemas.errors import RecipeError
from schemas.folder import read_toml

FILE = Path(__file__).with_suffix(".toml")
ONE_DOI = "^(10[.][0-9]{4,9}/[^ ]+)?$"
"""A DOI and nothing beside it, or nothing."""
DOI = re.compile(r"10\.[0-9]{4,9}/[^\s,;{}\\%]+[^\s,;{}\\%.)]")
SPECIAL = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": "(", "}": ")", "\\": "/"}


class Reference(BaseModel):
    """A paper, or what else is cited."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(pattern="^[A-Za-z0-9_-]+$")
    author: str = ""
    title: str = ""
    journal: str = ""
    year: int | None = None
    volume: str = ""
    pages: str = ""
    doi: str = Field(default="", pattern=ONE_DOI)
    eprint: str = ""
    """Of arXiv."""
    note: str = ""

    @property
    def bibtex(self) -> str:
        """Its entry, with a newline at the end."""
        said = self.model_dump(exclude={"key"})
        kind = "article" if self.journal else "misc"
        fields = [f"  {name} = {{{_plain(name, value)}}}" for name, value in said.items() if value]
        return "\n".join([f"@{kind}{{{self.key},", ",\n".join(fields), "}", ""])


@cache
def references() -> Mapping[str, Reference]:
    """Every paper, by the words in which doors cite it. Raises RecipeError where two have one key."""
    found = {said: Reference.model_validate(one) for said, one in read_toml(FILE).items()}
    keys = [one.key for one in found.values()]
    if twice := sorted({key for key in keys if keys.count(key) > 1}):
        raise RecipeError(f"{FILE}: the key {', '.join(twice)} stands twice; give one another key")
    return MappingProxyType(found)


def cited(cite: str, key: str, title: str = "") -> list[Reference]:
    """What a door's `cite` names, in its order; `key` and `title` are for words that no known paper has.

    An entry of such words holds them as its note, and the DOI that they tell.
    """
    found = list[Reference]()
    for number, words in enumerate(one.strip() for one in cite.split(";") if one.strip()):
        known = _known(words)
        tells = DOI.search(words)
        own = Reference(key=f"{key}{number or ''}", title=title, note=words, doi=tells[0] if tells else "")
        found.append(known or own)
    return found


def _known(words: str) -> Reference | None:
    """The paper whose words these are, or begin with; of several the one that says most."""
    begins = [said for said in references() if words == said or words.startswith((f"{said},", f"{said} "))]
    return references()[max(begins, key=len)] if begins else None


def _plain(name: str, value: object) -> str:
    text = str(value)
    return text if name in ("doi", "eprint") else "".join(SPECIAL.get(one, one) for one in text)
