"""A folder of TOML files as one typed dictionary: the folders are the registry (`schemas/doors.py` says which)."""

import errno
import re
import stat
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from schemas.conversation import PLACEHOLDER, SPECIAL_TOKENS
from schemas.doors import door_files
from schemas.errors import RecipeError

Door = TypeVar("Door", bound=BaseModel)
One = TypeVar("One")
Stamp = tuple[Path, int, int]
CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)  # and what turns text round
EXPECTED_NAME = (
    "found a name that is no name of a folder, expected letters, digits, dots, dashes and underscores, beginning with "
    "a letter or a digit, at most 100"
)


MOST_BYTES = 10 * 2**20
MOST_CHARACTERS, MOST_OF_A_KEY = 50_000, 200  # of a text (the longest of ours is a prompt), and of a key of a table
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")  # of a file: it becomes a folder of the store


def read_toml(file: Path) -> dict[str, Any]:
    """What the file says. Raises as `tomllib` and the file system do, and OSError for what is no plain file."""
    found = file.stat()
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise OSError(errno.EINVAL, "a pipe, a socket or a device, expected a plain file", str(file))
    if found.st_size > MOST_BYTES:
        raise OSError(errno.EFBIG, f"{found.st_size} bytes, expected at most {MOST_BYTES}", str(file))
    return tomllib.loads(file.read_text(encoding="utf-8"))


def read_door(model: type[Door], file: Path, read: Callable[[Path], dict[str, Any]] = read_toml) -> Door:
    """One TOML file as a frozen model, named for its file; every error of the file at once. `read`: what it says."""
    try:
        if not NAME.fullmatch(file.stem):
            raise RecipeError(f"{str(file)!r:.300}: {EXPECTED_NAME}")
        text = read(file)
        if odd := list(_odd_texts(text)):
            raise RecipeError("\n".join(f"{file}: {line}" for line in odd))
        if open_keys := list(_open_keys(text)):
            raise RecipeError("\n".join(_open_key(file, key, found) for key, found in open_keys))
        return model.model_validate({**text, "name": file.stem})
    except OSError as error:
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.toml"))) or "none"
        what = "no such file" if isinstance(error, FileNotFoundError) else f"cannot be read: {error.strerror}"
        raise RecipeError(f"{file}: {what}; known in {file.parent.name}/: {known}") from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file}: not TOML: {error}") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{file}: not UTF-8: {error}") from error
    except RecursionError:
        raise RecipeError(f"{file}: nested too deep, expected a few levels") from None
    except ValidationError as error:
        raise RecipeError("\n".join(f"{file}: {line}" for line in validation_lines(model, error))) from error


def read_doors(model: type[Door], kind: str, ours: Path) -> Mapping[str, Door]:
    """Every file of a kind, by its name: those of `ours`, the package's folder, and of the folders beside it.

    All errors of all files at once. Read again only where a file's size or time changed.
    """
    return _read_files(model, door_files(kind, ours).values())


def read_folder(model: type[Door], folder: Path) -> Mapping[str, Door]:
    """Every file of one folder, by its name, whatever stands beside it."""
    return _read_files(model, sorted(folder.glob("*.toml")))


def check_written(folder: Path | None) -> None:
    """Raise RecipeError with every key of a folder of doors that somebody left to be written, all files together."""
    wrong = list[str]()
    for file in sorted(folder.glob("*/*.toml")) if folder else ():
        try:
            wrong += [_open_key(file, key, found) for key, found in _open_keys(read_toml(file))]
        except (OSError, ValueError):
            continue  # told of where it is read
    if wrong:
        raise RecipeError("\n".join(wrong))


def one_door(doors: Mapping[str, One], name: str, what: str) -> One:
    """The door of that name; RecipeError, listing the known ones, for another name. `what`: "label scheme"."""
    if name not in doors:
        raise RecipeError(f"no {what} {name!r:.200}; known: {', '.join(doors)}")
    return doors[name]


def _read_files(model: type[Door], files: Iterable[Path]) -> Mapping[str, Door]:
    return _read_all(model, stamps(files))  # type: ignore[return-value]  # what lru_cache forgets of the type


def stamps(files: Iterable[Path]) -> tuple[Stamp, ...]:
    """Each file with its size and time: while they are the same, it says the same."""
    return tuple((file, found.st_size, found.st_mtime_ns) for file in files for found in (file.stat(),))


@lru_cache(maxsize=64)
def _read_all(model: type[BaseModel], stamps: tuple[Stamp, ...]) -> Mapping[str, BaseModel]:
    found, wrong = dict[str, BaseModel](), list[str]()
    for file, _, _ in stamps:
        try:
            found[file.stem] = read_door(model, file)
        except RecipeError as error:
            wrong.append(str(error))
    if wrong:
        raise RecipeError("\n".join(wrong))
    return MappingProxyType(found)


def _odd_texts(value: Any, key: str = "") -> Iterator[str]:
    """What is wrong with keys and texts that could break a line, a page, a path or a chat template."""
    if isinstance(value, dict):
        for name, one in value.items():
            at = f"{key}.{name:.60}" if key else f"{name:.60}"
            if len(name) > MOST_OF_A_KEY or CONTROL.search(name) or "\n" in name:
                yield f"{at!r}: a key of {len(name)} characters, expected at most {MOST_OF_A_KEY}, on one line"
            else:
                yield from _odd_texts(one, at)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _odd_texts(one, f"{key}[{number}]")
    elif isinstance(value, str):
        if len(value) > MOST_CHARACTERS:
            yield f"{key}: a text of {len(value):,} characters, expected at most {MOST_CHARACTERS:,}"
        if found := CONTROL.search(value):
            yield f"{key}: found the control character {found[0]!r}, expected text that can be printed"
        if tokens := [one for one in (PLACEHOLDER, *SPECIAL_TOKENS) if one.lower() in value.lower()]:
            yield f"{key}: found {', '.join(tokens)}, which a chat template takes for its own; write it in another way"


def _open_keys(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Keys whose value somebody left to be written, `"TODO: deg or hourangle"`, with that value."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _open_keys(one, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from _open_keys(one, f"{key}[{at}]")
    elif isinstance(value, str) and value.startswith("TODO"):
        yield key, value


def _open_key(file: Path, key: str, found: str) -> str:
    return f"{file}: {key}: found {found!r}, expected {found.removeprefix('TODO').lstrip(': ') or 'a value'}"


def validation_lines(model: type[BaseModel], error: ValidationError) -> list[str]:
    """What is wrong, one line each: the key, what was found, what was expected."""
    lines = list[str]()
    for one in error.errors():
        key, found = ".".join(map(str, one["loc"])), one.get("input")
        if one["type"] == "extra_forbidden":
            fields = _model_at(model, one["loc"]).model_fields
            known = ", ".join(name for name in fields if name != "name" or len(one["loc"]) > 1)
            lines.append(f"{key}: no such key; expected one of {known}")
        elif one["type"] == "missing" or isinstance(found, dict | list | tuple):
            lines.append(f"{key}: {one['msg']}" if key else one["msg"])
        else:
            lines.append(f"{key}: found {found!r:.60}; {one['msg']}")
    return lines


def _model_at(model: type[BaseModel], place: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that the last key of `place` was looked for in: a table of a table, or of a dictionary of them."""
    for key in place[:-1]:
        field = model.model_fields.get(str(key))
        model = next(_models_in(field.annotation), model) if field else model
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)
