"""The model to train: loaded, frozen by group, with low-rank weights where a recipe wants them; and the proof of it.

The ledger counts trainable weights of a built model by group. It must equal what `shapes` counts from the config: a
run that trains something else than it says is stopped before its first step.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from inspect import signature
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from finetune.families.family import library
from finetune.families.known import family_named, family_of
from finetune.network.attention import implementation, way
from finetune.network.groups import LORA, group_of_weight, is_copy
from finetune.network.hf import AutoConfig, read_config, set_seed
from finetune.network.low_rank import targets
from finetune.network.shapes import Shape, expected
from finetune.recipe import Recipe
from schemas.errors import CheckpointError, RecipeError

FEATURES = {"pooler_output", "deepstack_features"}  # what a tower gives the LLM: at its entry, and in its layers
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
    merged_into: tuple[str, ...] = ("llm",)
    """The groups beside whose layers low-rank weights stand."""

    @property
    def n_trainable(self) -> int:
        """All trainable weights."""
        return sum(count.n_trainable for count in self.groups.values())

    @property
    def trained(self) -> set[str]:
        """Groups of the exported model that must change: low-rank weights are merged into what they stand beside."""
        names = {name for name, count in self.groups.items() if count.n_trainable}
        return (names - {LORA}) | (set(self.merged_into) if LORA in names else set())

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
    """A model of a known family with every one of its tensors. CheckpointError names those missing or too many.

    Its language model attends by `attention` as recipes name it, so it takes the rows of `rows.pack`.
    """
    chosen = way(attention, dtype)
    config = read_config(name, revision)
    try:
        model, said = library(family_named(config.model_type).model_class).from_pretrained(
            str(Path(name).expanduser()) if str(name).startswith("~") else str(name),
            config=config,
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
    model.config.tie_word_embeddings = _is_tied(model)
    model.config.use_cache = False
    return model


def with_trainables(model: Any, recipe: Recipe) -> Any:
    """Freeze by group, add low-rank weights; gives the model to train, which peft may have wrapped."""
    wanted = {group for group, count in expected(recipe, Shape.of(model.config.to_dict())).items() if count}
    family = family_of(model)
    for name, weight in model.named_parameters():
        weight.requires_grad_(group_of_weight(name, family) in wanted)
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
        model = built(config).to(DTYPES[recipe.model.dtype])
        return with_trainables(model, recipe)


def built(config: Any) -> Any:
    """The model of a config, on the device and in the dtype that stand; its weights are new."""
    return library(family_named(config.model_type).model_class)(config)


def config_of(shape: Shape) -> Any:
    """A config of a shape; of what a shape does not say, what transformers takes by habit."""
    said = {name: value for name, value in shape.config.items() if name != "model_type"}
    text = {**shape.text, "tie_word_embeddings": shape.is_tied}
    return AutoConfig.for_model(
        shape.family.name, **{**said, "text_config": text, "tie_word_embeddings": shape.is_tied}
    )


def ledger_of(model: nn.Module) -> Ledger:
    """Count the weights of a model by group; tied ones count once."""
    family = family_of(model)
    counts: dict[str, Count] = {group: Count() for group in (*family.groups, LORA)}
    beside = set[str]()
    for name, weight in model.named_parameters():
        if is_copy(name):
            continue
        if ".base_layer.weight" in name:
            beside.add(group_of_weight(name, family))
        group, size = group_of_weight(name, family), _size(weight)
        old = counts[group]
        if weight.requires_grad:
            dtypes = tuple(sorted({*old.dtypes, str(weight.dtype).removeprefix("torch.")}))
            counts[group] = Count(old.n_trainable + size, old.n_frozen, dtypes)
        else:
            counts[group] = Count(old.n_trainable, old.n_frozen + size, old.dtypes)
    return Ledger(counts, tuple(sorted(beside)) or ("llm",))


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
    names = list(signature(features_of).parameters)

    def seen(*values: Any, **given: Any) -> Any:
        asked = {**dict(zip(names, values, strict=False)), **given}
        if asked["pixel_values"].shape[0]:
            return features_of(**asked)
        zero = {name: value.to(asked["pixel_values"].device) for name, value in _zero_picture(model).items()}
        found = features_of(**{**asked, **zero})
        for name in FEATURES & found.keys():  # of all pictures together, or one after another
            features = found[name]
            setattr(found, name, features[:0] if isinstance(features, Tensor) else [one[:0] for one in features])
        return found

    inner.get_image_features = seen
    try:
        yield
    finally:
        del inner.get_image_features


def no_picture(model: Any, device: Any) -> dict[str, Tensor]:
    """What a row without a picture gives the model: as many as none, in the shape of one."""
    return {name: value[:0].to(device) for name, value in _zero_picture(model).items()}


def _zero_picture(model: Any) -> dict[str, Tensor]:
    inner = _inner(model)
    return family_of(inner).zero_picture(inner)


def _is_tied(model: Any) -> bool:
    return model.get_output_embeddings().weight is model.get_input_embeddings().weight


def _inner(model: Any) -> Any:
    """The model below peft and below the head."""
    return (model.get_base_model() if hasattr(model, "get_base_model") else model).model


def _with_lora(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model

    lora, trainable, family = recipe.lora, recipe.trainable, family_of(model)
    modules = family.modules(model.config)
    beside = {"projector": trainable.projector, "vision": trainable.vision}
    lacking = [group for group, how in beside.items() if how == "full" and group not in modules]
    if lacking:
        raise RecipeError(
            f"trainable.{lacking[0]}: beside low-rank weights that of {family.title} is no module that peft can keep "
            'whole; expected "frozen", or trainable.llm = "full"'
        )
    whole = [module for group, how in beside.items() if how == "full" for module in modules[group]]
    set_seed(recipe.run.seed)
    settings = LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,
        lora_dropout=lora.dropout,
        use_rslora=lora.rslora,
        target_modules=targets(lora, family),
        modules_to_save=whole or None,
        task_type="CAUSAL_LM",
    )
    return get_peft_model(model, settings)


def _size(weight: Any) -> int:
    return int(getattr(weight, "ds_numel", weight.numel()))  # ZeRO-3 leaves an empty tensor and its size
