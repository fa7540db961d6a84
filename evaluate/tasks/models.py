"""The models of the paper: their families, the figures' colours, and how often the original asked each again."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import RecipeError
from schemas.folder import read_toml, validation_lines

HERE = Path(__file__).parent / "models.toml"
Retry = Literal["", "without-question", "same"]


class Family(BaseModel):
    """Models of one kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    words: tuple[str, ...] = Field(min_length=1)
    """In lower case: a model whose name holds one of them is of the family."""
    colour: str = Field(pattern="^#[0-9a-f]{6}$")
    retries: int = Field(0, ge=0)
    retry: Retry = ""


class PaperModel(BaseModel):
    """A model that the paper, or its successor, has run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    family: str
    size: str
    """Such as 7B; empty where nobody has told."""
    retries: int | None = Field(None, ge=0)
    """Null: as the family."""
    retry: Retry = ""


class Models(BaseModel):
    """The file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    families: dict[str, Family]
    models: dict[str, PaperModel]

    @model_validator(mode="after")
    def _known(self) -> "Models":
        wrong = [f"{name}: no family {one.family!r}" for name, one in self.models.items()
                 if one.family not in self.families]  # fmt: skip
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def family_of(self, name: str) -> Family | None:
        """Of a model as the file names it, else by a word of its name; None for a stranger."""
        known = self.models.get(name)
        if known is not None:
            return self.families[known.family]
        return next((one for one in self.families.values() if any(word in name.lower() for word in one.words)), None)

    def retries_of(self, name: str) -> tuple[int, Retry] | None:
        """How often the original asked this model again, and in which way; None for a stranger."""
        known, family = self.models.get(name), self.family_of(name)
        if known is not None and known.retries is not None:
            return known.retries, known.retry
        return None if family is None else (family.retries, family.retry)


@cache
def models(file: Path = HERE) -> Models:
    """The models and families. Raises RecipeError for a file that says something impossible."""
    try:
        return Models.model_validate(read_toml(file))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{file}: not a TOML file: {error}") from error
    except ValidationError as error:
        raise RecipeError("\n".join(f"{file}: {line}" for line in validation_lines(Models, error))) from error
