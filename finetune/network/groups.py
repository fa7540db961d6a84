"""The one group that every tensor of a LLaVA-OneVision belongs to, by its name in a file or in memory.

The two spell names differently: a file says `language_model.model.layers…`, a loaded model
`model.language_model.layers…` and `lm_head.…`, and peft puts its own words in between.
"""

import re

from schemas.errors import CheckpointError

GROUPS = {  # names as they stand in the files
    "vision": r"vision_tower\.",
    "projector": r"multi_modal_projector\.",
    "newline": r"image_newline$",
    "embed": r"language_model\.model\.embed_tokens\.",
    "lm_head": r"language_model\.lm_head\.",
    "llm": r"language_model\.model\.(layers|norm)\.",
}
LORA = "lora"
LANGUAGE = ("llm", "embed", "lm_head")  # what a recipe means by its llm
LORA_TARGETS = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
"""The linear layers of the LLM. Bare names, `q_proj` and so on, hit the vision tower too."""
_PEFT = re.compile(r"base_model\.model\.|modules_to_save\.\w+\.|base_layer\.")
_LAYER = re.compile(r"language_model\.model\.layers\.(\d+)\.")


def one_spelling(name: str) -> str:
    """A tensor's name in a file, without the part that some versions put into the vision tower's and others do not."""
    return name.replace("vision_tower.vision_model.", "vision_tower.", 1)


def group_of(name: str) -> str:
    """The group of a tensor in a file. CheckpointError when none or several fit: nothing is left out in silence."""
    found = [group for group, pattern in GROUPS.items() if re.match(pattern, name)]
    if len(found) != 1:
        raise CheckpointError(
            f"tensor {name!r} is in {' and '.join(found) or 'no group'}; expected exactly one of {', '.join(GROUPS)}"
        )
    return found[0]


def name_in_file(name: str) -> str:
    """How the tensor of a loaded model is called in a file."""
    plain = one_spelling(_PEFT.sub("", name))
    if plain.startswith("lm_head."):
        return f"language_model.{plain}"
    plain = plain.removeprefix("model.")
    inner = plain.removeprefix("language_model.")
    return plain if inner == plain else f"language_model.model.{inner}"


def group_of_weight(name: str) -> str:
    """The group of a parameter of a loaded model; low-rank weights are a group of their own."""
    return LORA if ".lora_" in name else group_of(name_in_file(name))


def is_copy(name: str) -> bool:
    """Whether a parameter is the frozen original that peft keeps beside a module it trains."""
    return ".original_module." in name


def layer_of(name: str) -> int | None:
    """The number of the LLM's layer that a tensor of a file belongs to."""
    found = _LAYER.match(name)
    return int(found[1]) if found else None
