"""Beside which linear layers low-rank weights stand, by names in memory, and how many they are by a config."""

from collections.abc import Mapping
from typing import Any

from finetune.families.family import Family
from finetune.recipe import Lora
from schemas.errors import RecipeError

TOWERS = {"qwen2_5_vl": r".*visual\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.(gate|up|down)_proj)"}
"""By family: the linear layers of the vision tower's blocks."""


def targets(lora: Lora, family: Family) -> str:
    """A pattern of the layers that a recipe means. RecipeError for a tower that is not known."""
    llm = family.lora_targets
    if not lora.is_everywhere:
        llm = rf"(?=.*\.(?:{'|'.join(lora.on)})_proj$){llm}"
    return rf"{llm}|{_tower(family)}" if lora.vision else llm


def n_of_tower(lora: Lora, family: Family, config: Mapping[str, Any]) -> int:
    """Low-rank weights beside the vision tower."""
    if not lora.vision:
        return 0
    _tower(family)
    vision = config["vision_config"]
    hidden, inner = vision["hidden_size"], vision["intermediate_size"]
    ends = [(hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (hidden, inner), (inner, hidden)]
    return vision["depth"] * lora.r * sum(n_in + n_out for n_in, n_out in ends)


def _tower(family: Family) -> str:
    if family.name not in TOWERS:
        raise RecipeError(
            f"lora.vision: the tower of {family.title} is not known here; expected one of {', '.join(TOWERS)}"
        )
    return TOWERS[family.name]
