"""Is a row worth its records apart? The loss of every learned token, both ways."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from finetune.data.samples import Sample
from finetune.rows.encode import Encoder
from finetune.rows.encoded import Encoded
from finetune.rows.pack import row_of


def token_losses(model: Any, row: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood and weight of every learned token of a row, in their order."""
    inputs = {key: value for key, value in row.items() if key not in ("target", "weight", "predicted_at", "n_units")}
    logits = model(**inputs, logits_to_keep=row["predicted_at"]).logits[0].float()
    return torch.nn.functional.cross_entropy(logits, row["target"], reduction="none"), row["weight"]


def separate_rows(encoder: Encoder, sample: Sample, encoded: Encoded) -> list[dict[str, Tensor]]:
    """A row for each turn of an isolated record, with the record's picture and weights."""
    alone = (replace(one, pictures=encoded.pictures) for one in encoder.separate(sample))
    return [row_of([one]) for one in alone]


def largest_difference(model: Any, encoder: Encoder, samples: Sequence[Sample]) -> float:
    """Largest difference of a token's loss between rows of two records and each turn by itself, relative."""
    pairs = (samples[start : start + 2] for start in range(0, len(samples), 2))
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a model this small is many times slower where threads wait for busy cores
    try:
        return max((_difference(model, encoder, pair) for pair in pairs), default=0.0)
    finally:
        torch.set_num_threads(n_threads)


def _difference(model: Any, encoder: Encoder, samples: Sequence[Sample]) -> float:
    both = zip(samples, (encoder.encode(sample) for sample in samples), strict=True)
    with torch.no_grad():
        together, _ = token_losses(model, row_of(encoder.encode_row(samples)))
        rows = (row for sample, one in both for row in separate_rows(encoder, sample, one))
        apart = torch.cat([token_losses(model, row)[0] for row in rows])
    return float(((together - apart).abs() / apart.abs().clamp(min=1.0)).max())
