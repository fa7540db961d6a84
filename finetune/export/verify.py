"""What a fresh process finds in a model folder: files, tensors, processor, and the live model's answers."""

from pathlib import Path
from typing import Any

import torch

from finetune.export.publish import SUMS, sums_of
from finetune.network.blocks import Blocks
from finetune.network.hf import read_processor
from finetune.network.model import read_model
from finetune.network.template import MARK
from schemas.errors import CorpusError

NEAR = {torch.float32: 1e-5, torch.bfloat16: 2e-2}  # of the largest logit


def wrong_in(folder: Path, canaries: Path | None = None) -> list[str]:
    """Everything that is wrong with a model folder; nothing when it is as it should be."""
    wrong = []
    sums = folder / SUMS
    if not sums.is_file():
        wrong.append(f"{folder}: has no {SUMS}")
    elif sums.read_text(encoding="utf-8") != sums_of(folder):
        wrong.append(f"{sums}: files are not as it says")
    try:
        processor = read_processor(folder)
        if not processor.chat_template or MARK.search(processor.chat_template):
            wrong.append(
                f"{folder}: its chat template is missing, or holds a generation mark that plain jinja2 refuses"
            )
        model = read_model(folder, dtype="auto")
        wrong += _weights_wrong(folder, model)
        if canaries:
            with torch.serialization.safe_globals([Blocks]):
                told = torch.load(canaries, weights_only=True)
            wrong += _answers_wrong(folder, model, told)
    except CorpusError as error:
        wrong.append(str(error))
    return wrong


def _weights_wrong(folder: Path, model: Any) -> list[str]:
    broken = [name for name, weight in model.named_parameters() if not torch.isfinite(weight).all()]
    return [f"{folder}: {len(broken)} tensors hold a value that is no number, {broken[0]} first"] if broken else []


def _answers_wrong(folder: Path, model: Any, canaries: list[dict[str, Any]]) -> list[str]:
    """Logits of the canary rows against those of the live model, and against the base's where they are given."""
    model.eval()
    wrong = []
    same_as_base = 0
    for number, canary in enumerate(canaries):
        with torch.no_grad():
            inputs = {key: _cast(value, model.dtype) for key, value in canary["inputs"].items()}
            logits = model(**inputs, logits_to_keep=canary["predicted_at"]).logits[0].float()
        size = float(canary["logits"].abs().max())
        difference = float((logits - canary["logits"]).abs().max()) / max(size, 1e-30)
        if difference > NEAR.get(model.dtype, 2e-2):
            wrong.append(f"{folder}: canary {number} differs from the live model by {difference:.1e} of its logits")
        same_as_base += bool(torch.equal(logits, canary["base"]))
    if canaries and same_as_base == len(canaries):
        wrong.append(f"{folder}: answers all {len(canaries)} canaries as its base does; nothing was learned")
    return wrong


def _cast(value: Any, dtype: torch.dtype) -> Any:
    return value.to(dtype) if isinstance(value, torch.Tensor) and value.is_floating_point() else value
