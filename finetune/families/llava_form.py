"""Names of tensors as models in the form of Hugging Face's LLaVA have them, in files and in memory.

A file says `language_model.model.layers…`, a loaded model `model.language_model.layers…` and `lm_head.…`.
"""

TEXT = {
    "embed": r"language_model\.model\.embed_tokens\.",
    "lm_head": r"language_model\.lm_head\.",
    "llm": r"language_model\.model\.(layers|norm)\.",
}
LAYERS = r"language_model\.model\.layers\.(\d+)\."
LORA_TARGETS = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
MODULES = {"projector": ("multi_modal_projector",), "vision": ("vision_tower",)}


def name_in_file(name: str) -> str:
    """Of a name in memory."""
    if name.startswith("lm_head."):
        return f"language_model.{name}"
    plain = name.removeprefix("model.")
    inner = plain.removeprefix("language_model.")
    return plain if inner == plain else f"language_model.model.{inner}"
