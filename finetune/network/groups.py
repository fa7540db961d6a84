"""The one group that every tensor of a model belongs to, by its name in a file or in memory.

The two spell names differently, each family in its way, and peft puts its own words in between.
"""

import re

from finetune.families.family import Family
from schemas.errors import CheckpointError

LORA = "lora"
LANGUAGE = ("llm", "embed", "lm_head")  # what a recipe means by its llm
_PEFT = re.compile(r"base_model\.model\.|modules_to_save\.\w+\.|base_layer\.")


def group_of(name: str, family: Family) -> str:
    """The group of a tensor in a file. CheckpointError when none or several fit: nothing is left out in silence."""
    spelled = family.one_spelling(name)
    found = [group for group, pattern in family.groups.items() if re.match(pattern, spelled)]
    if len(found) != 1:
        raise CheckpointError(
            f"tensor {name!r} is in {' and '.join(found) or 'no group'} of {family.title}; expected exactly one of "
            f"{', '.join(family.groups)}"
        )
    return found[0]


def name_in_file(name: str, family: Family) -> str:
    """How the tensor of a loaded model is called in a file."""
    return family.name_in_file(_PEFT.sub("", name))


def group_of_weight(name: str, family: Family) -> str:
    """The group of a parameter of a loaded model; low-rank weights are a group of their own."""
    return LORA if ".lora_" in name else group_of(name_in_file(name, family), family)


def is_copy(name: str) -> bool:
    """Whether a parameter is the frozen original that peft keeps beside a module it trains."""
    return ".original_module." in name


def layer_of(name: str, family: Family) -> int | None:
    """The number of the LLM's layer that a tensor of a file belongs to."""
    found = re.match(family.layers, family.one_spelling(name))
    return int(found[1]) if found else None
