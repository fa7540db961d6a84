"""Qwen3-VL, the dense ones: patches of 16 pixels, of which 2 x 2 are a token, seen by several layers of the LLM.

What it shares with Qwen2.5-VL stands in `qwen_form`. Features of three layers of the vision tower are added to the
tokens of a picture after the first layers of the LLM, each through a merger of its own (deepstack): a picture stands
once in a row, so its features do. The template is the one that its folders at the hub have, without a system turn
where a conversation has none, and with the generation mark around the answer and its `<|im_end|>`.
"""

from collections.abc import Mapping
from typing import Any

from finetune.families import qwen_form
from finetune.families.family import library, linear

VISION = {
    "model_type": "qwen3_vl", "depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "num_heads": 16,
    "patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2, "num_position_embeddings": 2304,
    "deepstack_visual_indexes": [8, 16, 24],
}  # fmt: skip
_SMALLER = {
    **VISION, "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "deepstack_visual_indexes": [5, 11, 17],
}  # fmt: skip
_TEXT = {
    "model_type": "qwen3_vl_text", "vocab_size": 151936, "head_dim": 128, "num_key_value_heads": 8,
    "max_position_embeddings": 262144,
    "rope_parameters": {
        "rope_type": "default", "rope_theta": 5e6, "mrope_section": [24, 20, 20], "mrope_interleaved": True,
    },
}  # fmt: skip
PUBLISHED: dict[str, dict[str, Any]] = {
    "Qwen/Qwen3-VL-2B-Instruct": {
        "model_type": "qwen3_vl", "vision_config": {**_SMALLER, "out_hidden_size": 2048}, "tie_word_embeddings": True,
        "text_config": {
            **_TEXT, "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28,
            "num_attention_heads": 16,
        },
    },
    "Qwen/Qwen3-VL-4B-Instruct": {
        "model_type": "qwen3_vl", "vision_config": {**_SMALLER, "out_hidden_size": 2560}, "tie_word_embeddings": True,
        "text_config": {
            **_TEXT, "hidden_size": 2560, "intermediate_size": 9728, "num_hidden_layers": 36,
            "num_attention_heads": 32,
        },
    },
    "Qwen/Qwen3-VL-8B-Instruct": {
        "model_type": "qwen3_vl", "vision_config": {**VISION, "out_hidden_size": 4096}, "tie_word_embeddings": False,
        "text_config": {
            **_TEXT, "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36,
            "num_attention_heads": 32,
        },
    },
}  # fmt: skip


class Qwen3VL(qwen_form.QwenForm):
    """The family; see `family.Family`."""

    name = "qwen3_vl"
    title = "Qwen3-VL"
    texts = ("qwen3_vl_text",)
    model_class = "Qwen3VLForConditionalGeneration"
    processor_class = "Qwen3VLProcessor"
    template = "qwen3_vl"
    has_system = False
    groups: Mapping[str, str] = {
        "vision": r"model\.visual\.(?!merger\.|deepstack_merger_list\.)",
        "projector": r"model\.visual\.(merger|deepstack_merger_list)\.",
        "embed": r"model\.language_model\.embed_tokens\.",
        "lm_head": r"lm_head\.",
        "llm": r"model\.language_model\.(layers|norm)\.",
    }
    layers = r"model\.language_model\.layers\.(\d+)\."
    lora_tower = None
    published: Mapping[str, Mapping[str, Any]] = PUBLISHED

    def one_spelling(self, name: str) -> str:
        """There is one."""
        return name

    def name_in_file(self, name: str) -> str:
        """As in memory."""
        return name

    def text(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """Its own, with the norms of a Qwen3."""
        return config.get("text_config") or {}

    def weights_beside(self, config: Mapping[str, Any]) -> dict[str, int]:
        """A vision tower with places of its own, and a merger of its last layer and of each that goes deeper."""
        vision = {**VISION, **config["vision_config"]}
        hidden, inner, patch = vision["hidden_size"], vision["intermediate_size"], vision["patch_size"]
        embedded = linear(3 * vision["temporal_patch_size"] * patch**2, hidden)
        embedded += vision["num_position_embeddings"] * hidden
        layer = linear(hidden, 3 * hidden) + linear(hidden, hidden) + linear(hidden, inner) + linear(inner, hidden)
        layer += 4 * hidden
        merged = hidden * vision["spatial_merge_size"] ** 2
        merger = linear(merged, merged) + linear(merged, vision["out_hidden_size"])
        n_deeper = len(vision["deepstack_visual_indexes"])  # their norms are of 2 x 2 patches, the last one's is of one
        projector = 2 * hidden + merger + n_deeper * (2 * merged + merger)
        return {"vision": embedded + vision["depth"] * layer, "projector": projector}

    def small_config(self, config: Any) -> None:
        """Two layers of 64, the first seen by the LLM's first as well; positions share 32 numbers of a head."""
        thin = {
            "depth": 2, "num_heads": 2, "hidden_size": 64, "intermediate_size": 64, "out_hidden_size": 64,
            "deepstack_visual_indexes": [0],
        }  # fmt: skip
        for name, value in thin.items():
            setattr(config.vision_config, name, value)
        config.text_config.rope_parameters = {**config.text_config.rope_parameters, "mrope_section": [6, 5, 5]}

    def modules(self, config: Any) -> Mapping[str, tuple[str, ...]]:
        """The mergers one by one: peft keeps no list whole. The vision tower is no module of its own beside them."""
        n_deeper = len(config.vision_config.deepstack_visual_indexes)
        deeper = (f"visual.deepstack_merger_list.{number}" for number in range(n_deeper))
        return {"projector": ("visual.merger", *deeper)}

    def tiny_model(self, tokenizer: Any) -> tuple[Any, Any]:
        """About 310,000 weights; 4 to 16 tokens a picture, seen by two layers of the LLM.

        It has three: what is added after the last one, to tokens that predict nothing, would never be learned.
        """
        patch = {"patch_size": VISION["patch_size"]}
        kinds = library(self.processor_class), library("Qwen3VLVideoProcessor")
        rope = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [6, 5, 5], "mrope_interleaved": True}
        vision = {**patch, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}
        text = {"num_hidden_layers": 3, "head_dim": 32, "rope_parameters": rope}
        config = qwen_form.tiny_config(library("Qwen3VLConfig"), tokenizer, vision, text)
        seen = {**patch, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
        return config, qwen_form.tiny_processor(*kinds, tokenizer, seen)


QWEN3_VL = Qwen3VL()
