"""A model of a few thousand weights of any family, for trying everything on a CPU without a network.

Same classes, same file format, same chat template as the real one. It knows nothing: its weights are random.
"""

from pathlib import Path
from typing import Any

from finetune.families.family import Family
from finetune.families.known import family_named
from finetune.network.template import template

VOCABULARY = 400
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")  # and those of the family
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


def build_tiny(out: Path, *, family: str = "llava_onevision", seed: int = 0) -> Path:
    """Write the model, its tokenizer, processor and chat template to `out`, and give `out`.

    The same seed gives the same bytes of weights. Under 1 MB. RecipeError when the family is not known.
    """
    import torch

    from finetune.network.model import built

    kind = family_named(family)
    tokenizer = _tokenizer(kind)
    config, processor = kind.tiny_model(tokenizer)
    processor.chat_template = tokenizer.chat_template = template(kind.template).for_export
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = built(config)
    model.generation_config.eos_token_id = tokenizer.convert_tokens_to_ids("<|im_end|>")
    model.generation_config.pad_token_id = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    model.generation_config.do_sample = False
    model.save_pretrained(out)
    processor.save_pretrained(out)
    return out


def _tokenizer(family: Family) -> Any:
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
            special_tokens=[*SPECIAL, *family.tiny_tokens.values()],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        extra_special_tokens={**family.tiny_tokens, "im_start_token": "<|im_start|>"},
        model_max_length=32768,
        padding_side="right",
    )
