"""A folder of TOML files as one typed dictionary: the folder is the registry."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from schemas.errors import RecipeError

Door = TypeVar("Door", bound=BaseModel)


def read_toml(file: Path) -> dict[str, Any]:
    """What the file says. Raises as `tomllib` and the file system do."""
    return tomllib.loads(file.read_text(encoding="utf-8"))


def read_door(model: type[Door], file: Path, read: Callable[[Path], dict[str, Any]] = read_toml) -> Door:
    """One TOML file as a frozen model, named for its file; every error of the file at once. `read`: what it says."""
    try:
        text = read(file)
        return model.model_validate({**text, "name": file.stem})
    except FileNotFoundError:
        known = ", ".join(sorted(path.stem for path in file.parent.glob("*.toml"))) or "none"
        raise RecipeError(f"there is no {file.stem!r} in {file.parent.name}/; known: {known}") from None
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file}: not TOML: {error}") from error
    except ValidationError as error:
        lines = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise RecipeError(f"{file}: " + "; ".join(lines)) from error


def read_doors(model: type[Door], folder: Path) -> dict[str, Door]:
    """Every file of the folder, by the name of its file, in the order of names."""
    return {file.stem: read_door(model, file) for file in sorted(folder.glob("*.toml"))}
