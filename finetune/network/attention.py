"""Attention of rows of several records that costs what their parts cost: three ways, one for each kind of machine.

* `sdpa`: torch's own, one call a part. Goes everywhere, and is the one for a CPU.
* `flash_attention_2`: flash-attention's variable lengths, one call a layer; on a GPU, in bfloat16.
* `flex_attention`: torch's FlexAttention, compiled for a mask of blocks; on a GPU.

They are registered at transformers under names of their own (`NAMES`), for the language model alone; the vision tower
attends by sdpa. A row says its parts by the keyword `blocks`; without it all three are plainly causal, and heed a mask
of padding or a 4-D one as sdpa does. `eager` heeds no blocks, and is for rows of one dialogue.
"""

from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from finetune.network.blocks import Blocks
from finetune.network.hf import AttentionInterface, AttentionMaskInterface, sdpa_attention_forward, sdpa_mask
from schemas.errors import RecipeError

NAMES = {"sdpa": "row_parts", "flash_attention_2": "row_lengths", "flex_attention": "row_blocks"}


def way(wanted: str, dtype: Any) -> str:
    """The way of attention: `auto` takes the quickest that is here. RecipeError where the wanted one is not."""
    is_gpu = torch.cuda.is_available()
    has_flash = is_gpu and dtype == torch.bfloat16 and find_spec("flash_attn") is not None
    has_flex = is_gpu and find_spec("triton") is not None
    if wanted == "auto":
        return "flash_attention_2" if has_flash else "flex_attention" if has_flex else "sdpa"
    if wanted == "flex_attention" and not is_gpu:
        raise RecipeError('model.attention: flex attention aborts the process on a CPU; expected "sdpa" or "auto" here')
    if wanted == "flash_attention_2" and not has_flash:
        raise RecipeError(
            "model.attention: flash attention needs a GPU, the package flash-attn and bfloat16; expected "
            '"sdpa" or "auto" here'
        )
    return wanted


def implementation(chosen: str) -> dict[str, str]:
    """What transformers' `attn_implementation` is given for a way."""
    if chosen == "eager":
        return {"": "eager", "text_config": "eager", "vision_config": "eager"}
    return {"": NAMES[chosen], "text_config": NAMES[chosen], "vision_config": "sdpa"}


def way_of(model: Any) -> str:
    """The way in which a model's language model attends."""
    name = model.config.get_text_config()._attn_implementation
    return next((chosen for chosen, own in NAMES.items() if own == name), name)


def heeds_blocks(model: Any) -> bool:
    """Whether a model takes rows of several parts; where it does not, all of a row see each other in silence."""
    return model.config.get_text_config()._attn_implementation in NAMES.values()


def _by_parts(query: Tensor, key: Tensor, value: Tensor, blocks: Blocks, given: dict[str, Any]) -> Tensor:
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, 1), value.repeat_interleave(groups, 1)
    # Split, not sliced: the gradient of a slice is as long as the row, and of as many slices as it has parts.
    queries, keys, values = (one.split(blocks.lengths, 2) for one in (query, key, value))
    found: list[Tensor] = []
    for number, prefix in enumerate(blocks.prefixes):
        own_keys, own_values, mask = keys[number], values[number], None
        if prefix is not None:
            own_keys = torch.cat([keys[prefix], own_keys], 2)
            own_values = torch.cat([values[prefix], own_values], 2)
            n_own, n_seen = queries[number].shape[2], own_keys.shape[2]
            mask = torch.ones(n_own, n_seen, dtype=torch.bool, device=query.device).tril(n_seen - n_own)
        found.append(
            scaled_dot_product_attention(
                queries[number], own_keys, own_values, attn_mask=mask, is_causal=mask is None, **given
            )
        )
    return torch.cat(found, 2)


