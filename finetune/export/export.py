"""From the last checkpoint of a run to `model/`: a folder that others load, and proof of what changed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from finetune.data.samples import Samples
from finetune.export.card import card
from finetune.network.model import DTYPES, Ledger, read_model
from finetune.network.shapes import Shape
from finetune.network.weights import changed_by_group, weights_of
from finetune.recipe import Recipe
from finetune.rows.encode import Encoder
from finetune.rows.pack import row_of
from schemas.errors import CheckpointError
from schemas.fingerprint import fraction

N_CANARIES = 4
OF_THE_MODEL = ("config.json",)


@dataclass(frozen=True)
class Made:
    """What an export needs to know of its run."""

    recipe: Recipe
    base: Path
    checkpoint: Path
    ledger: Ledger
    encoder: Encoder
    facts: Mapping[str, Any]
    """For the card."""


def canary_rows(samples: Samples, encoder: Encoder, seed: int) -> list[dict[str, Any]]:
    """Rows of a few training pictures, chosen by key."""
    numbers = sorted(range(len(samples)), key=lambda number: fraction(f"canary:{seed}:{samples.ids[number]}"))
    chosen = [samples[number] for number in numbers[: 50 * N_CANARIES]]
    pictured = [sample for sample in chosen if sample.pictures] or chosen
    return [row_of([encoder.encode(sample)]) for sample in pictured[:N_CANARIES]]


def canaries_of(model: Any, rows: Sequence[Mapping[str, Any]], device: Any, dtype: str) -> list[dict[str, Any]]:
    """The rows with the logits of a model. Every rank must call it: under ZeRO-3 each holds a part of the weights."""
    found = []
    is_training = model.training
    model.eval()
    for row in rows:
        inputs = {name: row[name] for name in row if name not in ("target", "weight", "predicted_at", "n_units")}
        there = {name: value.to(device) for name, value in inputs.items()}
        is_mixed = dtype == "bfloat16"
        with torch.no_grad(), torch.autocast(torch.device(device).type, torch.bfloat16, enabled=is_mixed):
            logits = model(**there, logits_to_keep=row["predicted_at"].to(device)).logits[0]
        found.append({"inputs": inputs, "predicted_at": row["predicted_at"], "logits": logits.float().cpu()})
    model.train(is_training)
    return found


def export(made: Made, canaries: list[dict[str, Any]], out: Path) -> Path:
    """Write and verify `out/model`, and `out/adapter` where low-rank weights were trained; gives the model's folder.

    Changed tensors must lie in the groups that the ledger names, and every one of those groups must have changed.
    """
    from finetune.export.publish import CARD, finished

    recipe = made.recipe
    base = read_model(made.base, dtype=DTYPES[recipe.model.dtype])
    told = [
        {**canary, "base": alone["logits"]}
        for canary, alone in zip(canaries, canaries_of(base, canaries_as_rows(canaries), "cpu", "float32"), strict=True)
    ]
    del base
    path = out / ".canaries.pt"
    torch.save(told, path)
    try:
        with finished(out / "model", canaries=path) as aside:
            _weights(made, out, aside)
            _rest(made, aside)
            # Of a full run the checkpoint is asked: the export takes frozen groups from the base.
            tuned = weights_of(aside if recipe.lora else made.checkpoint)
            changed = changed_by_group(weights_of(made.base), tuned, DTYPES[recipe.model.dtype])
            check_changed(changed, made.ledger)
            (aside / CARD).write_text(card(made, changed), encoding="utf-8")
    finally:
        path.unlink(missing_ok=True)
    return out / "model"


def canaries_as_rows(canaries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What `canaries_of` takes."""
    return [{**canary["inputs"], "predicted_at": canary["predicted_at"]} for canary in canaries]


def check_changed(changed: Mapping[str, tuple[int, int]], ledger: Ledger) -> None:
    """Raise CheckpointError when something else changed than was trained, or something trained did not."""
    wrong = [
        f"{group}: {n_changed} of {n} tensors changed, though frozen"
        for group, (n_changed, n) in changed.items()
        if n_changed and group not in ledger.trained
    ]
    wrong += [
        f"{group}: trained, but none of its {n} tensors changed"
        for group, (n_changed, n) in changed.items()
        if not n_changed and group in ledger.trained
    ]
    if wrong:
        raise CheckpointError("what was trained is not what the recipe says: " + "; ".join(wrong))


def _weights(made: Made, out: Path, aside: Path) -> None:
    import shutil

    from finetune.export.merge import Shares, mix
    from finetune.network.lora import merged

    if made.recipe.lora:
        adapter = out / "adapter"
        shutil.rmtree(adapter, ignore_errors=True)
        adapter.mkdir()
        for name in ("adapter_model.safetensors", "adapter_config.json"):
            shutil.copy(made.checkpoint / name, adapter / name)
        merged(made.base, adapter, aside, DTYPES[made.recipe.model.dtype])
        return
    trained = dict.fromkeys(made.ledger.trained, 1.0)
    base = weights_of(made.base)
    mix(base, [(weights_of(made.checkpoint), Shares(**trained))], aside, DTYPES[made.recipe.model.dtype])


def _rest(made: Made, aside: Path) -> None:
    """Config, processor, template without the generation mark, and generation that takes the likeliest word."""
    config = json.loads((made.base / "config.json").read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    config["dtype"] = made.recipe.model.dtype
    config["tie_word_embeddings"] = Shape.of(config).is_tied  # said aloud: what is not said, readers take as they like
    (aside / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    processor = made.encoder.processor
    of_base = processor.chat_template
    processor.chat_template = made.encoder.template.for_export
    processor.tokenizer.chat_template = made.encoder.template.for_export
    processor.save_pretrained(aside)
    processor.chat_template = of_base
    stop, pad = processor.tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    greedy = {"do_sample": False, "eos_token_id": stop, "pad_token_id": pad}
    (aside / "generation_config.json").write_text(json.dumps(greedy, indent=2) + "\n", encoding="utf-8")
