"""The exam's statements: what is said of which scene, and the verdict that was given by hand for each.

`claims/development.json` and `claims/held_back.json` hold `scenes`, in the form of the command `claims`, and `cases`;
`claims/models_development.json` and `claims/models_held_back.json` hold cases of the same scenes, written by models:

    scene, kind, question, text
    verdicts   one letter a statement of the text (divided by "¦", which is no part of it): s supported by the
               annotations, c contradicted, u not decided by them
    dialect    of the boxes in the text, where not xyxy_norm
    clause     whether the text is one plain clause that stands alone, of which compositions are made
    claims     as a person would state what the text says, rows of a `claims` column with what is left out at its
               default; of some cases only

A case lies in the half that its digest says, so that it stays there whatever is added. The held-back half is not looked
at by whoever changes a reader; `claims/held_back.txt` lists its digests, those of captions too.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from catalogs.formats.plain_json import read_json
from curation.pictures.boxes import Box, Dialect
from curation.verification.annotation_files import Reading, form_annotations
from curation.verification.claims import Annotations, Claim
from curation.verification.verdicts import Judgement
from schemas.errors import CatalogError
from schemas.labels import Truth

FOLDER = Path(__file__).parent / "claims"
DIVIDER = "¦"
QUESTION = "Describe the image."


class Half(StrEnum):
    """Which half of the exam: the one that may be read while a reader is changed, or the other."""

    DEVELOPMENT = "development"
    HELD_BACK = "held-back"


FILES = {Half.DEVELOPMENT: "development.json", Half.HELD_BACK: "held_back.json"}
OF_MODELS = "models_"
"""How the files of what models wrote begin."""


@dataclass(frozen=True)
class Case:
    """A text about a scene, and whether it is true."""

    scene: str
    question: str
    text: str
    """Without dividers."""
    truth: Judgement
    """That of its worst statement."""
    half: Half
    kind: str = ""
    dialect: Dialect = "xyxy_norm"
    is_clause: bool = False
    """One plain clause that stands alone, with its full stop."""
    claims: tuple[Claim, ...] | None = None
    """What it says, as a person stated it; None where nobody did."""


def digest(*parts: str) -> str:
    """SHA-256 of scene, question and text, or of a caption's sentence alone, in hex."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def half_of(digest_hex: str) -> Half:
    """By the parity of the last digit."""
    return Half.HELD_BACK if int(digest_hex[-1], 16) % 2 else Half.DEVELOPMENT


def truth_of(letters: str) -> Judgement:
    """A text is as good as its worst statement."""
    if "c" in letters:
        return Judgement.CONTRADICTED
    return Judgement.UNVERIFIABLE if "u" in letters else Judgement.SUPPORTED


def statements(half: Half, folder: Path = FOLDER) -> list[Case]:
    """The cases of one file. Raises CatalogError for a file of another form, or a case of the other half."""
    path = folder / FILES[half]
    return [_case(one, half, path) for one in _read(path).cases]


def of_models(half: Half, folder: Path = FOLDER) -> list[Case]:
    """What models wrote of the same scenes; `kind` names the model. Raises CatalogError."""
    path = folder / f"{OF_MODELS}{FILES[half]}"
    return [_case(one, half, path) for one in _read(path).cases]


def digests(cases: Iterable[Case]) -> Iterator[str]:
    """Of each case."""
    return (digest(one.scene, one.question, one.text) for one in cases)


@cache
def scenes(folder: Path = FOLDER) -> Mapping[str, Annotations]:
    """What is known of every scene of both files, by name. Raises CatalogError."""
    found: dict[str, Annotations] = {}
    for name in FILES.values():
        for scene, form in _read(folder / name).scenes.items():
            found[scene] = form_annotations(folder / f"{name}: {scene}", form, Reading())
    return found


class _Stated(BaseModel):
    """A claim as it stands in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    subject: str
    state: Truth = Truth.PRESENT
    count: int | None = None
    box: Box | None = None
    how: str | None = None
    other: str | None = None


class _Written(BaseModel):
    """A case as it stands in a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scene: str
    kind: str
    question: str
    text: str
    verdicts: str = Field(pattern="^[scu]+$")
    dialect: Literal["xyxy_norm", "xywh_center_norm", "xyxy_1000"] = "xyxy_norm"
    clause: bool = False
    claims: list[_Stated] | None = None


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    scenes: dict[str, dict[str, Any]]
    cases: list[_Written]


@cache
def _read(path: Path) -> _File:
    try:
        return _File.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        raise CatalogError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def _case(one: _Written, half: Half, path: Path) -> Case:
    where = f"{path}: the case {one.text!r:.60} of {one.scene}"
    statements_of = one.text.split(DIVIDER)
    if len(statements_of) != len(one.verdicts):
        raise CatalogError(f"{where}: {len(statements_of)} statements, {len(one.verdicts)} verdicts")
    text = "".join(statements_of)
    right = half_of(digest(one.scene, one.question, text))
    if right is not half:
        raise CatalogError(
            f"{where}: by its digest it belongs into {path.name.removesuffix(FILES[half])}{FILES[right]}"
        )
    return Case(
        one.scene, one.question, text, truth_of(one.verdicts), half, one.kind, one.dialect,
        one.clause, _claims(one.claims),
    )  # fmt: skip


def _claims(stated: Sequence[_Stated] | None) -> tuple[Claim, ...] | None:
    return None if stated is None else tuple(Claim(**one.__dict__) for one in stated)
