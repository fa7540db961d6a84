"""The one door to transformers: its names come from here, because torchvision must be made ready before.

Importing this module takes seconds; the command line imports it inside its verbs only.
"""

from pathlib import Path
from typing import Any

import schemas.torchvision_cpu  # noqa: F401  before transformers
from finetune.families.known import family_of_processor
from finetune.network.place import check_model
from finetune.network.shapes import Shape
from schemas.errors import RecipeError

# isort: split

from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoConfig,
    AutoProcessor,
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from transformers.utils import logging
from transformers.utils.chat_template_utils import render_jinja_template

logging.disable_progress_bar()  # of loading and saving: ours shows the steps

__all__ = [
    "AttentionInterface", "AttentionMaskInterface", "AutoConfig", "AutoTokenizer", "PreTrainedTokenizerFast", "Trainer",
    "TrainerCallback", "TrainingArguments", "read_config", "read_processor", "render_jinja_template",
    "sdpa_attention_forward", "sdpa_mask", "set_seed",
]  # fmt: skip


def read_processor(model: str | Path, revision: str | None = None) -> Any:
    """Tokenizer and image processor of a model of a known family: a folder, or a name at the hub.

    Its chat template is left as it came; the encoder renders with ours. Raises RecipeError for another kind of model.
    """
    check_model(model, revision)
    try:
        processor = AutoProcessor.from_pretrained(_place(model), revision=revision)
    except (OSError, ValueError) as error:
        raise RecipeError(f"model {model}: no processor could be read: {error}") from error
    try:
        family_of_processor(processor)
    except RecipeError as error:
        raise RecipeError(f"model {model}: {error}") from error
    return processor


def read_config(model: str | Path, revision: str | None = None) -> Any:
    """The config of a model of a known family: a folder, or a name at the hub. Raises RecipeError for others.

    Whether embeddings are tied is as its file says, of the whole or of the LLM: what a file does not say of the whole,
    transformers takes for a family's habit.
    """
    try:
        said, _ = PreTrainedConfig.get_config_dict(_place(model), revision=revision)
        shape = Shape.of(said)
        config = AutoConfig.from_pretrained(_place(model), revision=revision)
    except (OSError, ValueError, KeyError, RecipeError) as error:
        raise RecipeError(f"model {model}: cannot be loaded: no config of a known family: {error}") from error
    config.tie_word_embeddings = shape.is_tied
    return config


def _place(model: str | Path) -> str:
    return str(Path(model).expanduser()) if str(model).startswith("~") else str(model)
