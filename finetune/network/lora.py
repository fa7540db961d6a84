"""Low-rank weights: are they there, did they load, and what do they make of their base."""

from pathlib import Path
from typing import Any

import torch

from finetune.network.model import read_model
from finetune.network.weights import changed_by_group, weights_of
from schemas.errors import CheckpointError

ADAPTER = "adapter_model.safetensors"
NEAR = {torch.float32: 1e-4, torch.bfloat16: 5e-2}  # of the largest logit
N_TOKENS = 32


def check_adapter(folder: Path) -> list[str]:
    """The tensors of an adapter. CheckpointError when there are none, or they are empty, or do nothing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / ADAPTER, "pt") as file:
            names = list(file.keys())
            empty = [name for name in names if 0 in file.get_slice(name).get_shape()]
            ups = [name for name in names if ".lora_B." in name]
            is_idle = not empty and all(not file.get_tensor(name).any() for name in ups)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(f"{folder / ADAPTER}: cannot be read: {error}") from error
    if not ups:
        raise CheckpointError(f"{folder / ADAPTER}: has no low-rank weights")
    if empty:
        raise CheckpointError(
            f"{folder / ADAPTER}: {len(empty)} of {len(names)} tensors are empty, {empty[0]} first: saved under ZeRO-3 "
            "without gathering"
        )
    if is_idle:
        raise CheckpointError(f"{folder / ADAPTER}: every low-rank product is zero; nothing was trained")
    return names


def check_loaded(wrapped: Any, adapter: Path) -> None:
    """Raise CheckpointError unless a model holds exactly the tensors of the adapter's file: peft only warns.

    Exactly in the model's dtype: a projector trained in float32 is rounded beside a base in bfloat16.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file

    said = load_file(adapter / ADAPTER)
    there = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    lost = [
        name
        for name in said
        if name not in there or not torch.equal(there[name].cpu(), said[name].to(there[name].dtype))
    ]
    if lost:
        raise CheckpointError(
            f"{adapter}: {len(lost)} of {len(said)} tensors found no place in the model, {lost[0]} first; the adapter "
            "belongs to another model or to other names"
        )
    added = sorted(there.keys() - said.keys())
    if added:
        raise CheckpointError(f"{adapter}: lacks {len(added)} tensors that the model has, {added[0]} first")


def merged(base: Path, adapter: Path, out: Path, dtype: Any = "auto") -> None:
    """Write the weights of base and adapter in one to `out`, with their config; checked against both."""
    check_adapter(adapter)
    model = read_model(base, dtype=dtype)
    tokens = _tokens(model)
    alone = _logits(model, tokens)
    wrapped = _wrapped(model, adapter)
    check_loaded(wrapped, adapter)
    beside = _logits(wrapped, tokens)
    whole = wrapped.merge_and_unload()
    together = _logits(whole, tokens)
    near = NEAR.get(whole.dtype, 5e-2) * float(beside.abs().max())
    if float((together - beside).abs().max()) > near:
        raise CheckpointError(f"{adapter}: merged, it does not answer as it does beside {base}")
    if torch.equal(together, alone):
        raise CheckpointError(f"{adapter}: merged into {base}, it changes nothing")
    whole.config.use_cache = True
    whole.save_pretrained(out)
    changed = changed_by_group(weights_of(base), weights_of(out), whole.dtype)
    if not changed["llm"][0]:
        raise CheckpointError(f"{adapter}: merged into {base}, no tensor of the LLM changed")


def _wrapped(model: Any, adapter: Path) -> Any:
    import warnings

    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft warns of names it does not find; they are counted below
        return PeftModel.from_pretrained(model, str(adapter))


def _tokens(model: Any) -> torch.Tensor:
    vocabulary = model.config.text_config.vocab_size
    special = {model.config.image_token_id, model.config.video_token_id}
    chosen = [(7 + 31 * number) % vocabulary for number in range(2 * N_TOKENS)]
    return torch.tensor([[one for one in chosen if one not in special][:N_TOKENS]])


def _logits(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        return model(input_ids=tokens).logits.float()
