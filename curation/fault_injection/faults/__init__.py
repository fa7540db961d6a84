"""Kinds of planted faults. A door: one file each, found by its name, with one function `plant`.

`plant(scene, draw)` gives false statements about a picture: facts, which any style puts into words, or true turns with
a fault written into their answer, together with the false fact that they now tell. What is not false by the annotations
is left out afterwards (`curation.realisation.facts.holds`), so a file may offer what may turn out true.
"""

import importlib.util
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from curation.fault_injection.scenes import Scene
from curation.realisation.draw import Draw
from curation.realisation.facts import Fact
from schemas.errors import RecipeError

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Edited:
    """A true turn whose answer now tells a false fact."""

    question: str
    answer: str
    fact: Fact


Plant = Callable[[Scene, Draw], Iterator[Fact | Edited]]


@cache
def faults(folder: Path = HERE) -> dict[str, Plant]:
    """Every kind of fault, by the name of its file with dashes. Raises RecipeError for a file without `plant`."""
    found: dict[str, Plant] = {}
    for file in sorted(folder.glob("[!_]*.py")):
        spec = importlib.util.spec_from_file_location(f"{__name__}.{file.stem}", file)
        if spec is None or spec.loader is None:
            raise RecipeError(f"{file}: cannot be read as a kind of fault")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if not callable(getattr(module, "plant", None)):
            raise RecipeError(f"{file}: a kind of fault has a function plant(scene, draw)")
        found[file.stem.replace("_", "-")] = module.plant
    return found
