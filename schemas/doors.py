"""Where door files are looked for: a folder of ours for each kind, then those of installed packages, then the user's.

A folder of doors holds one folder for each kind: `surveys/`, `catalogs/`, `label_schemes/`, `datasets/`, `benchmarks/`,
`questions/`, `prompts/`, `corpora/`, `evaluations/`, `picture_sets/`, `styles/`, `archives/`; and, for what free text
calls classes, `names.toml`. The user's is named by RADIO_DOORS, which the command lines set from `--doors`; an
installed package brings one by an entry point of the group `radio_corpus.doors`, whose value is the package that the
folders lie in.
"""

import os
from collections.abc import Sequence
from functools import cache
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

from schemas.errors import RecipeError

VARIABLE = "RADIO_DOORS"
GROUP = "radio_corpus.doors"
KINDS = (
    "surveys", "catalogs", "label_schemes", "datasets", "benchmarks", "questions", "prompts", "corpora", "evaluations",
    "picture_sets", "styles", "archives",
)  # fmt: skip
NAMES = "names.toml"


def use_doors(folder: Path | None) -> None:
    """Make `folder` the user's for this process and for those that it starts. Raises RecipeError where it is none."""
    if folder is None:
        return
    if not folder.is_dir():
        raise RecipeError(f"doors {folder}: no such folder; expected one with {', '.join(KINDS)} in it")
    strange = sorted(one.name for one in folder.iterdir() if one.is_dir() and one.name not in (*KINDS, "__pycache__"))
    strange = [one for one in strange if not one.startswith(".")]
    if strange:
        raise RecipeError(f"doors {folder}: found the folder {', '.join(strange)}, expected only {', '.join(KINDS)}")
    os.environ[VARIABLE] = str(folder.absolute())


def use_doors_beside(corpus_file: Path) -> None:
    """The folder `doors/` beside a corpus file is the user's, where none was named."""
    beside = corpus_file.parent / "doors"
    if not os.environ.get(VARIABLE) and beside.is_dir():
        use_doors(beside)


def user_doors() -> Path | None:
    """The user's folder of doors; None where none was named. Raises RecipeError where it is not there."""
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    if not Path(named).is_dir():
        raise RecipeError(f"{VARIABLE} {named}: no such folder; expected one with {', '.join(KINDS)} in it")
    return Path(named)


def door_roots() -> list[Path]:
    """The folders of doors beside our own: installed packages' by name, then the user's."""
    mine = user_doors()
    return [*_installed(), *([mine] if mine else [])]


def door_files(kind: str, ours: Path, suffixes: Sequence[str] = (".toml",)) -> dict[str, Path]:
    """The files of a kind by their stems, `ours` (the package's folder) first, each folder in the order of names.

    Raises RecipeError naming both files where a name stands twice.
    """
    found, twice = dict[str, Path](), list[str]()
    for folder in (ours, *(root / kind for root in door_roots())):
        for name in _plain_files(folder):
            stem, suffix = os.path.splitext(name)  # noqa: PTH122 -- a path for each of many files costs more than all
            if suffix not in suffixes or stem.startswith("_"):
                continue
            file = folder / name
            other = found.setdefault(stem, file)
            if other != file:
                twice.append(f"{file.stem!r} stands twice in {kind}: {other} and {file}; give one another name")
    if twice:
        raise RecipeError("\n".join(twice))
    return found


def _plain_files(folder: Path) -> list[str]:
    """Names, in their order; none where there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return sorted(one.name for one in entries if one.is_file())
    except (FileNotFoundError, NotADirectoryError):
        return []


@cache
def _installed() -> tuple[Path, ...]:
    """The folders of installed packages that bring doors; none of their code is run."""
    found = list[Path]()
    for one in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        spec = find_spec(one.value)
        places = list(spec.submodule_search_locations or ()) if spec else []
        if not places:
            raise RecipeError(f"entry point {one.name} of {GROUP}: no package {one.value!r}; reinstall what brought it")
        found += [Path(place) for place in places]
    return tuple(found)
