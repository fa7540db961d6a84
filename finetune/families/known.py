"""The families that are known, and which of them a model is of."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from finetune.families.family import Family
from finetune.families.internvl import INTERNVL
from finetune.families.llava_onevision import LLAVA_ONEVISION
from finetune.families.qwen2_5_vl import QWEN2_5_VL
from finetune.families.qwen3_vl import QWEN3_VL
from schemas.errors import CheckpointError, RecipeError

FAMILIES: dict[str, Family] = {one.name: one for one in (LLAVA_ONEVISION, INTERNVL, QWEN2_5_VL, QWEN3_VL)}
CONFIG = "config.json"


def family_named(name: str) -> Family:
    """By `model_type`. RecipeError lists the names that exist."""
    if name not in FAMILIES:
        raise RecipeError(f"family {name!r} is not known; known: {', '.join(FAMILIES)}")
    return FAMILIES[name]


def family_of_config(config: Mapping[str, Any]) -> Family:
    """Of a config as config.json has it. RecipeError when it is of none that is known."""
    reason = unknown(config)
    if reason:
        raise RecipeError(f"the config {reason}")
    return FAMILIES[config["model_type"]]


def family_of_folder(folder: Path) -> Family:
    """Of a model's folder. CheckpointError when it holds none that is known."""
    try:
        return family_of_config(json.loads((folder / CONFIG).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecipeError) as error:
        raise CheckpointError(f"{folder / CONFIG}: {error}") from error


def family_of(model: Any) -> Family:
    """Of a loaded model, which peft may have wrapped."""
    return FAMILIES[model.config.model_type]


def family_of_processor(processor: Any) -> Family:
    """Of a processor. RecipeError when it is of none that is known."""
    kind = type(processor).__name__
    found = [one for one in FAMILIES.values() if one.processor_class == kind]
    if not found:
        raise RecipeError(f"its processor is a {kind}; known: {', '.join(one.processor_class for one in _all())}")
    return found[0]


def unknown(config: Any) -> str | None:
    """What keeps a config from being of a known family, after "the config"; None where nothing does."""
    said = config if isinstance(config, Mapping) else {}
    found = said.get("model_type")
    if not isinstance(found, str) or found not in FAMILIES:
        return f"is of a {found!r}; expected model_type {' or '.join(map(repr, FAMILIES))}"
    family = FAMILIES[found]
    text = family.text(said)
    kind = text.get("model_type", family.texts[0]) if isinstance(text, Mapping) else None
    if kind not in family.texts:
        return f"is of {family.title} with a {kind!r} as its LLM; expected {' or '.join(map(repr, family.texts))}"
    return None


def published() -> dict[str, Mapping[str, Any]]:
    """The configs of models at the hub that are known, by name."""
    return {name: config for one in _all() for name, config in one.published.items()}


def _all() -> tuple[Family, ...]:
    return tuple(FAMILIES.values())
