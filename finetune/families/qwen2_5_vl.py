"""Qwen2.5-VL: a picture as it is, in patches of 14 pixels of which 2 x 2 are a token, placed by row and column.

Its template is the one that its folders at the hub have. The generation mark stands around the answer and its
`<|im_end|>`, so that a model learns to stop. Positions are of time, height and width: a picture's tokens share a time,
and what comes after it goes on behind its longer side, so counting tokens would put everything elsewhere, in silence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from finetune.families.family import Integers, library, linear

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
LEAST_PX2, MOST_PX2 = 28 * 28 * 4, 28 * 28 * 16  # of the tiny model: 4 to 16 tokens a picture


class Qwen25VL:
    """The family; see `family.Family`."""

    name = "qwen2_5_vl"
    title = "Qwen2.5-VL"
    texts = ("qwen2_5_vl_text", "qwen2_5_vl")
    model_class = "Qwen2_5_VLForConditionalGeneration"
    processor_class = "Qwen2_5_VLProcessor"
    template = "qwen2_5_vl"
    has_system = True
    placeholder = "<|image_pad|>"
    picture_in_template = "<|vision_start|><|image_pad|><|vision_end|>"
    picture_in_row = "<|vision_start|><|image_pad|><|vision_end|>"
    groups: Mapping[str, str] = {
        "vision": r"visual\.(?!merger\.)",
        "projector": r"visual\.merger\.",
        "embed": r"model\.embed_tokens\.",
        "lm_head": r"lm_head\.",
        "llm": r"model\.(layers|norm)\.",
    }
    layers = r"model\.layers\.(\d+)\."
    lora_targets = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
    modules: Mapping[str, str] = {"projector": "visual.merger"}
    published: Mapping[str, Mapping[str, Any]] = PUBLISHED
    tiny_tokens: Mapping[str, str] = {
        "image_token": "<|image_pad|>", "video_token": "<|video_pad|>", "vision_start_token": "<|vision_start|>",
        "vision_end_token": "<|vision_end|>",
    }  # fmt: skip

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

    def n_picture_tokens(self, processor: Any, sizes_px: Sequence[tuple[int, int]]) -> list[int]:
        """One for each 2 x 2 patches of the picture as the processor resizes it."""
        return [down * across for down, across in self._grids(processor, sizes_px)]

    def pictures(self, processor: Any, images: Sequence[Any]) -> dict[str, Any]:
        """pixel_values [n_patches, 3 x 2 x 14 x 14] of all pictures, and image_grid_thw [n_pictures, 3]."""
        given = processor.image_processor(images=list(images), return_tensors="pt")
        return {name: given[name] for name in ("pixel_values", "image_grid_thw")}

    def positions(self, processor: Any, ids: Integers, sizes_px: Sequence[tuple[int, int]]) -> Integers:
        """[3, n]: of words the same thrice; of a picture one time, and its rows and columns from there on."""
        import numpy as np

        places = np.empty((3, len(ids)), np.int64)
        at = next_place = 0
        starts = _starts(ids == processor.image_token_id)
        for start, (down, across) in zip(starts, self._grids(processor, sizes_px), strict=True):
            places[:, at:start] = np.arange(start - at) + next_place
            next_place += start - at
            rows, columns = np.divmod(np.arange(down * across), across)
            at = start + down * across
            places[:, start:at] = next_place + np.stack([np.zeros_like(rows), rows, columns])
            next_place += max(down, across)
        places[:, at:] = np.arange(len(ids) - at) + next_place
        return places

    def n_features(self, model: Any, given: Mapping[str, Any]) -> int:
        """Of all pictures, one after another. The tower reads the grid's numbers, so it goes onto the CPU as it is."""
        import torch

        model.model.visual.to_empty(device="cpu")
        with torch.device("cpu"), torch.no_grad():
            features = model.get_image_features(given["pixel_values"], given["image_grid_thw"]).pooler_output
        return sum(len(one) for one in features)

    def zero_picture(self, model: Any) -> dict[str, Any]:
        """2 x 2 patches."""
        import torch

        vision = model.config.vision_config
        side = vision.spatial_merge_size
        n_numbers = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2
        return {
            "pixel_values": torch.zeros(side**2, n_numbers),
            "image_grid_thw": torch.tensor([[1, side, side]]),
        }

    def tiny_model(self, tokenizer: Any) -> tuple[Any, Any]:
        """About 190,000 weights; 4 to 16 tokens a picture."""
        size = {"shortest_edge": LEAST_PX2, "longest_edge": MOST_PX2}
        processor = library(self.processor_class)(
            image_processor=library("Qwen2VLImageProcessorPil")(size=size),
            tokenizer=tokenizer,
            video_processor=library("Qwen2VLVideoProcessor")(),
        )
        stop, pad, picture, video, opens, closes = tokenizer.convert_tokens_to_ids(
            ["<|im_end|>", "<|endoftext|>", *self.tiny_tokens.values()]
        )
        config = library("Qwen2_5_VLConfig")(
            vision_config={
                "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64,
                "patch_size": 14, "fullatt_block_indexes": [1],
            },
            text_config={
                "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
                "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 32768,
                "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 6, 6]},
                "eos_token_id": stop, "pad_token_id": pad, "bos_token_id": None,
            },
            image_token_id=picture, video_token_id=video, vision_start_token_id=opens, vision_end_token_id=closes,
            tie_word_embeddings=False,
        )  # fmt: skip
        return config, processor

    def _grids(self, processor: Any, sizes_px: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """Rows and columns of tokens of each picture. ValueError for one that is too long for its width."""
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

        seeing = processor.image_processor
        side = seeing.patch_size * seeing.merge_size
        limits = {"min_pixels": seeing.size["shortest_edge"], "max_pixels": seeing.size["longest_edge"]}
        return [
            (down // side, across // side)
            for down, across in (smart_resize(*size, factor=side, **limits) for size in sizes_px)
        ]


QWEN2_5_VL = Qwen25VL()


def _starts(is_picture: Any) -> list[int]:
    """Where each picture's tokens begin."""
    import numpy as np

    return np.flatnonzero(is_picture & ~np.concatenate([[False], is_picture[:-1]])).tolist()
