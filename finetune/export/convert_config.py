"""The config of a LLaVA-OneVision, LLaVA-NeXT's and Hugging Face's, and a processor where there is none.

Translated: the Qwen2's sizes and constants, tied embeddings, dtype, crops (`image_grid_pinpoints`), the way a picture
is cut (`anyres_max_9`), the picture's token. LLaVA-NeXT builds its SigLIP by name and says nothing of its sizes, so the
Hugging Face config is kept whole under `hugging_face` in what we write, and is taken back when nothing was changed;
without it the tower is the published one. Not translated: what only a training run of LLaVA-NeXT reads (rates, tunable
parts, video options). The number of embeddings stays as it is: the tokens `<image>` and `<video>` have rows among the
unused ones of Qwen2's, so nothing is resized.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finetune.families.family import library
from finetune.families.llava_onevision import LLAVA_ONEVISION, SIGLIP
from schemas.errors import RecipeError

KEPT = "hugging_face"
TOWER = "google/siglip-so400m-patch14-384"
TEXT = (
    "attention_dropout", "bos_token_id", "eos_token_id", "hidden_act", "hidden_size", "initializer_range",
    "intermediate_size", "max_position_embeddings", "max_window_layers", "num_attention_heads", "num_hidden_layers",
    "num_key_value_heads", "pad_token_id", "rms_norm_eps", "sliding_window", "use_cache", "use_sliding_window",
    "vocab_size",
)  # fmt: skip
OF_NEXT = {  # what its code asks for, and every published LLaVA-OneVision says
    "architectures": ["LlavaQwenForCausalLM"], "model_type": "llava_qwen", "mm_patch_merge_type": "spatial_unpad",
    "mm_projector_type": "mlp2x_gelu", "mm_resampler_type": None, "mm_newline_position": "one_token",
    "mm_spatial_pool_mode": "bilinear", "mm_use_im_patch_token": False, "mm_use_im_start_end": False,
    "mm_vision_select_feature": "patch", "mm_vision_select_layer": -2, "use_mm_proj": True,
    "tokenizer_padding_side": "right",
}  # fmt: skip
MEAN = STD = [0.5, 0.5, 0.5]  # SigLIP's pixels lie between -1 and 1
BICUBIC = 3


def is_tied(said: Mapping[str, Any]) -> bool:
    """Whether embeddings and head are one tensor, in a config of either form."""
    return bool(said.get("tie_word_embeddings") or said.get("text_config", {}).get("tie_word_embeddings"))


def to_llava_next(said: Mapping[str, Any], tower: str) -> dict[str, Any]:
    """LLaVA-NeXT's config. RecipeError where its code has no such model; `tower`: how the vision tower was spelled."""
    return {**_flat(said), KEPT: {"config": dict(said), "vision_tower": tower}}


def to_hugging_face(said: Mapping[str, Any]) -> dict[str, Any]:
    """Hugging Face's config. RecipeError names what it cannot be made of."""
    kept = said.get(KEPT, {}).get("config")
    if kept and _flat(kept) == {key: value for key, value in said.items() if key != KEPT}:
        return dict(kept)
    missing = [
        key for key in ("hidden_size", "num_hidden_layers", "vocab_size", "image_grid_pinpoints") if key not in said
    ]
    if missing:
        raise RecipeError(f"config.json: lacks {', '.join(missing)}")
    vision = _vision(said, kept)
    text = {key: said[key] for key in TEXT if key in said}
    return {
        "architectures": ["LlavaOnevisionForConditionalGeneration"],
        "model_type": "llava_onevision",
        "dtype": said.get("torch_dtype", "float32"),
        "image_grid_pinpoints": _heights_first(_pinpoints(said["image_grid_pinpoints"], vision["image_size"])),
        "image_token_index": said.get("image_token_index", 151646),
        "video_token_index": (kept or {}).get("video_token_index", 151647),
        "multimodal_projector_bias": True,
        "projector_hidden_act": "gelu",
        "text_config": {"model_type": "qwen2", **text, **_rope(said), "tie_word_embeddings": is_tied(said)},
        "tie_word_embeddings": is_tied(said),
        "vision_aspect_ratio": said.get("image_aspect_ratio", "anyres_max_9"),
        "vision_config": vision,
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "full",
    }


