"""What a LLaVA-OneVision's config says of its size, and how many weights each group must have.

Counted from the numbers of the config alone, not from a built model: the ledger compares the two.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from finetune.recipe import Recipe

HUB = "llava-hf/llava-onevision-qwen2-{}-ov-hf"
SIGLIP = {
    "model_type": "siglip_vision_model", "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 26,
    "num_attention_heads": 16, "image_size": 384, "patch_size": 14, "vision_use_head": False,
}  # fmt: skip
_QWEN2 = {"model_type": "qwen2", "vocab_size": 152000, "max_position_embeddings": 32768, "rope_theta": 1e6}
PUBLISHED: dict[str, dict[str, Any]] = {  # the configs of the two models at the hub, as far as sizes go
    HUB.format("7b"): {
        "vision_config": SIGLIP, "tie_word_embeddings": False,
        "text_config": {
            **_QWEN2, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
            "num_attention_heads": 28, "num_key_value_heads": 4,
        },
    },
    HUB.format("0.5b"): {
        "vision_config": SIGLIP, "tie_word_embeddings": True,
        "text_config": {
            **_QWEN2, "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
            "num_attention_heads": 14, "num_key_value_heads": 2,
        },
    },
}  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """The sizes of a model that decide its number of weights."""

    vision: Mapping[str, Any]
    text: Mapping[str, Any]
    is_tied: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """From a config as a mapping, as config.json has it."""
        text = config["text_config"]
        # Some files say it of the LLM only; transformers takes either.
        is_tied = config.get("tie_word_embeddings") or text.get("tie_word_embeddings")
        return cls(config["vision_config"], text, bool(is_tied))

    @property
    def groups(self) -> dict[str, int]:
        """Weights of every group."""
        hidden, vocabulary = self.text["hidden_size"], self.text["vocab_size"]
        return {
            "vision": self._vision(),
            "projector": _linear(self.vision["hidden_size"], hidden) + _linear(hidden, hidden),
            "newline": hidden,
            "embed": vocabulary * hidden,
            "lm_head": 0 if self.is_tied else vocabulary * hidden,
            "llm": self._llm(),
        }

    @property
    def n_weights(self) -> int:
        """Weights of the whole model."""
        return sum(self.groups.values())

    def n_lora(self, r: int) -> int:
        """Low-rank weights beside the linear layers of the LLM."""
        return self.text["num_hidden_layers"] * sum(r * (n_in + n_out) for n_in, n_out, _ in self._linears())

    def _linears(self) -> list[tuple[int, int, bool]]:
        """Inputs, outputs and whether there is a bias, of the linear layers of one layer of the LLM."""
        text = self.text
        hidden, inner = text["hidden_size"], text["intermediate_size"]
        side = text.get("head_dim") or hidden // text["num_attention_heads"]
        queries, keys = text["num_attention_heads"] * side, text["num_key_value_heads"] * side
        attention = [(hidden, queries, True), (hidden, keys, True), (hidden, keys, True), (queries, hidden, False)]
        return [*attention, (hidden, inner, False), (hidden, inner, False), (inner, hidden, False)]

    def _llm(self) -> int:
        hidden = self.text["hidden_size"]
        layer = sum(n_in * n_out + n_out * has_bias for n_in, n_out, has_bias in self._linears()) + 2 * hidden
        return self.text["num_hidden_layers"] * layer + hidden

    def _vision(self) -> int:
        vision = self.vision
        hidden, inner = vision["hidden_size"], vision["intermediate_size"]
        patch, n_patches = vision["patch_size"], (vision["image_size"] // vision["patch_size"]) ** 2
        layer = 4 * _linear(hidden, hidden) + _linear(hidden, inner) + _linear(inner, hidden) + 4 * hidden
        embedded = _linear(3 * patch**2, hidden) + n_patches * hidden
        return embedded + vision["num_hidden_layers"] * layer + 2 * hidden


def expected(recipe: Recipe, shape: Shape) -> dict[str, int]:
    """Trainable weights of every group under a recipe, low-rank ones included."""
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
    return {**counts, "lora": shape.n_lora(recipe.lora.r) if recipe.lora else 0}


def shape_of(recipe: Recipe) -> Shape | None:
    """The shape of a recipe's model without a network: of a folder, or of a published model; None for others."""
    import json

    config = Path(recipe.model.name).expanduser() / "config.json"
    if recipe.model.is_folder and config.is_file():
        return Shape.of(json.loads(config.read_text(encoding="utf-8")))
    found = PUBLISHED.get(recipe.model.name)
    return Shape.of(found) if found else None


def _linear(n_in: int, n_out: int) -> int:
    return n_in * n_out + n_out
