"""Qwen2.5-VL: patches of 14 pixels, of which 2 x 2 are a token; what it shares with Qwen3-VL stands in `qwen_form`.

Its template is the one that its folders at the hub have. The generation mark stands around the answer and its
`<|im_end|>`, so that a model learns to stop.
"""

from collections.abc import Mapping
from typing import Any

from finetune.families import qwen_form
from finetune.families.family import LoraTower, library, linear

VISION = {
    "model_type": "qwen2_5_vl", "depth": 32, "hidden_size": 1280, "intermediate_size": 3420, "num_heads": 16,
    "patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2,
}  # fmt: skip
_TEXT = {
    "model_type": "qwen2_5_vl_text", "max_position_embeddings": 128000,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
}  # fmt: skip
PUBLISHED: dict[str, dict[str, Any]] = {
    "Qwen/Qwen2.5-VL-3B-Instruct": {
        "model_type": "qwen2_5_vl", "vision_config": {**VISION, "out_hidden_size": 2048}, "tie_word_embeddings": True,
        "text_config": {
            **_TEXT, "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008, "num_hidden_layers": 36,
            "num_attention_heads": 16, "num_key_value_heads": 2,
        },
    },
    "Qwen/Qwen2.5-VL-7B-Instruct": {
        "model_type": "qwen2_5_vl", "vision_config": {**VISION, "out_hidden_size": 3584}, "tie_word_embeddings": False,
        "text_config": {
            **_TEXT, "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
            "num_attention_heads": 28, "num_key_value_heads": 4,
        },
    },
}  # fmt: skip


def _tower_ends(config: Mapping[str, Any]) -> list[tuple[int, int]]:
    vision = config["vision_config"]
    hidden, inner = vision["hidden_size"], vision["intermediate_size"]
    block = [(hidden, 3 * hidden), (hidden, hidden), (hidden, inner), (hidden, inner), (inner, hidden)]
    return block * vision["depth"]


class Qwen25VL(qwen_form.QwenForm):
    """The family; see `family.Family`."""

    name = "qwen2_5_vl"
    title = "Qwen2.5-VL"
    texts = ("qwen2_5_vl_text", "qwen2_5_vl")
    model_class = "Qwen2_5_VLForConditionalGeneration"
    processor_class = "Qwen2_5_VLProcessor"
    template = "qwen2_5_vl"
    has_system = True
    groups: Mapping[str, str] = {
        "vision": r"visual\.(?!merger\.)",
        "projector": r"visual\.merger\.",
        "embed": r"model\.embed_tokens\.",
        "lm_head": r"lm_head\.",
        "llm": r"model\.(layers|norm)\.",
    }
    layers = r"model\.layers\.(\d+)\."
    lora_tower = LoraTower(r".*visual\.blocks\.\d+\.(attn\.(qkv|proj)|mlp\.(gate|up|down)_proj)", _tower_ends)
    published: Mapping[str, Mapping[str, Any]] = PUBLISHED

    def one_spelling(self, name: str) -> str:
        """Some files have the names of a loaded model."""
        if name.startswith("model.visual."):
            return name.removeprefix("model.")
        return name.replace("model.language_model.", "model.", 1) if name.startswith("model.language_model.") else name

    def name_in_file(self, name: str) -> str:
        """A file says `visual…` and `model.layers…`, a loaded model puts `model` or `language_model` in."""
        return self.one_spelling(name)

    def text(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Older files have the LLM's values beside those of the whole."""
        return config.get("text_config") or config

    def weights_beside(self, config: Mapping[str, Any]) -> dict[str, int]:
        """A vision tower without biases in its norms, and two linear layers over 2 x 2 patches."""
        vision = {**VISION, **config["vision_config"]}
        hidden, inner, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
        embedded = linear(3 * vision["temporal_patch_size"] * patch**2, hidden, has_bias=False)
        layer = linear(hidden, 3 * hidden) + linear(hidden, hidden)
        layer += 2 * linear(hidden, inner) + linear(inner, hidden) + 2 * hidden
        merged = hidden * vision["spatial_merge_size"] ** 2
        projector = hidden + linear(merged, merged) + linear(merged, vision["out_hidden_size"])
        return {"vision": embedded + vision["depth"] * layer, "projector": projector}

    def small_config(self, config: Any) -> None:
        """Two layers of 64, the second of which looks at all of a picture; positions share 32 numbers of a head."""
        thin = {
            "depth": 2, "num_heads": 2, "hidden_size": 64, "intermediate_size": 64, "out_hidden_size": 64,
            "fullatt_block_indexes": [1],
        }  # fmt: skip
        for name, value in thin.items():
            setattr(config.vision_config, name, value)
        config.text_config.rope_parameters = {**config.text_config.rope_parameters, "mrope_section": [4, 6, 6]}

    def modules(self, config: Any) -> Mapping[str, tuple[str, ...]]:
        """The merger; the vision tower is no module of its own beside it."""
        return {"projector": ("visual.merger",)}

    def tiny_model(self, tokenizer: Any) -> tuple[Any, Any]:
        """About 190,000 weights; 4 to 16 tokens a picture."""
        patch = {"patch_size": VISION["patch_size"]}
        kinds = library(self.processor_class), library("Qwen2VLVideoProcessor")
        rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]}
        vision, text = {**patch, "fullatt_block_indexes": [1]}, {"rope_parameters": rope}
        config = qwen_form.tiny_config(library("Qwen2_5_VLConfig"), tokenizer, vision, text)
        return config, qwen_form.tiny_processor(*kinds, tokenizer, patch)


QWEN2_5_VL = Qwen25VL()
