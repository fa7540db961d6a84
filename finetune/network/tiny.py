"""A LLaVA-OneVision of a few thousand weights, for trying everything on a CPU without a network.

Same classes, same file format, same chat template as the real one. It knows nothing: its weights are random.
"""

from pathlib import Path
from typing import Any

from finetune.network.template import template

VOCABULARY = 400
CROP_PX, PATCH_PX, N_ASIDE = 56, 14, 2  # 16 tokens a crop; up to 2 x 2 crops and the whole picture
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>")
# How Qwen2 cuts text before merging: part of its format, for the traps of newlines depend on it.
CUTS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
TEXT = (
    "The radio image shows a galaxy with two lobes and a bright compact core in its centre.",
    "Is an extended radio source present in the image? Answer Yes or No.\n\nYes\n\nNo",
    "Which class is the source? A: FR-I, B: FR-II, C: compact. Answer with a letter.",
    "system\nYou are a helpful assistant.\nuser\nDescribe the image.\nassistant\n",
    "The sky around it is diffuse emission; an imaging artefact runs across the border of the image.",
    "0123456789 flux rms beam arcsec survey island component jet hot spot bent tail relic halo ring",
)


def build_tiny(out: Path, *, seed: int = 0) -> Path:
    """Write the model, its tokenizer, processor and chat template to `out`, and give `out`.

    The same seed gives the same bytes of weights. About 160,000 parameters, under 1 MB.
    """
    import torch

    from finetune.network.hf import LlavaOnevisionForConditionalGeneration

    tokenizer = _tokenizer()
    processor = _processor(tokenizer)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = LlavaOnevisionForConditionalGeneration(_config(tokenizer))
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.generation_config.do_sample = False
    model.save_pretrained(out)
    processor.save_pretrained(out)
    return out


def _tokenizer() -> Any:
    """Byte-level BPE, trained on TEXT: the same words always give the same merges."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    from finetune.network.hf import PreTrainedTokenizerFast

    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(CUTS), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    bpe.decoder = decoders.ByteLevel()
    bpe.train_from_iterator(
        TEXT,
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=list(SPECIAL),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens={"image_token": "<image>", "video_token": "<video>", "im_start_token": "<|im_start|>"},
        model_max_length=32768,
        padding_side="right",
    )


def _pinpoints() -> list[list[int]]:
    sides = [CROP_PX * n for n in range(1, N_ASIDE + 1)]
    return [[height, width] for height in sides for width in sides]


def _processor(tokenizer: Any) -> Any:
    from finetune.network.hf import (
        LlavaOnevisionImageProcessorPil,
        LlavaOnevisionProcessor,
        LlavaOnevisionVideoProcessor,
    )

    size = {"height": CROP_PX, "width": CROP_PX}
    return LlavaOnevisionProcessor(
        image_processor=LlavaOnevisionImageProcessorPil(size=size, image_grid_pinpoints=_pinpoints()),
        tokenizer=tokenizer,
        video_processor=LlavaOnevisionVideoProcessor(size=size),
        num_image_tokens=(CROP_PX // PATCH_PX) ** 2,
        vision_feature_select_strategy="full",
        chat_template=template("llava_next_qwen").for_export,
        vision_aspect_ratio=f"anyres_max_{N_ASIDE**2}",
    )


def _config(tokenizer: Any) -> Any:
    from finetune.network.hf import LlavaOnevisionConfig

    stop, pad = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    return LlavaOnevisionConfig(
        vision_config={
            "model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 2, "image_size": CROP_PX, "patch_size": PATCH_PX, "vision_use_head": False,
        },
        text_config={
            "model_type": "qwen2", "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128,
            "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
            "max_position_embeddings": 32768, "tie_word_embeddings": False, "rope_theta": 10000.0,
            "eos_token_id": stop, "pad_token_id": pad, "bos_token_id": None,
        },
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        video_token_index=tokenizer.convert_tokens_to_ids("<video>"),
        image_grid_pinpoints=_pinpoints(),
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        vision_aspect_ratio=f"anyres_max_{N_ASIDE**2}",
        tie_word_embeddings=False,
    )  # fmt: skip
