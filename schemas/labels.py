"""Labels with three-valued truth, and the schemes that name them.

A label is never a bare word: it says which scheme it is from, whether it is present, absent or unknown,
who says so, and from which row. "No" is said only of absent.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ModelWrapValidatorHandler, model_validator

from schemas.article import article
from schemas.errors import CatalogError
from schemas.folder import one_door, read_doors, read_folder
from schemas.touches import WORDS, Touches

HERE = Path(__file__).parent / "label_schemes"
SPOKEN = Touches(*WORDS)
NAME = re.compile(r"[\w+./()-]+( [\w+./()-]+)*")


About = Literal["source", "picture", "objects"]


class Truth(StrEnum):
    """Whether a label holds. No label at all is `unknown`, never `absent`."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Tier(StrEnum):
    """Who says so."""

    EXPERT = "expert"
    CROWD = "crowd"
    MODEL = "model"
    MATCH = "match"  # by position, from another catalogue
    RULE = "rule"  # computed from catalogued numbers, or known by construction


class Label(BaseModel):
    """One statement about a source or an object; a row of the `labels` column."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scheme: str
    label: str
    """The harmonised name, one of the scheme's."""
    original: str
    """The name as the origin wrote it."""
    state: Truth
    tier: Tier
    catalog: str
    """The file that says so, relative to the raw folder."""
    row: int = Field(ge=-1)
    """0-based data row in that file; -1 where the file has no rows."""
    confidence: float | None = None
    """0 to 1: a crowd's share of votes, a model's score; null where none was given."""


class LabelDefinition(BaseModel):
    """A label of a scheme: the one place where its words stand."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[int, Touches()]
    aliases: tuple[str, ...] = ()
    definition: Annotated[str, Touches("answers", "conversations", "generated")]
    """What the label means, as a clause that can follow "LABEL: "."""
    phrase: Annotated[str, SPOKEN] = ""
    """A sentence about a picture or source that has the label; ends with a full stop."""
    absent_phrase: Annotated[str, SPOKEN] = ""
    """The sentence for a picture that is known not to have it; empty where nobody would say so."""
    noun: Annotated[str, SPOKEN] = ""
    """The label as a plural noun phrase for counts and boxes, such as "compact sources"."""
    noun_one: Annotated[str, SPOKEN] = ""
    """The same for one, such as "compact source"."""
    article: Annotated[Literal["", "a", "an"], Touches("answers", "conversations")] = ""
    """What stands before `noun_one`; empty: as its sound wants it ("an HII region", "a YSO")."""
    implies: tuple[str, ...] = ()
    """Labels that are present whenever this one is."""

    @property
    def a_noun_one(self) -> str:
        """One with its article, such as "an HII region"."""
        return f"{self.article or article(self.noun_one)} {self.noun_one}"


class LabelScheme(BaseModel):
    """A vocabulary: its labels with definitions and phrases, and whether a source has one of them or several."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: Annotated[str, Touches("answers", "conversations")]
    cite: str = Field(exclude=True)
    kind: str = Field(pattern="^(single|multi)$")
    """`single`: exactly one label holds, so the others are absent. `multi`: any number, each on its own."""
    about: Annotated[About, SPOKEN] = "source"
    """What its labels are said of: `source`, the one at the centre of the picture; `picture`, all that is seen in it;
    `objects`, each object in it, so that a picture has the labels of its objects. Questions are chosen by it."""
    labels: dict[str, LabelDefinition] = Field(min_length=1)

    @model_validator(mode="wrap")
    @classmethod
    def _whole(cls, said: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        """As read, without contradictions. One that was read before may lack fields since: see `touches.only`."""
        scheme = read(said)
        wrong = [] if scheme is said else scheme._contradictions()
        if wrong:
            raise ValueError("; ".join(wrong))
        return scheme

    def _contradictions(self) -> list[str]:
        """Names that cannot be told from lists of names, spellings of two labels, implied labels that are not there."""
        wrong, spelt, ids = list[str](), dict[str, str](), dict[int, str]()
        for name, one in self.labels.items():
            if not NAME.fullmatch(name) or plain_label(name) == "NONE":
                wrong.append(f"labels.{name}: expected a name of letters, digits, blanks and any of + - . / ( )")
            if ids.setdefault(one.id, name) != name:
                wrong.append(f"labels.{name}.id: found {one.id}, which {ids[one.id]} has; expected one of its own")
            for spelling in (name, *one.aliases):
                if spelt.setdefault(plain_label(spelling), name) != name:
                    wrong.append(f"labels.{name}: {spelling!r} names {spelt[plain_label(spelling)]} too")
            strange = [other for other in one.implies if other not in self.labels]
            wrong += [f"labels.{name}.implies: no label {other}; known: {', '.join(self.labels)}" for other in strange]
            if one.implies and self.kind == "single":
                wrong.append(f"labels.{name}.implies: of kind single exactly one label holds; expected kind multi")
        return wrong

    def harmonised(self, original: str) -> str:
        """The scheme's name for a label as somebody wrote it. Raises CatalogError for an unknown one.

        Compared in upper case, with blanks, underscores and every kind of dash as "-".
        """
        found = self.spelt(original)
        if found is None:
            raise CatalogError(
                f"unknown label {original!r} in scheme {self.name}; known: {', '.join(self.labels)}. "
                f"Add it, or an alias, to schemas/label_schemes/{self.name}.toml"
            )
        return found

    def spelt(self, text: str) -> str | None:
        """The label that a text spells, by its name or an alias, compared as in `harmonised`; None where it is none."""
        return self._spellings().get(plain_label(text))

    def with_implied(self, present: Iterable[str]) -> set[str]:
        """The labels together with all that they imply (harmonised names in, harmonised names out)."""
        todo, done = list(present), set[str]()
        while todo:
            label = todo.pop()
            if label not in done:
                done.add(label)
                todo.extend(self.labels[label].implies)
        return done

    def _spellings(self) -> dict[str, str]:
        return _spellings(tuple((name, one.aliases) for name, one in self.labels.items()))


def plain_label(text: str) -> str:
    """A label's comparable form: upper case, one "-" for every run of blanks, underscores and dashes."""
    text = unicodedata.normalize("NFKC", text).strip().upper()
    return re.sub(r"[\s_‐-―−-]+", "-", text)


def label_schemes() -> Mapping[str, LabelScheme]:
    """Every scheme, by the name of its file."""
    return read_doors(LabelScheme, "label_schemes", HERE)


def package_schemes() -> Mapping[str, LabelScheme]:
    """The schemes that come with the package, whatever a user adds."""
    return read_folder(LabelScheme, HERE)


def label_scheme(name: str) -> LabelScheme:
    """One scheme; raises RecipeError, listing the known ones, for another name."""
    return one_door(label_schemes(), name, "label scheme")


@cache
def _spellings(labels: tuple[tuple[str, tuple[str, ...]], ...]) -> dict[str, str]:
    return {plain_label(spelling): name for name, aliases in labels for spelling in (name, *aliases)}
