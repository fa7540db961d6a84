"""What a model's config says of its size, and how many weights each group must have.

Counted from the numbers of the config alone, not from a built model: the ledger compares the two.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from finetune.families.family import Family, linear
from finetune.families.known import family_of_config, published
from finetune.network.low_rank import n_of_tower
from finetune.recipe import LINEARS, Lora, Recipe


@dataclass(frozen=True)
class Shape:
    """The sizes of a model that decide its number of weights."""

    family: Family
    config: Mapping[str, Any]
    is_tied: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """From a config as a mapping, as config.json has it. RecipeError when it is of no known family."""
        family = family_of_config(config)
        # Some files say it of the LLM only; transformers takes either.
        is_tied = config.get("tie_word_embeddings") or family.text(config).get("tie_word_embeddings")
        return cls(family, config, bool(is_tied))

    @property
    def text(self) -> Mapping[str, Any]:
        """The LLM's sizes."""
        return self.family.text(self.config)

    @property
    def groups(self) -> dict[str, int]:
        """Weights of every group."""
        words = self.text["hidden_size"] * self.text["vocab_size"]
        counts = {"embed": words, "lm_head": 0 if self.is_tied else words, "llm": self._llm()}
        return self.family.weights_beside(self.config) | counts

    @property
    def n_weights(self) -> int:
        """Weights of the whole model."""
        return sum(self.groups.values())

    def n_lora(self, lora: Lora) -> int:
        """Low-rank weights beside the linear layers that a recipe means."""
        beside = [one for name, one in zip(LINEARS, self._linears(), strict=True) if name in lora.on]
        of_llm = self.text["num_hidden_layers"] * sum(lora.r * (n_in + n_out) for n_in, n_out, _ in beside)
        return of_llm + n_of_tower(lora, self.family, self.config)

    @property
    def _head(self) -> int:
        text = self.text
        return text.get("head_dim") or text["hidden_size"] // text["num_attention_heads"]

    @property
    def _is_qwen3(self) -> bool:
        return str(self.text.get("model_type", self.family.texts[0])).startswith("qwen3")

    def _linears(self) -> list[tuple[int, int, bool]]:
        """Inputs, outputs and whether there is a bias, of the linear layers of one layer of the LLM, as LINEARS."""
        text = self.text
        hidden, inner = text["hidden_size"], text["intermediate_size"]
        queries, keys = text["num_attention_heads"] * self._head, text["num_key_value_heads"] * self._head
        biased = bool(text.get("attention_bias")) if self._is_qwen3 else True  # a Qwen2 has it without being asked
        to_heads = [(hidden, queries, biased), (hidden, keys, biased), (hidden, keys, biased)]
        attention = [*to_heads, (queries, hidden, self._is_qwen3 and biased)]
        return [*attention, (hidden, inner, False), (hidden, inner, False), (inner, hidden, False)]

    def _llm(self) -> int:
        hidden = self.text["hidden_size"]
        norms = 2 * hidden + (2 * self._head if self._is_qwen3 else 0)  # a Qwen3 has one of queries and one of keys
        layer = sum(linear(n_in, n_out, has_bias=has_bias) for n_in, n_out, has_bias in self._linears()) + norms
        return self.text["num_hidden_layers"] * layer + hidden


def expected(recipe: Recipe, shape: Shape) -> dict[str, int]:
    """Trainable weights of every group under a recipe, low-rank ones included; what a family lacks is not there."""
    trainable, groups = recipe.trainable, shape.groups
    is_full = trainable.llm == "full"
    wanted = {
        "vision": trainable.vision == "full",
        "projector": trainable.projector == "full",
        "newline": trainable.newline,
        "embed": is_full,
        "lm_head": is_full,
        "llm": is_full,
    }
    counts = {group: groups[group] if wanted[group] else 0 for group in groups}
    return {**counts, "lora": shape.n_lora(recipe.lora) if recipe.lora else 0}


def shape_of(recipe: Recipe) -> Shape | None:
    """The shape of a recipe's model without a network: of a folder, or of a published model; None for others."""
    config = Path(recipe.model.name).expanduser() / "config.json"
    if recipe.model.is_folder and config.is_file():
        return Shape.of(json.loads(config.read_text(encoding="utf-8")))
    found = published().get(recipe.model.name)
    return Shape.of(found) if found else None
