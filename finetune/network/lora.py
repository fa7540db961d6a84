"""Low-rank weights: are they there, did they load, and what do they make of their base."""

import re
import warnings
from pathlib import Path
from typing import Any

import torch

from finetune.network.model import read_model
from finetune.network.weights import changed_by_group, weights_of
from schemas.errors import CheckpointError

ADAPTER = "adapter_model.safetensors"
NEAR = {torch.float32: 1e-4, torch.bfloat16: 5e-2}  # of the largest logit
N_TOKENS = 32
UP = re.compile(r"\.lora_(?:embedding_)?B\b")
BASE_LAYER = ".base_layer."  # of embeddings peft saves the layer itself beside the low-rank weights
OF_WORDS = ("llm", "embed", "lm_head")


def check_adapter(folder: Path) -> list[str]:
    """The tensors of an adapter. CheckpointError when there are none, or they are empty, or do nothing."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(folder / ADAPTER, "pt") as file:
            names = list(file.keys())
            empty = [name for name in names if 0 in file.get_slice(name).get_shape()]
            ups = [name for name in names if UP.search(name)]
            is_idle = not empty and not any(_product_is_set(file, name) for name in ups)
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


def _product_is_set(file: Any, up: str) -> bool:
    """Whether neither of the two is zero: peft begins with a zero B, and for embeddings with a zero A."""
    down = re.sub(r"(lora_(?:embedding_)?)B", r"\1A", up)
    names = list(file.keys())
    return bool(file.get_tensor(up).any()) and (down not in names or bool(file.get_tensor(down).any()))


def check_loaded(wrapped: Any, adapter: Path) -> None:
    """Raise CheckpointError unless a model holds exactly the tensors of the adapter's file: peft only warns.

    Exactly in the model's dtype: a projector trained in float32 is rounded beside a base in bfloat16.
    """
    from peft import get_peft_model_state_dict
    from safetensors.torch import load_file

    said = load_file(adapter / ADAPTER)
    there = get_peft_model_state_dict(wrapped, save_embedding_layers=False)
    there |= {name: tensor for name, tensor in wrapped.state_dict().items() if BASE_LAYER in name and name in said}
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
    own = {name: tensor.clone() for name, tensor in _embeddings(model).items()}
    wrapped = _wrapped(model, adapter)
    check_loaded(wrapped, adapter)
    _check_base_layers(wrapped, own, adapter, base)
    beside = _logits(wrapped, tokens)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tied embeddings; whether the merge is right is measured below
        whole = wrapped.merge_and_unload()
    together = _logits(whole, tokens)
    near = NEAR.get(whole.dtype, 5e-2) * float(beside.abs().max())
    if float((together - beside).abs().max()) > near:
        raise CheckpointError(
            f"{adapter}: merged, it does not answer as it does beside {base}{_why_tied(whole, adapter)}"
        )
    if torch.equal(together, alone):
        raise CheckpointError(f"{adapter}: merged into {base}, it changes nothing")
    whole.config.use_cache = True
    whole.save_pretrained(out)
    changed = changed_by_group(weights_of(base), weights_of(out), whole.dtype)
    if not any(changed.get(group, (0, 0))[0] for group in OF_WORDS):
        raise CheckpointError(f"{adapter}: merged into {base}, no tensor of the LLM changed")


def _wrapped(model: Any, adapter: Path) -> Any:
    from peft import PeftModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # peft warns of names it does not find; they are counted below
        try:
            return PeftModel.from_pretrained(model, str(adapter))
        except (RuntimeError, ValueError, TypeError, OSError) as error:
            told = " ".join(str(error).split())
            raise CheckpointError(
                f"{adapter}: does not fit this base: {told[:300]}. An adapter goes onto the model that it was trained "
                "on, with as many tokens"
            ) from error


def _embeddings(model: Any) -> dict[str, torch.Tensor]:
    """The weights of the input and the output embedding, by the last word of the module's name."""
    found = {"embed_tokens": model.get_input_embeddings(), "lm_head": model.get_output_embeddings()}
    return {name: module.weight.detach() for name, module in found.items() if module is not None}


def _check_base_layers(wrapped: Any, own: dict[str, torch.Tensor], adapter: Path, base: Path) -> None:
    """Raise CheckpointError where an embedding saved beside low-rank weights is not the base's, which is kept.

    Equal in the coarser dtype of the two: a run in bfloat16 saves a rounded embedding of a base in float32.
    """
    from safetensors import safe_open

    layers = wrapped.state_dict()  # shares memory with the model; names each of two tied ones
    with safe_open(adapter / ADAPTER, "pt") as file:
        saved = {name: file.get_tensor(name) for name in file.keys() if BASE_LAYER in name}  # noqa: SIM118
    for name, tensor in saved.items():
        weight = own.get(name.split(BASE_LAYER)[0].rsplit(".", 1)[-1])
        coarser = torch.bfloat16 if torch.bfloat16 in (tensor.dtype, getattr(weight, "dtype", None)) else tensor.dtype
        if weight is None or not torch.equal(weight.to(coarser), tensor.to(coarser)):
            raise CheckpointError(
                f"{adapter}: {name} is not that of {base}: the adapter is of another base, or of other tokens"
            )
        with torch.no_grad():
            layers[name].copy_(weight)


def _why_tied(model: Any, adapter: Path) -> str:
    """What an adapter on one of two tied embeddings is told."""
    from safetensors import safe_open

    with safe_open(adapter / ADAPTER, "pt") as file:
        names = list(file.keys())
    on = [part for part in ("embed_tokens", "lm_head") if any(f".{part}." in name for name in names)]
    is_tied = bool(model.config.tie_word_embeddings or model.config.text_config.tie_word_embeddings)
    if not (is_tied and on):
        return ""
    return (
        f": embed_tokens and lm_head are one tensor of its base, and the adapter changes {' and '.join(on)} alone; "
        "adapters on tied embeddings are not taken. Train it without them"
    )


def _tokens(model: Any) -> torch.Tensor:
    vocabulary = model.config.text_config.vocab_size
    special = {getattr(model.config, name, None) for name in ("image_token_id", "video_token_id")}
    chosen = [(7 + 31 * number) % vocabulary for number in range(2 * N_TOKENS)]
    return torch.tensor([[one for one in chosen if one not in special][:N_TOKENS]])


def _logits(model: Any, tokens: torch.Tensor) -> torch.Tensor:
    model.eval()
    with torch.no_grad():
        return model(input_ids=tokens).logits.float()
