"""The model to train: loaded, frozen by group, with low-rank weights where a recipe wants them; and the proof of it.

The ledger counts trainable weights of a built model by group. It must equal what `shapes` counts from the config: a
run that trains something else than it says is stopped before its first step.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from finetune.network.attention import implementation, way
from finetune.network.groups import GROUPS, LORA, LORA_TARGETS, group_of_weight, is_copy
from finetune.network.hf import LlavaOnevisionConfig, LlavaOnevisionForConditionalGeneration, set_seed
from finetune.network.shapes import Shape, expected
from finetune.recipe import Recipe
from schemas.errors import CheckpointError, RecipeError

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32}


@dataclass(frozen=True)
class Count:
    """The weights of one group."""

    n_trainable: int = 0
    n_frozen: int = 0
    dtypes: tuple[str, ...] = ()
    """Of the trainable ones."""


@dataclass(frozen=True)
class Ledger:
    """What a model trains, by group; low-rank weights are the group `lora`."""

    groups: dict[str, Count]

    @property
    def n_trainable(self) -> int:
        """All trainable weights."""
        return sum(count.n_trainable for count in self.groups.values())

    @property
    def trained(self) -> set[str]:
        """Groups of the exported model that must change: low-rank weights are merged into the LLM's."""
        names = {name for name, count in self.groups.items() if count.n_trainable}
        return (names - {LORA}) | ({"llm"} if LORA in names else set())

    def written(self) -> dict[str, Any]:
        """As trainable.json has it."""
        return {"n_trainable": self.n_trainable, "groups": {name: asdict(count) for name, count in self.groups.items()}}


def load(recipe: Recipe) -> Any:
    """The recipe's model with its trainable weights. The seed is set first: low-rank weights begin at random.

    With zero = 0 trainable weights are float32, for nothing else holds a master copy: in bfloat16 a step of 1e-5
    leaves most weights as they are.
    """
    model = read_model(
        recipe.model.name,
        revision=recipe.model.revision,
        dtype=DTYPES[recipe.model.dtype],
        attention=recipe.model.attention,
    )
    return with_trainables(model, recipe)


def load_weights(recipe: Recipe, checkpoint: Path) -> Any:
    """The recipe's model with the weights of a checkpoint, however many processes wrote it."""
    if not recipe.lora:
        there = recipe.model.model_copy(update={"name": str(checkpoint.absolute()), "revision": None})
        return load(recipe.model_copy(update={"model": there}))
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    from finetune.network.lora import ADAPTER, check_loaded

    model = load(recipe)
    set_peft_model_state_dict(model, load_file(checkpoint / ADAPTER))
    check_loaded(model, checkpoint)
    return model


def read_model(
    name: str | Path, *, revision: str | None = None, dtype: torch.dtype | str = "auto", attention: str = "sdpa"
) -> Any:
    """A LLaVA-OneVision with every one of its tensors. CheckpointError names those that are missing or too many.

    Its language model attends by `attention` as recipes name it, so it takes the rows of `rows.pack`.
    """
    chosen = way(attention, dtype)
    try:
        model, said = LlavaOnevisionForConditionalGeneration.from_pretrained(
            str(Path(name).expanduser()) if str(name).startswith("~") else str(name),
            revision=revision,
            dtype=dtype,
            attn_implementation=implementation(chosen),
            output_loading_info=True,
        )
    except (OSError, ValueError, ImportError) as error:
        raise RecipeError(f"model {name}: cannot be loaded: {error}") from error
    except RuntimeError as error:  # shapes that do not fit its config
        raise CheckpointError(f"model {name}: {error}") from error
    wrong = {kind: sorted(map(str, names)) for kind, names in said.items() if names}
    if wrong:
        told = "; ".join(f"{kind.replace('_', ' ')}: {', '.join(names[:3])}" for kind, names in wrong.items())
        raise CheckpointError(f"model {name}: its file is not its config's: {told}")
    model.config.use_cache = False
    return model


def with_trainables(model: Any, recipe: Recipe) -> Any:
    """Freeze by group, add low-rank weights; gives the model to train, which peft may have wrapped."""
    wanted = {group for group, count in expected(recipe, Shape.of(model.config.to_dict())).items() if count}
    for name, weight in model.named_parameters():
        weight.requires_grad_(group_of_weight(name) in wanted)
    if recipe.lora:
        model = _with_lora(model, recipe)
    if recipe.run.zero == 0:
        for weight in model.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()
    return model


def on_meta(config: Any, recipe: Recipe) -> Any:
    """The model that a recipe trains, with shapes and no weights: for counting."""
    with torch.device("meta"):
        model = LlavaOnevisionForConditionalGeneration(config).to(DTYPES[recipe.model.dtype])
        return with_trainables(model, recipe)