def _by_lengths(query: Tensor, key: Tensor, value: Tensor, blocks: Blocks, given: dict[str, Any]) -> Tensor:
    from flash_attn import flash_attn_varlen_func  # pyright: ignore[reportMissingImports]

    places, ends, ends_seen, longest = _lengths(blocks, query.device)
    # Masters of float32 under autocast come as float32; the kernel takes bfloat16.
    query, key, value = (one[0].transpose(0, 1).to(torch.bfloat16) for one in (query, key, value))
    found: Tensor = flash_attn_varlen_func(
        query, key[places], value[places], ends, ends_seen, *longest,
        dropout_p=given["dropout_p"], softmax_scale=given["scale"],
        causal=True,  # a part's last token sees its last key
    )  # fmt: skip
    return found.transpose(0, 1)[None]


@lru_cache(maxsize=2)  # made in the first layer of a row
def _lengths(blocks: Blocks, device: Any) -> tuple[Tensor, Tensor, Tensor, tuple[int, int]]:
    """Places of the keys, ends of the parts and of their keys, and the longest of both."""
    places, n_seen = blocks.keys()
    n_own = torch.tensor(blocks.lengths)
    ends, ends_seen = (
        torch.nn.functional.pad(one.cumsum(0), (1, 0)).to(device, torch.int32)
        for one in (n_own, torch.from_numpy(n_seen))
    )
    return torch.from_numpy(places).to(device), ends, ends_seen, (int(n_own.max()), int(n_seen.max()))


def _by_blocks(query: Tensor, key: Tensor, value: Tensor, blocks: Blocks, given: dict[str, Any]) -> Tensor:
    from transformers.integrations.flex_attention import compile_friendly_flex_attention

    return compile_friendly_flex_attention(
        query, key, value, block_mask=_block_mask(blocks, query.device), enable_gqa=query.shape[1] != key.shape[1],
        scale=given["scale"], training=query.requires_grad,
    )  # fmt: skip


@lru_cache(maxsize=2)
def _block_mask(blocks: Blocks, device: Any) -> Any:
    from torch.nn.attention.flex_attention import create_block_mask

    n = sum(blocks.lengths)
    return create_block_mask(sees(blocks, device), None, None, n, n, device=str(device), _compile=True)


def sees(blocks: Blocks, device: Any) -> Callable[..., Tensor]:
    """FlexAttention's question of a row: may token `at` see token `other`?"""
    record, part = (torch.from_numpy(one).to(device) for one in blocks.of_tokens())

    def seen(_batch: Tensor, _head: Tensor, at: Tensor, other: Tensor) -> Tensor:
        own = (part[other] == 0) | (part[at] == part[other])
        return (at >= other) & (record[at] == record[other]) & own

    return seen


def _forward(by: Callable[..., Tensor]) -> Callable[..., tuple[Tensor, None]]:
    """The function that transformers calls in each layer: query [1, heads, n, d]; keys may have fewer heads."""

    def forward(
        module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: Tensor | None, **given: Any
    ) -> tuple[Tensor, None]:
        blocks: Blocks | None = given.pop("blocks", None)
        if blocks is None:
            return sdpa_attention_forward(module, query, key, value, attention_mask, **given)
        settings = {"dropout_p": given.get("dropout", 0.0), "scale": given.get("scaling")}
        return by(query, key, value, blocks, settings).transpose(1, 2).contiguous(), None

    return forward


def _mask(*args: Any, attention_mask: Tensor | None = None, **given: Any) -> Tensor | None:
    """Of padding as for sdpa. Where none is given none is made: positions that begin anew would ask for a dense one."""
    is_whole = given["q_length"] == given["kv_length"]
    return None if attention_mask is None and is_whole else sdpa_mask(*args, attention_mask=attention_mask, **given)


for _name, _by in (("sdpa", _by_parts), ("flash_attention_2", _by_lengths), ("flex_attention", _by_blocks)):
    AttentionInterface.register(NAMES[_name], _forward(_by))
    AttentionMaskInterface.register(NAMES[_name], _mask)
