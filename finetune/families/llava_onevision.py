"""LLaVA-OneVision with a Qwen2, the paper's model: crops of one picture with a newline after every line of features.

Hugging Face's own template is not the one that it was trained with, and closes its generation mark before
`<|im_end|>`: trained with it, a model never learns to stop. Ours renders LLaVA-NeXT's text.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from finetune.families import llava_form
from finetune.families.family import Integers, counted, library, linear

HUB = "llava-hf/llava-onevision-qwen2-{}-ov-hf"
SIGLIP = {
    "model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 26,
    "num_attention_heads": 16, "image_size": 384, "patch_size": 14, "vision_use_head": False,
}  # fmt: skip
_QWEN2 = {"model_type": "qwen2", "vocab_size": 152000, "max_position_embeddings": 32768, "rope_theta": 1e6}
_WHOLE = {
    "model_type": "llava_onevision", "vision_config": SIGLIP, "vision_feature_layer": -1,
    "vision_feature_select_strategy": "full",
}  # fmt: skip
PUBLISHED: dict[str, dict[str, Any]] = {
    HUB.format("7b"): {
        **_WHOLE, "tie_word_embeddings": False,
        "text_config": {
            **_QWEN2, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
            "num_attention_heads": 28, "num_key_value_heads": 4,
        },
    },
    HUB.format("0.5b"): {
        **_WHOLE, "tie_word_embeddings": True,
        "text_config": {
            **_QWEN2, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
            "num_attention_heads": 14, "num_key_value_heads": 2,
        },
    },
}  # fmt: skip
CROP_PX, PATCH_PX, N_ASIDE = 56, 14, 2  # of the tiny model: 16 tokens a crop, up to 2 x 2 crops and the whole picture


class LlavaOnevision:
    """The family; see `family.Family`."""

    name = "llava_onevision"
    title = "LLaVA-OneVision"
    texts = ("qwen2",)
    model_class = "LlavaOnevisionForConditionalGeneration"
    processor_class = "LlavaOnevisionProcessor"
    template = "llava_next_qwen"
    has_system = True
    placeholder = "<image>"
    picture_in_template = "<image>\n"
    picture_in_row = "<image>\n"
    groups: Mapping[str, str] = {
        "vision": r"vision_tower\.",
        "projector": r"multi_modal_projector\.",
        "newline": r"image_newline$",
        **llava_form.TEXT,
    }
    layers = llava_form.LAYERS
    lora_targets = llava_form.LORA_TARGETS
    lora_tower = None
    published: Mapping[str, Mapping[str, Any]] = PUBLISHED
    tiny_tokens: Mapping[str, str] = {"image_token": "<image>", "video_token": "<video>"}

    def one_spelling(self, name: str) -> str:
        """Some versions put `vision_model` into the names of the vision tower, and others do not."""
        return name.replace("vision_tower.vision_model.", "vision_tower.", 1)

    def name_in_file(self, name: str) -> str:
        """As of all models in LLaVA's form."""
        return llava_form.name_in_file(self.one_spelling(name))

    def text(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The Qwen2."""
        return config.get("text_config") or {}

    def weights_beside(self, config: Mapping[str, Any]) -> dict[str, int]:
        """A SigLIP, two linear layers, and one vector that ends a line of features."""
        seen, hidden = config["vision_config"]["hidden_size"], config["text_config"]["hidden_size"]
        projector = linear(seen, hidden) + linear(hidden, hidden)
        return {"vision": _siglip(config["vision_config"]), "projector": projector, "newline": hidden}

    def modules(self, config: Any) -> Mapping[str, tuple[str, ...]]:
        """Projector and vision tower."""
        return llava_form.MODULES

    def small_config(self, config: Any) -> None:
        """Two layers of 64."""
        thin = {"num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 64, "intermediate_size": 64}
        for name, value in thin.items():
            setattr(config.vision_config, name, value)

    def n_picture_tokens(self, processor: Any, sizes_px: Sequence[tuple[int, int]]) -> list[int]:
        """By the processor's own formula; several pictures have no crops."""
        if len(sizes_px) > 1:
            counts = [processor.num_image_tokens + 1] * len(sizes_px)
        else:
            side = processor.image_processor.size
            counts = [processor._get_number_of_features(*size, side["height"], side["width"]) for size in sizes_px]
        return [count - (processor.vision_feature_select_strategy == "default") for count in counts]

    def pictures(self, processor: Any, images: Sequence[Any]) -> dict[str, Any]:
        """pixel_values [n_pictures, n_crops, 3, h, w], image_sizes [n_pictures, 2], and batch_num_images [1].

        Pictures of two records are [1, 1], with their crops; [2] are two of one record, without.
        """
        import torch

        # A list in a list: one record's pictures. Flat, they would be records of one picture each.
        given = processor.image_processor(images=[list(images)], return_tensors="pt")
        return {
            "pixel_values": given["pixel_values"],
            "image_sizes": torch.tensor([[image.height, image.width] for image in images]),
            "batch_num_images": torch.tensor([len(images)]),
        }

    def positions(self, processor: Any, ids: Integers, sizes_px: Sequence[tuple[int, int]]) -> Integers:
        """One after another."""
        return counted(ids)

    def n_features(self, model: Any, given: Mapping[str, Any]) -> int:
        """A list of pictures' features."""
        features = model.get_image_features(
            given["pixel_values"].to("meta"), given["image_sizes"], batch_num_images=given["batch_num_images"],
            vision_feature_layer=model.config.vision_feature_layer,
            vision_feature_select_strategy=model.config.vision_feature_select_strategy,
            vision_aspect_ratio=model.config.vision_aspect_ratio,
        ).pooler_output  # fmt: skip
        return sum(len(one) for one in features)

    def zero_picture(self, model: Any) -> dict[str, Any]:
        """One crop: as if it were one of two, for a picture alone has its parts beside it."""
        import torch

        side = model.config.vision_config.image_size
        return {
            "pixel_values": torch.zeros(1, 1, 3, side, side),
            "image_sizes": torch.tensor([[side, side]]),
            "batch_num_images": torch.tensor([2]),
        }

    def tiny_model(self, tokenizer: Any) -> tuple[Any, Any]:
        """About 160,000 weights; crops as the real one makes them, of 56 pixels."""
        size, aspect = {"height": CROP_PX, "width": CROP_PX}, f"anyres_max_{N_ASIDE**2}"
        pinpoints = [[CROP_PX * down, CROP_PX * across] for down in (1, N_ASIDE) for across in (1, N_ASIDE)]
        processor = library(self.processor_class)(
            image_processor=library("LlavaOnevisionImageProcessorPil")(size=size, image_grid_pinpoints=pinpoints),
            tokenizer=tokenizer,
            video_processor=library("LlavaOnevisionVideoProcessor")(size=size),
            num_image_tokens=(CROP_PX // PATCH_PX) ** 2,
            vision_feature_select_strategy="full",
            vision_aspect_ratio=aspect,
        )
        stop, pad = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
        config = library("LlavaOnevisionConfig")(
            vision_config={
                "model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 64,
                "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": CROP_PX, "patch_size": PATCH_PX,
                "vision_use_head": False,
            },
            text_config={
                "model_type": "qwen2", "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128,
                "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
                "max_position_embeddings": 32768, "tie_word_embeddings": False, "rope_theta": 10000.0,
                "eos_token_id": stop, "pad_token_id": pad, "bos_token_id": None,
            },
            image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
            video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
            image_grid_pinpoints=pinpoints,
            vision_feature_layer=-1,
            vision_feature_select_strategy="full",
            vision_aspect_ratio=aspect,
            tie_word_embeddings=False,
        )  # fmt: skip
        return config, processor


LLAVA_ONEVISION = LlavaOnevision()


def _siglip(vision: Mapping[str, Any]) -> int:
    hidden, inner = vision["hidden_size"], vision["intermediate_size"]
    patch, n_patches = vision["patch_size"], (vision["image_size"] // vision["patch_size"]) ** 2
    layer = 4 * linear(hidden, hidden) + linear(hidden, inner) + linear(inner, hidden) + 4 * hidden
    embedded = linear(3 * patch**2, hidden) + n_patches * hidden
    return embedded + vision["num_hidden_layers"] * layer + 2 * hidden
