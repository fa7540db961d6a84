"""Pictures in a folder with a list of them beside it, JSON a line, as AstroVLBench is published. Nothing is trusted."""

import ast
import hashlib
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from catalogs.formats.plain_json import read_json_lines
from evaluate.tasks.zipped import Found, KeptOut, Picture, checked_png, place_in
from schemas.errors import CatalogError
from schemas.fingerprint import canonical_json, content_id, sha256_of
from schemas.pictures import as_png
from schemas.rejection import Rejection


class Published(BaseModel):
    """Where the words are that a release asks with: a file of its code, which is read and never run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    """Relative to the set's folder."""
    system: str
    """The function that returns the system turn, as one text or f-string."""
    values: dict[str, str] = Field(default_factory=dict[str, str])
    """What its arguments are."""
    user: str
    """The name that the question is given, at the top of the file."""


class Listed(BaseModel):
    """Where the pictures are, and what the list says of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    """Relative to the raw folder."""
    list: str
    """Relative to it; pictures are relative to the folder of the list."""
    picture: str = "filename"
    """The key with a picture's path; `label`: that with its class."""
    label: str = "label"
    labels: dict[str, str]
    position: str
    """A regular expression of a file's whole name, with the groups `ra_deg` and `dec_deg`; one that does not fit has no
    place."""
    n_pictures: dict[str, int]
    """As published; all are of the split test."""
    apart_arcsec: float = Field(gt=0)
    asked: Published | None = None
    kept_out: tuple[KeptOut, ...] = ()

    @property
    def file(self) -> str:
        """The list, relative to the raw folder."""
        return f"{self.folder}/{self.list}"


def read_listed(raw: Path, name: str, listed: Listed) -> Found:
    """Every picture of the list, by id, and those that are not there: *in* are its rows.

    Refused: `no-picture`, an absent or empty file; `not-a-picture`; `duplicate-picture`. CatalogError for a list that
    is none, a class that the door does not know, and a path that leaves the folder.
    """
    return _read(raw, name, listed.model_dump_json())


def digest_of(raw: Path, listed: Listed) -> str:
    """Of the list and of every picture that it names."""
    root = (raw / listed.file).parent
    found = [(one, sha256_of(root / one) if (root / one).is_file() else "") for one in _names(raw, listed)]
    return hashlib.sha256(canonical_json([sha256_of(raw / listed.file), found]).encode()).hexdigest()


def _names(raw: Path, listed: Listed) -> list[str]:
    return [_text(row, listed.picture, raw / listed.file, n) for n, row in enumerate(_rows(raw, listed))]


def _rows(raw: Path, listed: Listed) -> list[Mapping[str, Any]]:
    path = raw / listed.file
    if not path.is_file():
        raise CatalogError(f"{path}: no such file; the picture set needs the release's folder below --raw")
    return read_json_lines(path)


@lru_cache(maxsize=4)
def _read(raw: Path, name: str, described: str) -> Found:
    listed = Listed.model_validate_json(described)
    path, found, refused = raw / listed.file, dict[str, Picture](), list[Rejection]()
    rows = _rows(raw, listed)
    for number, row in enumerate(rows):
        made = _picture(path, number, row, name, listed)
        if isinstance(made, Rejection):
            refused.append(made)
        elif made.picture_id in found:
            told = f"{made.member} has the bytes of {found[made.picture_id].member}"
            refused.append(Rejection(f"{listed.file}:{number}", "duplicate-picture", told, dict(row)))
        else:
            found[made.picture_id] = made
    return Found(tuple(found[one] for one in sorted(found)), tuple(refused))


def _picture(path: Path, number: int, row: Mapping[str, Any], name: str, listed: Listed) -> Picture | Rejection:
    member, word = _text(row, listed.picture, path, number), _text(row, listed.label, path, number)
    pure = PurePosixPath(member)
    if pure.is_absolute() or ".." in pure.parts or "\\" in member:
        raise CatalogError(f"{path}, line {number + 1}: {member!r:.100} leaves the folder of the list")
    if word not in listed.labels:
        raise CatalogError(
            f"{path}, line {number + 1}: {listed.label} {word!r:.60}, expected one of {', '.join(listed.labels)}"
        )
    picture, where = path.parent / member, f"{listed.file}:{number}"
    body = picture.read_bytes() if picture.is_file() else b""
    if not body:
        return Rejection(where, "no-picture", f"{member}: {'empty' if picture.is_file() else 'not there'}", dict(row))
    try:
        png = as_png(checked_png(body, str(picture)), str(picture))
    except CatalogError as error:
        return Rejection(where, "not-a-picture", str(error), dict(row))
    return Picture(
        content_id("cutout", name, hashlib.sha256(body).hexdigest()), content_id("source", name, listed.file, member),
        pure.stem, member, "test", listed.labels[word], word,
        *place_in(re.fullmatch(listed.position, pure.stem)), png,
    )  # fmt: skip


def _text(row: Mapping[str, Any], key: str, path: Path, number: int) -> str:
    found = row.get(key)
    if not isinstance(found, str) or not found.strip():
        told = f"its keys are {', '.join(map(str, row)):.200}"
        raise CatalogError(f"{path}, line {number + 1}: {key}: found {found!r:.60}, expected text; {told}")
    return found


def published_words(raw: Path, listed: Listed) -> tuple[str, str] | None:
    """System turn and question as the release asks them; None where its code is not there.

    The file is parsed, never run. CatalogError where its words are not plain texts under the names that the door says.
    """
    asked = listed.asked
    path = raw / listed.folder / asked.file if asked else None
    if asked is None or path is None or not path.is_file():
        return None
    try:
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
        texts = {
            target.id: _plain(node.value, asked.values)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant | ast.JoinedStr)
        }
        (function,) = (one for one in tree.body if isinstance(one, ast.FunctionDef) and one.name == asked.system)
        (told,) = (one.value for one in ast.walk(function) if isinstance(one, ast.Return))
        return _plain(told, {**texts, **asked.values}).strip(), texts[asked.user].strip()
    except (OSError, SyntaxError, ValueError, KeyError, UnicodeDecodeError) as error:
        raise CatalogError(
            f"{path}: {asked.system} and {asked.user} are not plain texts ({error}); take [pictures.asked] out of the "
            "door, or ask in our words"
        ) from error


def _plain(node: ast.expr | None, values: Mapping[str, str]) -> str:
    """A text, or an f-string of texts and names that have one. ValueError for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return values[name]
        case ast.JoinedStr(values=parts):
            return "".join(_plain(one.value if isinstance(one, ast.FormattedValue) else one, values) for one in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _plain(left, values) + _plain(right, values)
        case _:
            raise ValueError(f"found {type(node).__name__}")
