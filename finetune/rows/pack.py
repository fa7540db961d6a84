"""Rows of several records, equal in loss and gradient to the records apart.

A row is one sequence: a forward takes one, so nothing is padded. Tokens see the tokens before them of their own
picture, and of those the prefix and their own turn: `Blocks` says so. They always go with positions: without blocks
attention is plainly causal and turns see each other; with running positions the turns would not be where they are
alone. Neither fails aloud.
"""

import bisect
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from finetune.network.blocks import Blocks
from finetune.rows.encoded import IGNORED, Encoded

WINDOW = 1000


def row_of(records: Sequence[Encoded]) -> dict[str, Any]:
    """One row of the trainer, from encoded records.

    To the model: input_ids [1, n], position_ids [1, n] or [3, 1, n], blocks (absent for a dialogue alone, which is
    plainly causal), and where there are pictures what their family makes of them, pixel_values and others. To the loss:
    target, weight and predicted_at (the place of the logits that predict the target) [n_supervised], and n_units:
    records, or learned tokens.
    """
    labels = _joined(records, "labels")
    at = torch.nonzero(labels != IGNORED)[:, 0]
    row: dict[str, Any] = {
        "input_ids": _joined(records, "input_ids")[None],
        "position_ids": _joined(records, "positions")[..., None, :],
        "target": labels[at],
        "weight": _joined(records, "weights")[at].float(),
        "predicted_at": at - 1,
        "n_units": torch.tensor(sum(one.n_units for one in records)),
    }
    if len(records) > 1 or not records[0].is_dialogue:
        row["blocks"] = blocks_of(records)
    return {**row, **_pictures([one for one in records if one.sizes_px])}


def blocks_of(records: Sequence[Encoded]) -> Blocks:
    """Who sees whom in a row. The rest of a record behind another of the same pictures is more turns of that one."""
    parts: list[tuple[int, ...]] = []
    followed = [*(one.is_rest for one in records[1:]), False]
    for one, is_followed in zip(records, followed, strict=True):
        own = tuple(n for n in np.bincount(one.branches).tolist() if n)
        if one.is_rest:
            parts[-1] += own
        elif one.is_dialogue and is_followed:
            parts.append((one.n_prefix, one.n_tokens - one.n_prefix))
        else:
            parts.append(own)
    return Blocks(tuple(parts))


def bins(lengths: Sequence[int], capacity: int, window: int = WINDOW) -> list[list[int]]:
    """Numbers of records that share a row, none above `capacity` tokens but one that is longer by itself.

    Best fit, longest first, in windows of the given order; bins by their earliest record, so the order stays random.
    The least full bin of a window goes on into the next.
    """
    found: list[list[int]] = []
    rest: list[int] = []
    for start in range(0, len(lengths), window):
        numbers = [*rest, *range(start, min(start + window, len(lengths)))]
        packed = _best_fit(numbers, lengths, capacity)
        is_last = start + window >= len(lengths)
        rest = [] if is_last else min(packed, key=lambda one: (sum(lengths[k] for k in one), -max(one)))
        found += sorted(sorted(one) for one in packed if one is not rest)
    return found


def fill(rows: Sequence[Sequence[int]], lengths: Sequence[int], capacity: int) -> float:
    """Share of the rows' capacity that holds tokens."""
    return sum(lengths[number] for row in rows for number in row) / (capacity * max(len(rows), 1))


def _best_fit(numbers: Sequence[int], lengths: Sequence[int], capacity: int) -> list[list[int]]:
    packed: list[list[int]] = []
    free: list[tuple[int, int]] = []  # tokens free in a bin, and the bin; sorted
    for number in sorted(numbers, key=lambda one: (-lengths[one], one)):
        at = bisect.bisect_left(free, (lengths[number], -1))
        if at == len(free):
            packed.append([number])
            left, which = capacity - lengths[number], len(packed) - 1
        else:
            left, which = free.pop(at)
            packed[which].append(number)
            left -= lengths[number]
        if left > 0:
            bisect.insort(free, (left, which))
    return packed


def _joined(records: Sequence[Encoded], name: str) -> Tensor:
    return torch.from_numpy(np.concatenate([getattr(one, name) for one in records], axis=-1))


def _pictures(records: Sequence[Encoded]) -> dict[str, Any]:
    """What the records' pictures give the model, one after another; padded to the most crops of the row."""
    names = records[0].pictures if records else ()
    return {name: _padded([one.pictures[name] for one in records]) for name in names}


def _padded(parts: Sequence[Tensor]) -> Tensor:
    """Joined along the first axis; where the second is not of one length, filled with zeros to the longest."""
    if len({one.shape[1:] for one in parts}) == 1:
        return torch.cat(list(parts))
    longest = max(one.shape[1] for one in parts)
    fill_of = [(0, 0) * (one.ndim - 2) + (0, longest - one.shape[1]) for one in parts]
    return torch.cat([torch.nn.functional.pad(one, how) for one, how in zip(parts, fill_of, strict=True)])
