"""The merges that a recipe asks for after its run: a verified model for each share, made once.

They lie beside the run's model, merges/llm-0.30 and so on, and are found again: a run that was killed between two of
them goes on with the next, and one that was done is kept unless its model or its base is another by now.
"""

import json
from pathlib import Path
from typing import Any

from finetune.export.merge import MERGED, Shares, described, merge
from finetune.export.publish import SUMS, sums_of
from finetune.recipe import Recipe

FOLDER = "merges"


def name_of(share: float) -> str:
    """The folder of a share: llm-0.30, with more digits where it has more."""
    return f"llm-{share:.2f}" if round(share, 2) == share else f"llm-{share:g}"


def shares_of_recipe(recipe: Recipe, share: float) -> Shares:
    """The same share of every group that the recipe trains, and of the frozen ones that do not differ anyway.

    The vision tower is mixed where it was trained: an LLM that learned with one tower is not put before another.
    """
    return Shares(share, share, share, share, share, share if recipe.changes_vision else 0.0)


def merged_shares(recipe: Recipe, base: Path, out: Path) -> list[dict[str, Any]]:
    """Make what is missing of the recipe's merges of `out`/model with its base; gives a line for each, for run.json."""
    told = []
    for share in recipe.merges:
        folder = out / FOLDER / name_of(share)
        tuned = [(out / "model", shares_of_recipe(recipe, share))]
        if not is_done(folder, described(base, tuned)):
            merge(base, tuned, folder)
        told.append({"share": share, "folder": f"{FOLDER}/{folder.name}"})
    return told


def is_done(folder: Path, said: dict[str, Any]) -> bool:
    """Whether a merge stands there whole, made of these very weights in these shares."""
    try:
        there = json.loads((folder / MERGED).read_text(encoding="utf-8"))
        return there == said and (folder / SUMS).read_text(encoding="utf-8") == sums_of(folder)
    except (OSError, ValueError):
        return False
