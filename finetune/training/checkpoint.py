"""Checkpoints: whole or not counted, tied to the recipe, the data and the template that they were made with.

`complete.json` is written last, when every rank has written its part; a checkpoint without it never happened. It says
what it belongs to, and how far the run was.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from finetune.recipe import Recipe
from finetune.rows.sampler import Position
from schemas.errors import CheckpointError, RecipeError

COMPLETE = "complete.json"
FOLDER = re.compile(r"checkpoint-(\d+)$")


@dataclass(frozen=True)
class Identity:
    """What a run is: two runs of one identity give one model."""

    recipe: str
    data: str
    template: str
    order: str

    @classmethod
    def of(cls, recipe: Recipe, *, data: str, template: str, order: str) -> Self:
        """How the global batch is made up is left out: it depends on the number of GPUs, and changes no gradient."""
        rows = recipe.batch.global_batch
        alike = recipe.batch.model_copy(update={"per_device": 1, "accumulate": rows})
        return cls(recipe.model_copy(update={"batch": alike}).fingerprint, data, template, order)


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint."""

    folder: Path
    identity: Identity
    position: Position
    n_processes: int
    zero: int

    def check(self, identity: Identity, n_processes: int, zero: int, *, is_weights_only: bool = False) -> None:
        """Raise RecipeError when a run of this identity cannot go on from here, saying what differs and what helps."""
        mine, theirs = asdict(identity), asdict(self.identity)
        differ = [name for name in mine if mine[name] != theirs[name]]
        if differ:
            raise RecipeError(
                f"{self.folder}: was made with another {', '.join(differ)}; a run goes on with what it began with. "
                "Give the same recipe and data, or another --out"
            )
        if zero and n_processes != self.n_processes and not is_weights_only:
            raise RecipeError(
                f"{self.folder}: was written by {self.n_processes} processes, here are {n_processes}; ZeRO-{zero} "
                f"keeps a part of the optimiser in each. Use {self.n_processes}, or --weights-only: weights and place "
                "in the data are kept, and the optimiser begins anew"
            )


def mark_complete(folder: Path, identity: Identity, position: Position, *, n_processes: int, zero: int) -> None:
    """Write complete.json, with the size of every file: what a killed process or a full disk cut is noticed."""
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in sorted(folder.rglob("*")) if path.is_file()}
    said = {
        "identity": asdict(identity),
        "position": asdict(position),
        "n_processes": n_processes,
        "zero": zero,
        "sizes": {name: size for name, size in sizes.items() if name != COMPLETE},
    }
    aside = folder / f".{COMPLETE}"
    aside.write_text(json.dumps(said, indent=1), encoding="utf-8")
    aside.replace(folder / COMPLETE)


def last_complete(checkpoints: Path) -> Checkpoint | None:
    """The newest whole checkpoint; None where there is none."""
    found = (_read(folder) for folder in reversed(_folders(checkpoints)))
    return next((one for one in found if one), None)


def keep_newest(checkpoints: Path, n: int) -> None:
    """Remove all but the newest `n` whole checkpoints, and what was left half written before them."""
    whole = [folder for folder in _folders(checkpoints) if (folder / COMPLETE).is_file()]
    if len(whole) < n:
        return
    oldest = _step(whole[-n])
    for folder in _folders(checkpoints):
        if _step(folder) < oldest:
            (folder / COMPLETE).unlink(missing_ok=True)  # first: half removed is not whole
            shutil.rmtree(folder)


def _folders(checkpoints: Path) -> list[Path]:
    found = [path for path in checkpoints.iterdir() if FOLDER.match(path.name)] if checkpoints.is_dir() else []
    return sorted(found, key=_step)


def _step(folder: Path) -> int:
    found = FOLDER.match(folder.name)
    return int(found[1]) if found else -1


def _read(folder: Path) -> Checkpoint | None:
    try:
        said: Mapping[str, Any] = json.loads((folder / COMPLETE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{folder / COMPLETE}: cannot be read: {error}") from error
    cut = [name for name, size in said["sizes"].items() if not _has_size(folder / name, size)]
    if cut:
        raise CheckpointError(
            f"{folder}: {', '.join(cut[:3])} is not as it was written; remove the folder to go on from an earlier one"
        )
    return Checkpoint(
        folder, Identity(**said["identity"]), Position(**said["position"]), said["n_processes"], said["zero"]
    )


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
