"""InternVL 2.5, 3 and 3.5 in Hugging Face's form, with a Qwen2 or Qwen3: a picture in square tiles, and once whole.

Its template is the one that its folders at the hub have, without a system turn. The generation mark stands around the
answer and its `<|im_end|>`, so that a model learns to stop. The processor puts `<img>` and `</img>` around a picture.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from finetune.families import llava_form
from finetune.families.family import Integers, counted, library, linear

INTERN_VIT = {
    "model_type": "internvl_vision", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
    "num_attention_heads": 16, "attention_bias": True, "image_size": [448, 448], "patch_size": [14, 14],
}  # fmt: skip
_WHOLE = {"model_type": "internvl", "vision_config": INTERN_VIT, "downsample_ratio": 0.5, "tie_word_embeddings": False}
_QWEN2 = {"model_type": "qwen2", "vocab_size": 151674, "max_position_embeddings": 32768, "rope_theta": 1e6}
PUBLISHED: dict[str, dict[str, Any]] = {
    "OpenGVLab/InternVL3-2B-hf": {
        **_WHOLE,
        "text_config": {
            **_QWEN2, "hidden_size": 1536, "intermediate_size": 8960, "num_hidden_layers": 28,
            "num_attention_heads": 12, "num_key_value_heads": 2,
        },
    },
    "OpenGVLab/InternVL3-8B-hf": {
        **_WHOLE,
        "text_config": {
            **_QWEN2, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
            "num_attention_heads": 28, "num_key_value_heads": 4,
        },
    },
}  # fmt: skip
TILE_PX, PATCH_PX, MOST_TILES = 56, 14, 4  # of the tiny model: 4 tokens a tile


class InternVL:
    """The family; see `family.Family`."""

    name = "internvl"
    title = "InternVL"
    texts = ("qwen2", "qwen3")
    model_class = "InternVLForConditionalGeneration"
    processor_class = "InternVLProcessor"
    template = "internvl"
    has_system = False
    placeholder = "<IMG_CONTEXT>"
    picture_in_template = "<IMG_CONTEXT>\n"
    picture_in_row = "<img><IMG_CONTEXT></img>\n"
    groups: Mapping[str, str] = {
        "vision": r"vision_tower\.",
        "projector": r"multi_modal_projector\.",
        **llava_form.TEXT,
    }
    layers = llava_form.LAYERS
    lora_targets = llava_form.LORA_TARGETS
    lora_tower = None
    published: Mapping[str, Mapping[str, Any]] = PUBLISHED
    tiny_tokens: Mapping[str, str] = {
        "start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
        "video_token": "<video>",
    }  # fmt: skip

    def one_spelling(self, name: str) -> str:
        """There is one."""
        return name

    def name_in_file(self, name: str) -> str:
        """As of all models in LLaVA's form."""
        return llava_form.name_in_file(name)

    def text(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The Qwen2 or Qwen3."""
        return config.get("text_config") or {}

    def weights_beside(self, config: Mapping[str, Any]) -> dict[str, int]:
        """An InternViT, and a norm and two linear layers over the features that are taken together."""
        vision, hidden = config["vision_config"], config["text_config"]["hidden_size"]
        seen = vision["hidden_size"] * int(1 / config.get("downsample_ratio", 0.5)) ** 2
        return {"vision": _intern_vit(vision), "projector": 2 * seen + linear(seen, hidden) + linear(hidden, hidden)}

    def modules(self, config: Any) -> Mapping[str, tuple[str, ...]]:
        """Projector and vision tower."""
        return llava_form.MODULES

    def small_config(self, config: Any) -> None:
        """Two layers of 64."""
        thin = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 64, "intermediate_size": 64}
        for name, value in thin.items():
            setattr(config.vision_config, name, value)

    def n_picture_tokens(self, processor: Any, sizes_px: Sequence[tuple[int, int]]) -> list[int]:
        """As many for each tile; of more than one tile, the whole picture is one more."""
        if not sizes_px:
            return []
        tiles = processor._get_num_multimodal_tokens(image_sizes=list(sizes_px))["num_image_patches"]
        return [processor.image_seq_length * n_tiles for n_tiles in tiles]

    def pictures(self, processor: Any, images: Sequence[Any]) -> dict[str, Any]:
        """pixel_values [n_tiles, 3, h, w]: the tiles of all pictures, one after another."""
        given = processor.image_processor(images=list(images), crop_to_patches=True, return_tensors="pt")
        return {"pixel_values": given["pixel_values"]}

    def positions(self, processor: Any, ids: Integers, sizes_px: Sequence[tuple[int, int]]) -> Integers:
        """One after another."""
        return counted(ids)

    def n_features(self, model: Any, given: Mapping[str, Any]) -> int:
        """Of all tiles together."""
        n_tiles, n_each, _ = model.get_image_features(given["pixel_values"].to("meta")).pooler_output.shape
        return n_tiles * n_each

    def zero_picture(self, model: Any) -> dict[str, Any]:
        """One tile."""
        import torch

        return {"pixel_values": torch.zeros(1, 3, *model.config.vision_config.image_size)}

    def tiny_model(self, tokenizer: Any) -> tuple[Any, Any]:
        """About 170,000 weights; tiles of 56 pixels."""
        size, n_each = {"height": TILE_PX, "width": TILE_PX}, (TILE_PX // PATCH_PX) ** 2 // 4
        pixels = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
        processor = library(self.processor_class)(
            image_processor=library("GotOcr2ImageProcessorPil")(size=size, max_patches=MOST_TILES, **pixels),
            tokenizer=tokenizer,
            video_processor=library("InternVLVideoProcessor")(size=size),
            image_seq_length=n_each,
        )
        stop, pad = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
        config = library("InternVLConfig")(
            vision_config={
                "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
                "attention_bias": True, "image_size": [TILE_PX, TILE_PX], "patch_size": [PATCH_PX, PATCH_PX],
            },
            text_config={
                "model_type": "qwen2", "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128,
                "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
                "max_position_embeddings": 32768, "tie_word_embeddings": False, "rope_theta": 10000.0,
                "eos_token_id": stop, "pad_token_id": pad, "bos_token_id": None,
            },
            image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
            image_seq_length=n_each,
            tie_word_embeddings=False,
        )  # fmt: skip
        return config, processor


INTERNVL = InternVL()


def _intern_vit(vision: Mapping[str, Any]) -> int:
    hidden, inner = vision["hidden_size"], vision["intermediate_size"]
    height, width = _pair(vision.get("image_size", 448))
    down, across = _pair(vision.get("patch_size", 14))
    n_places = (height // down) * (width // across) + 1  # one is of the whole tile
    embedded = linear(3 * down * across, hidden) + hidden * (1 + bool(vision.get("use_mask_token")))
    embedded += n_places * hidden if vision.get("use_absolute_position_embeddings", True) else 0
    attention = 3 * linear(hidden, hidden, has_bias=bool(vision.get("attention_bias"))) + linear(hidden, hidden)
    attention += 2 * hidden if vision.get("use_qk_norm") else 0
    norms = 2 * hidden * (1 if vision.get("norm_type") == "rms_norm" else 2)
    layer = attention + linear(hidden, inner) + linear(inner, hidden) + norms + 2 * hidden  # and a scale of each half
    last = 0 if vision.get("use_mean_pooling", True) else 2 * hidden
    return embedded + vision["num_hidden_layers"] * layer + last


def _pair(said: Any) -> tuple[int, int]:
    return (said, said) if isinstance(said, int) else (said[0], said[1])
