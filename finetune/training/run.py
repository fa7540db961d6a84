"""A run as it was asked for: what, on which data, where to. Its folder says so, and `resume` reads it there."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from finetune.checks.preflight import Context
from finetune.recipe import Recipe
from schemas.errors import RecipeError

RUN = "run.json"
FINISHED, STOPPED = "finished", "stopped by a signal"


@dataclass(frozen=True)
class Job:
    """A recipe and its places. Nothing but the recipe and the data changes a weight."""

    recipe: Recipe
    data: Any
    """A folder, or a folder or file for each tag."""
    out: Path
    image_root: Path | None = None
    allow_drop: int = 0
    is_checked: bool = False
    """Whether `check` has just held the data against its manifests."""
    is_weights_only: bool = False
    """Whether to go on with the weights alone, when the optimiser's state cannot be used."""
    stop_after: int | None = None
    """Stop as if a signal had come after this step."""

    @property
    def checkpoints(self) -> Path:
        """Where the checkpoints lie."""
        return self.out / "checkpoints"

    def context(self, n_processes: int, **extra: Any) -> Context:
        """What checks and training read the data through."""
        return Context(
            self.recipe,
            self.data,
            self.recipe.model.name,
            image_root=self.image_root,
            index_dir=self.out / "index",
            workers=self.recipe.run.workers,
            n_processes=n_processes,
            allow_drop=self.allow_drop,
            extra=extra,
        )

    def written(self) -> dict[str, Any]:
        """As run.json has it."""
        is_one = isinstance(self.data, Path)
        return {
            "recipe": self.recipe.model_dump(mode="json"),
            "data": str(self.data) if is_one else {tag: str(path) for tag, path in self.data.items()},
            "image_root": str(self.image_root) if self.image_root else None,
            "allow_drop": self.allow_drop,
        }

    @classmethod
    def of_folder(cls, out: Path) -> Self:
        """The job of a run's folder. RecipeError when there was no run."""
        path = out / RUN
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RecipeError(f"{path}: no run to go on with: {error}") from error
        data = said["data"]
        return cls(
            Recipe.model_validate(said["recipe"]),
            Path(data) if isinstance(data, str) else {tag: Path(one) for tag, one in data.items()},
            out,
            Path(said["image_root"]) if said["image_root"] else None,
            said["allow_drop"],
        )