def config_of(shape: Shape) -> Any:
    """A config of a shape; of what a shape does not say, the published models'."""
    return LlavaOnevisionConfig(
        vision_config=dict(shape.vision),
        text_config={**shape.text, "tie_word_embeddings": shape.is_tied},
        tie_word_embeddings=shape.is_tied,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
    )


def ledger_of(model: nn.Module) -> Ledger:
    """Count the weights of a model by group; tied ones count once."""
    counts: dict[str, Count] = {group: Count() for group in (*GROUPS, LORA)}
    for name, weight in model.named_parameters():
        if is_copy(name):
            continue
        group, size = group_of_weight(name), _size(weight)
        old = counts[group]
        if weight.requires_grad:
            dtypes = tuple(sorted({*old.dtypes, str(weight.dtype).removeprefix("torch.")}))
            counts[group] = Count(old.n_trainable + size, old.n_frozen, dtypes)
        else:
            counts[group] = Count(old.n_trainable, old.n_frozen + size, old.dtypes)
    return Ledger(counts)


def problems(ledger: Ledger, recipe: Recipe, shape: Shape) -> list[str]:
    """Where a model trains something else than its recipe says, or lacks exact master copies."""
    wanted = expected(recipe, shape)
    found = [
        f"{group}: {count.n_trainable:,} trainable weights, expected {wanted[group]:,}"
        for group, count in ledger.groups.items()
        if count.n_trainable != wanted[group]
    ]
    found += [
        f"{group}: {count.n_trainable + count.n_frozen:,} weights, expected {shape.groups[group]:,} by its config"
        for group, count in ledger.groups.items()
        if group != LORA and count.n_trainable + count.n_frozen != shape.groups[group]
    ]
    if recipe.run.zero == 0:
        found += [
            f"{group}: trainable in {', '.join(count.dtypes)}, expected float32 with zero = 0"
            for group, count in ledger.groups.items()
            if count.n_trainable and count.dtypes != ("float32",)
        ]
    return found


def check_ledger(model: nn.Module, recipe: Recipe, shape: Shape) -> Ledger:
    """The ledger. Raises CheckpointError with everything that is not as the recipe says."""
    ledger = ledger_of(model)
    wrong = problems(ledger, recipe, shape)
    if wrong:
        raise CheckpointError("what would be trained is not what the recipe says: " + "; ".join(wrong))
    return ledger


@contextmanager
def seeing_nothing(model: Any) -> Iterator[None]:
    """While it stands, a row may say that it has no picture (`no_picture`), and uses vision tower and projector anyway.

    Ranks gather weights and exchange gradients in the order in which modules are used. A rank whose row has no picture
    would skip some, and the others would wait for it for ever. The features of a zero picture are computed where a
    picture's are, and none of them is taken.
    """
    inner = _inner(model)
    features_of = inner.get_image_features

    def seen(pixel_values: Tensor, image_sizes: Tensor, **given: Any) -> Any:
        counts = given.get("batch_num_images")
        if counts is None or counts.numel():
            return features_of(pixel_values, image_sizes, **given)
        given["batch_num_images"] = torch.tensor([2], device=image_sizes.device)  # one crop, not one and its parts
        found = features_of(pixel_values, image_sizes, **given)
        found.pooler_output = [features[:0] for features in found.pooler_output]
        return found

    inner.get_image_features = seen
    try:
        yield
    finally:
        del inner.get_image_features


def no_picture(model: Any, device: Any) -> dict[str, Tensor]:
    """What a row without a picture gives the model instead of one."""
    side = _inner(model).config.vision_config.image_size
    return {
        "pixel_values": torch.zeros(1, 1, 3, side, side, device=device),
        "image_sizes": torch.tensor([[side, side]], device=device),
        "batch_num_images": torch.zeros(0, dtype=torch.long, device=device),
    }


def _inner(model: Any) -> Any:
    """The model below peft and below the head."""
    return (model.get_base_model() if hasattr(model, "get_base_model") else model).model


def _with_lora(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model

    lora, trainable = recipe.lora, recipe.trainable
    beside = {"multi_modal_projector": trainable.projector, "vision_tower": trainable.vision}
    whole = [module for module, how in beside.items() if how == "full"]
    set_seed(recipe.run.seed)
    settings = LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        use_rslora=lora.rslora,
        target_modules=LORA_TARGETS,
        modules_to_save=whole or None,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, settings)


def _size(weight: Any) -> int:
    return int(getattr(weight, "ds_numel", weight.numel()))  # ZeRO-3 leaves an empty tensor and its size
