"""A picture as the Qwen-VL models take it: as it is, in patches of which 2 x 2 are a token, placed by row and column.

Positions are of time, height and width: a picture's tokens share a time, and what comes after it goes on behind its
longer side, so counting tokens would put everything elsewhere, in silence.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from finetune.families.family import Integers, library

PICTURE = "<|vision_start|><|image_pad|><|vision_end|>"
TINY_TOKENS = {
    "image_token": "<|image_pad|>", "video_token": "<|video_pad|>", "vision_start_token": "<|vision_start|>",
    "vision_end_token": "<|vision_end|>",
}  # fmt: skip
LEAST_TOKENS, MOST_TOKENS = 4, 16  # a picture of a tiny model


def grids(processor: Any, sizes_px: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Rows and columns of tokens of each picture. ValueError for one that is too long for its width."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

    seeing = processor.image_processor
    side = seeing.patch_size * seeing.merge_size
    limits = {"min_pixels": seeing.size["shortest_edge"], "max_pixels": seeing.size["longest_edge"]}
    return [
        (down // side, across // side)
        for down, across in (smart_resize(*size, factor=side, **limits) for size in sizes_px)
    ]


class QwenForm:
    """What Qwen2.5-VL and Qwen3-VL have in common as families; see `family.Family`."""

    placeholder = "<|image_pad|>"
    picture_in_template = PICTURE
    picture_in_row = PICTURE
    lora_targets = r".*language_model.*\.(q|k|v|o|gate|up|down)_proj"
    tiny_tokens: Mapping[str, str] = TINY_TOKENS

    def n_picture_tokens(self, processor: Any, sizes_px: Sequence[tuple[int, int]]) -> list[int]:
        """One for each 2 x 2 patches of the picture as the processor resizes it."""
        return [down * across for down, across in grids(processor, sizes_px)]

    def pictures(self, processor: Any, images: Sequence[Any]) -> dict[str, Any]:
        """pixel_values [n_patches, 3 x 2 x side x side] of all pictures, and image_grid_thw [n_pictures, 3]."""
        given = processor.image_processor(images=list(images), return_tensors="pt")
        return {name: given[name] for name in ("pixel_values", "image_grid_thw")}

    def positions(self, processor: Any, ids: Integers, sizes_px: Sequence[tuple[int, int]]) -> Integers:
        """[3, n]: of words the same thrice; of a picture one time, and its rows and columns from there on."""
        import numpy as np

        places = np.empty((3, len(ids)), np.int64)
        at = next_place = 0
        starts = _starts(ids == processor.image_token_id)
        for start, (down, across) in zip(starts, grids(processor, sizes_px), strict=True):
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
        return {"pixel_values": torch.zeros(side**2, n_numbers), "image_grid_thw": torch.tensor([[1, side, side]])}


def tiny_processor(kind: Any, video: Any, tokenizer: Any, seen: Mapping[str, Any]) -> Any:
    """The processor of a tiny model: of a class, with a processor of videos; `seen` is what that of pictures is told.

    Its `patch_size` decides how many pixels LEAST_TOKENS and MOST_TOKENS are.
    """
    token_px2 = (2 * seen["patch_size"]) ** 2
    size = {"shortest_edge": LEAST_TOKENS * token_px2, "longest_edge": MOST_TOKENS * token_px2}
    pixels = library("Qwen2VLImageProcessorPil")(size=size, **seen)
    return kind(image_processor=pixels, tokenizer=tokenizer, video_processor=video())


def tiny_config(kind: Any, tokenizer: Any, vision: Mapping[str, Any], text: Mapping[str, Any]) -> Any:
    """The config of a tiny model, of a class; `vision` and `text` say what is particular about it."""
    stop, pad, picture, video, opens, closes = tokenizer.convert_tokens_to_ids(
        ["<|im_end|>", "<|endoftext|>", *TINY_TOKENS.values()]
    )
    return kind(
        vision_config={
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": 64, **vision,
        },
        text_config={
            "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 1, "max_position_embeddings": 32768,
            "eos_token_id": stop, "pad_token_id": pad, "bos_token_id": None, **text,
        },
        image_token_id=picture, video_token_id=video, vision_start_token_id=opens, vision_end_token_id=closes,
        tie_word_embeddings=False,
    )  # fmt: skip


def _starts(is_picture: Any) -> list[int]:
    """Where each picture's tokens begin."""
    import numpy as np

    return np.flatnonzero(is_picture & ~np.concatenate([[False], is_picture[:-1]])).tolist()
