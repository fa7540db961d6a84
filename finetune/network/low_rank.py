"""Beside which linear layers low-rank weights stand, by names in memory, and how many they are by a config."""

from collections.abc import Mapping
from typing import Any

from finetune.families.family import Family, LoraTower
from finetune.families.known import FAMILIES
from finetune.recipe import Lora
from schemas.errors import RecipeError


def targets(lora: Lora, family: Family) -> str:
    """A pattern of the layers that a recipe means. RecipeError for a tower that is not known."""
    llm = family.lora_targets
    if not lora.is_everywhere:
        llm = rf"(?=.*\.(?:{'|'.join(lora.on)})_proj$){llm}"
    return rf"{llm}|{_tower(family).targets}" if lora.vision else llm


def n_of_tower(lora: Lora, family: Family, config: Mapping[str, Any]) -> int:
    """Low-rank weights beside the vision tower."""
    return lora.r * sum(n_in + n_out for n_in, n_out in _tower(family).ends(config)) if lora.vision else 0


def _tower(family: Family) -> LoraTower:
    if family.lora_tower is None:
        known = ", ".join(name for name, one in FAMILIES.items() if one.lora_tower)
        raise RecipeError(f"lora.vision: the tower of {family.title} is not known here; expected one of {known}")
    return family.lora_tower
