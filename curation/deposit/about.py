"""What only people can say of a release: who made it, its version, the day it comes out, terms. A TOML file of theirs.

version   = "1.0"
date      = 2026-12-01              # the day it comes out; what is under embargo then stays inside
publisher = "Zenodo"
licence   = "CC-BY-4.0"             # of what was made here: words, splits, tables; pixels keep their own

[[creators]]
name  = "Doe, Jane"
orcid = "0000-0002-1825-0097"
"""

import re
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from catalogs.references import ONE_DOI
from catalogs.survey import Day
from curation.captions.licences import UNKNOWN
from schemas.folder import read_door

ORCID_DIGITS = 11
LINK = "^(https?://[^ ]+)?$"


class Creator(BaseModel):
    """A person, or an organisation, as DataCite and Croissant name them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1)
    """Of a person "Family, Given"."""
    orcid: str = Field(default="", pattern=r"^(\d{4}-\d{4}-\d{4}-\d{3}[\dX])?$")
    affiliation: str = ""
    is_organisation: bool = False

    @field_validator("orcid")
    @classmethod
    def _checked(cls, said: str) -> str:
        if said and _check_digit(said) != said[-1]:
            raise ValueError(f"{said}: its last digit should be {_check_digit(said)}: a digit is wrong")
        return said

    @property
    def family(self) -> str:
        """The family name of a person; empty where the name has no comma."""
        return self.name.partition(",")[0].strip() if "," in self.name else ""

    @property
    def given(self) -> str:
        """The given name of a person; empty where the name has no comma."""
        return self.name.partition(",")[2].strip()


class Granted(BaseModel):
    """A licence that the code does not know, by the word of whoever makes the release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = Field(min_length=1)
    basis: str = Field(min_length=1)
    """Where it is written that changed copies may be passed on, such as "e-mail of the survey's board, 2026-10-02"."""
    url: str = Field(default="", pattern=LINK)


class About(BaseModel):
    """The file of a release."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str = ""
    """Empty: that of the corpus."""
    description: str = ""
    version: str = Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*$")
    date: Annotated[Day, Field(min_length=10)]
    publisher: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    creators: tuple[Creator, ...] = Field(min_length=1)
    doi: Annotated[str, BeforeValidator(lambda said: re.sub("^https?://doi.org/|^doi:", "", str(said)))] = Field(
        default="", pattern=ONE_DOI
    )
    """Where one is reserved."""
    url: str = Field(default="", pattern=LINK)
    """The folder as others will find it; empty: places are relative to the folder."""
    contact: str = ""
    keywords: tuple[str, ...] = ("radio astronomy", "vision-language model", "radio galaxies", "machine learning")
    embargoes: dict[str, Day] = {}
    """First day of publication by survey or dataset, beside what the surveys' doors say."""
    granted: dict[str, Granted] = {}
    """Licences by the name that a survey's door gives them."""

    @field_validator("granted")
    @classmethod
    def _named(cls, said: dict[str, Granted]) -> dict[str, Granted]:
        if UNKNOWN in said:
            raise ValueError(f"{UNKNOWN}: no licence; name the one that was granted in the survey's door")
        return said

    @property
    def year(self) -> int:
        """Of publication."""
        return int(self.date[:4])


def read_about(file: Path) -> About:
    """The file of a release. Raises RecipeError with all that is wrong with it."""
    return read_door(About, file)


def _check_digit(orcid: str) -> str:
    """ISO 7064 mod 11-2 over the first fifteen digits."""
    total = 0
    for digit in orcid.replace("-", "")[:-1]:
        total = (total + int(digit)) * 2
    rest = (12 - total % ORCID_DIGITS) % ORCID_DIGITS
    return "X" if rest == ORCID_DIGITS - 1 else str(rest)
