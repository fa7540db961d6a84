"""What the command line prints of recipes, and how it reads shares."""

from collections.abc import Mapping, Sequence
from typing import Any

from finetune.network.shapes import Shape, expected, shape_of
from finetune.recipe import Recipe
from schemas.errors import RecipeError

LANGUAGE = ("llm", "embed", "lm_head")
GROUPS = ("llm", "projector", "newline", "embed", "lm_head", "vision")


def listed(found: Mapping[str, Recipe]) -> str:
    """All recipes, a line each, by family: the paper's first."""
    families = ("paper", "ours", "small", "smoke")
    ordered = sorted(found.items(), key=lambda item: (families.index(item[1].family), item[0]))
    head = ("recipe", "family", "data", "llm", "epochs", "lr", "batch", "layout", "title")
    rows = [head, *(_row(name, one) for name, one in ordered)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def told(recipe: Recipe) -> str:
    """All of a recipe as TOML, what is assumed in it, what it trains and what memory that takes."""
    lines = [f"title = {_toml(recipe.title)}", f"family = {_toml(recipe.family)}"]
    for name, value in recipe.model_dump().items():
        if name in ("title", "family", "assumptions") or value is None:
            continue
        lines.append(f"{name} = {_toml(value)}")
    lines += [f"# assumption: {one}" for one in recipe.assumptions]
    lines.append(f"# fingerprint: {recipe.fingerprint}")
    shape = shape_of(recipe)
    return "\n".join([*lines, *(_trained(recipe, shape) if shape else ["# the model is not here: no counts"])])


def shares_of(given: Mapping[str, Any], n_tuned: int, layers: tuple[tuple[int, int, float], ...]) -> list[Any]:
    """The shares of each tuned model, from the options of `merge`."""
    from finetune.export.merge import Shares

    if layers and n_tuned > 1:
        raise RecipeError("--layers goes with one tuned model")
    columns = {group: _numbers(given, group, n_tuned) for group in GROUPS}
    return [
        Shares(**{group: values[number] for group, values in columns.items()}, layers=layers)
        for number in range(n_tuned)
    ]


def _numbers(given: Mapping[str, Any], group: str, n_tuned: int) -> list[float]:
    said = given.get(group)
    if said is None:
        said = given.get("share") if group != "vision" else None
    option = f"--{group.replace('_', '-')}"
    try:
        numbers = [float(one) for one in said.split(",")] if said is not None else [0.0] * n_tuned
    except ValueError as error:
        raise RecipeError(f"{option} {said}: expected a share from 0 to 1") from error
    if len(numbers) != n_tuned:
        raise RecipeError(f"{option} {said}: {len(numbers)} shares for {n_tuned} tuned models")
    return numbers


def _row(name: str, one: Recipe) -> tuple[str, ...]:
    tags = "+".join(f"{source.tag}" + (f":{source.weight:g}" if source.weight else "") for source in one.data)
    llm = one.trainable.llm + (f" {one.lora.r}/{one.lora.alpha}" if one.lora else "")
    llm += "+vision" if one.changes_vision else ""
    return (
        name, one.family, tags, llm, str(one.run.epochs), f"{one.optim.lr:g}",
        f"{one.batch.per_device}x{one.batch.accumulate}x{one.batch.n_gpus}", one.turns.layout, one.title,
    )  # fmt: skip


def _trained(recipe: Recipe, shape: Shape) -> list[str]:
    counts = expected(recipe, shape)
    rows = [f"#   {group:<10}{count:>16,}" for group, count in counts.items() if count]
    return ["# trainable weights:", *rows, f"#   {'all':<10}{sum(counts.values()):>16,} of {shape.n_weights:,}"]


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(one)}" for key, one in value.items() if one is not None) + " }"
    if isinstance(value, Sequence):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return f"{value:g}" if isinstance(value, float) else str(value)
