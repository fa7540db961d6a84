"""The one door to transformers: its names come from here, because torchvision must be made ready before.

Importing this module takes seconds; the command line imports it inside its verbs only.
"""

from pathlib import Path
from typing import Any

import schemas.torchvision_cpu  # noqa: F401  before transformers
from finetune.network.place import check_model
from schemas.errors import RecipeError

# isort: split

from transformers import (
    AttentionInterface,
    AttentionMaskInterface,
    AutoConfig,
    AutoProcessor,
    AutoTokenizer,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionProcessor,
    LlavaOnevisionVideoProcessor,
    PreTrainedTokenizerFast,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    set_seed,
)
from transformers.image_processing_utils import select_best_resolution
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import (
    LlavaOnevisionImageProcessorPil,
)
from transformers.utils import logging
from transformers.utils.chat_template_utils import render_jinja_template

logging.disable_progress_bar()  # of loading and saving: ours shows the steps

__all__ = [
    "AttentionInterface", "AttentionMaskInterface", "AutoConfig", "AutoProcessor", "AutoTokenizer",
    "LlavaOnevisionConfig", "LlavaOnevisionForConditionalGeneration", "LlavaOnevisionImageProcessorPil",
    "LlavaOnevisionProcessor", "LlavaOnevisionVideoProcessor", "PreTrainedTokenizerFast", "Trainer", "TrainerCallback",
    "TrainingArguments", "read_processor", "render_jinja_template", "sdpa_attention_forward", "sdpa_mask",
    "select_best_resolution", "set_seed",
]  # fmt: skip


def read_processor(model: str | Path, revision: str | None = None) -> Any:
    """Tokenizer and image processor of a LLaVA-OneVision model: a folder, or a name at the hub.

    Its chat template is left as it came; the encoder renders with ours. Raises RecipeError for another kind of model.
    """
    check_model(model, revision)
    try:
        place = str(Path(model).expanduser()) if str(model).startswith("~") else str(model)
        processor = AutoProcessor.from_pretrained(place, revision=revision)
    except (OSError, ValueError) as error:
        raise RecipeError(f"model {model}: no processor could be read: {error}") from error
    if not isinstance(processor, LlavaOnevisionProcessor):
        raise RecipeError(f"model {model}: its processor is a {type(processor).__name__}, not LLaVA-OneVision's")
    return processor