def made_processor(folder: Path, config: Mapping[str, Any]) -> Any:
    """A processor of the folder's tokenizer, with SigLIP's pixels, our template and the picture's tokens."""
    from tokenizers import AddedToken

    from finetune.network.hf import AutoTokenizer
    from finetune.network.template import template

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder))
    except (OSError, ValueError) as error:
        raise RecipeError(f"{folder}: no tokenizer can be read: {error}") from error
    added = [AddedToken(word, special=True, normalized=False) for word in ("<image>", "<video>")]
    tokenizer.add_tokens(added, special_tokens=True)
    side, patch = config["vision_config"]["image_size"], config["vision_config"]["patch_size"]
    pixels = {"size": {"height": side, "width": side}, "image_mean": MEAN, "image_std": STD, "resample": BICUBIC}
    return library(LLAVA_ONEVISION.processor_class)(
        image_processor=library("LlavaOnevisionImageProcessorPil")(
            **pixels, image_grid_pinpoints=config["image_grid_pinpoints"]
        ),
        tokenizer=tokenizer,
        video_processor=library("LlavaOnevisionVideoProcessor")(**pixels),
        num_image_tokens=(side // patch) ** 2,
        vision_feature_select_strategy="full",
        chat_template=template(LLAVA_ONEVISION.template).for_export,
        vision_aspect_ratio=config["vision_aspect_ratio"],
    )


def _flat(said: Mapping[str, Any]) -> dict[str, Any]:
    """A Hugging Face config as LLaVA-NeXT has it: the Qwen2's values beside those of the pictures."""
    # Older files say only what is not the default.
    whole = library("LlavaOnevisionConfig").from_dict(dict(said)).to_dict()
    text, vision = whole["text_config"], whole["vision_config"]
    _check_expressible(whole, text)
    return {
        **OF_NEXT,
        **{key: text.get(key) for key in TEXT},
        "rope_theta": text["rope_parameters"]["rope_theta"],
        "rope_scaling": None,
        "tie_word_embeddings": is_tied(whole),
        "torch_dtype": said.get("dtype") or said.get("torch_dtype") or "float32",
        "image_aspect_ratio": whole["vision_aspect_ratio"],
        "image_grid_pinpoints": _heights_first(whole["image_grid_pinpoints"]),
        "image_crop_resolution": None,
        "image_split_resolution": None,
        "image_token_index": whole["image_token_index"],
        "mm_hidden_size": vision["hidden_size"],
        "mm_vision_tower": TOWER if _is_published(vision) else "siglip",
        "tokenizer_model_max_length": text["max_position_embeddings"],
    }


def _check_expressible(whole: Mapping[str, Any], text: Mapping[str, Any]) -> None:
    side = text["hidden_size"] // text["num_attention_heads"]
    wrong = [
        message
        for is_wrong, message in (
            (text["model_type"] != "qwen2", f"its LLM is {text['model_type']}, not qwen2"),
            (whole["vision_feature_layer"] != -1, "it takes another than the last layer of its vision tower"),
            (whole["vision_feature_select_strategy"] != "full", "it leaves out a token of each crop"),
            (whole["projector_hidden_act"] != "gelu", "its projector's activation is not gelu"),
            ((text.get("head_dim") or side) != side, "its heads are not hidden_size / num_attention_heads wide"),
            (text["rope_parameters"]["rope_type"] != "default", "its positions are scaled"),
        )
        if is_wrong
    ]
    if wrong:
        raise RecipeError("config.json: LLaVA-NeXT has no such model: " + "; ".join(wrong))


def _vision(said: Mapping[str, Any], kept: Mapping[str, Any] | None) -> dict[str, Any]:
    if kept:
        return dict(kept["vision_config"])
    if not str(said.get("mm_vision_tower", "")).endswith(TOWER.rpartition("/")[2]):
        raise RecipeError(
            f"config.json: mm_vision_tower is {said.get('mm_vision_tower')!r}; its sizes are known for {TOWER} only"
        )
    return dict(SIGLIP)


def _is_published(vision: Mapping[str, Any]) -> bool:
    return all(vision.get(key) == value for key, value in SIGLIP.items())


def _rope(said: Mapping[str, Any]) -> dict[str, Any]:
    if said.get("rope_scaling"):
        raise RecipeError(f"config.json: rope_scaling is {said['rope_scaling']!r}; expected none")
    return {"rope_theta": said.get("rope_theta", 1e6)}


def _pinpoints(said: Any, side: int) -> list[list[int]]:
    """Sizes of the crops' canvas, from a list or from `(1x1),...,(6x6)` in crops of `side` pixels."""
    if isinstance(said, list):
        return [list(map(int, pair)) for pair in said]
    found = [(int(one), int(other)) for one, other in re.findall(r"\((\d+)x(\d+)\)", str(said))]
    if not found:
        raise RecipeError(f"config.json: image_grid_pinpoints is {said!r}; expected a list of sizes or (1x1),...,(6x6)")
    if "..." not in str(said):
        return [[side * one, side * other] for one, other in found]
    (first, first_other), (last, last_other) = found[0], found[-1]
    return [
        [side * one, side * other]
        for one in range(first, last + 1)
        for other in range(first_other, last_other + 1)
    ]  # fmt: skip


def _heights_first(pairs: Sequence[Sequence[int]]) -> list[list[int]]:
    """LLaVA-NeXT says width and height, Hugging Face height and width; a grid that has both of each stays as it is."""
    listed = [list(pair) for pair in pairs]
    turned = [pair[::-1] for pair in listed]
    return listed if sorted(listed) == sorted(turned) else turned
