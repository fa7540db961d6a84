"""A training run as a value: one TOML file, checked as a whole before anything is loaded.

The defaults are the settings of the paper (Riggi et al. 2025, section 3.2), so a preset of the paper says only what is
its own. Presets lie in recipes/, one file a run; a path to another TOML file serves as well.
"""

import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint
from schemas.folder import read_toml, validation_lines

FOLDER = Path(__file__).parent / "recipes"
# What may change between a run and its resumption: none of it changes a weight.
RUN_ONLY = {"keep", "save_every", "probe_every", "workers", "gradient_checkpointing"}
NOT_WEIGHTS = {"title", "family", "assumptions", "merges"}
REVISIONS = {  # the commits of the hub that the presets mean
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": "0d50680527681998e456c7b78950205bedd8a068",
    "llava-hf/llava-onevision-qwen2-0.5b-ov-hf": "74dd0bf867a4cda7950c17663794267c60cf4b40",
    "OpenGVLab/InternVL3-2B-hf": "cb57a075cb75a2e6d1b668b128d48bb00ae321d2",
    "OpenGVLab/InternVL3-8B-hf": "259a3b64a14623c0ec91a045cb43f7c5af5fa6af",
    "Qwen/Qwen2.5-VL-3B-Instruct": "66285546d2b821cf421d4f5eb2576359d3770cd3",
    "Qwen/Qwen2.5-VL-7B-Instruct": "cc594898137f460bfe9f0759e9844b3ce807cfb5",
    "Qwen/Qwen3-VL-2B-Instruct": "89644892e4d85e24eaac8bacfd4f463576704203",
    "Qwen/Qwen3-VL-4B-Instruct": "ebb281ec70b05090aa6165b016eac8ec08e71b17",
    "Qwen/Qwen3-VL-8B-Instruct": "0c351dd01ed87e9c1b53cbc748cba10e6187ff3b",
}
BASE = next(iter(REVISIONS))
ROUNDING = 1e-9
Share = Annotated[float, Field(ge=0, le=1)]
Linear = Literal["q", "k", "v", "o", "gate", "up", "down"]
LINEARS: tuple[Linear, ...] = ("q", "k", "v", "o", "gate", "up", "down")
LATER = {"on": LINEARS, "vision": False}  # of [lora]: where it says nothing of them a run is the one that it was


class Table(BaseModel):
    """A table of a recipe; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Model(Table):
    """The model to begin from: a name at the hub, or a folder."""

    name: str = BASE
    revision: str | None = REVISIONS[BASE]
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    attention: Literal["auto", "sdpa", "flash_attention_2", "flex_attention", "eager"] = "auto"
    """How the language model attends; auto is the quickest way that is here (`network.attention`)."""
    template: str | None = None
    """By name; none: that of the model's family, which is the only one it takes."""

    @model_validator(mode="before")
    @classmethod
    def _pinned(cls, said: dict[str, Any]) -> dict[str, Any]:
        if isinstance(said, dict) and "revision" not in said:
            return {**said, "revision": REVISIONS.get(said.get("name", BASE))}
        return said

    @property
    def is_folder(self) -> bool:
        """Whether the name is a path: where a model lies is no part of what it is."""
        return self.name.startswith((".", "/", "~"))


class Trainable(Table):
    """Which groups of weights may change."""

    llm: Literal["full", "lora", "frozen"] = "full"
    projector: Literal["full", "frozen"] = "full"
    newline: bool = True
    vision: Literal["full", "frozen"] = "frozen"
    lr_projector: Annotated[float, Field(gt=0)] | None = None
    lr_vision: Annotated[float, Field(gt=0)] | None = None


class Lora(Table):
    """Low-rank weights beside the LLM's linear layers."""

    r: Annotated[int, Field(ge=1)] = 64
    alpha: Annotated[int, Field(ge=1)] = 128
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.05
    rslora: bool = False
    on: Annotated[tuple[Linear, ...], Field(min_length=1)] = LINEARS
    """Beside which of a layer's linear ones."""
    vision: bool = False
    """Also beside those of the vision tower's blocks, which stays as it is otherwise."""

    @property
    def is_everywhere(self) -> bool:
        """Whether they stand beside every linear layer of the LLM."""
        return set(self.on) == set(LINEARS)


class Optim(Table):
    """AdamW and its schedule; `warmup` is a share of all steps."""

    lr: Annotated[float, Field(gt=0)] = 1e-5
    schedule: Literal["cosine", "cosine_with_min_lr", "linear", "constant"] = "cosine"
    min_lr: Annotated[float, Field(gt=0)] | None = None
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.03
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    clip: Annotated[float, Field(gt=0)] = 1.0
    name: Literal["adamw", "sgd"] = "adamw"


class Batch(Table):
    """Rows of one optimiser step: per_device x accumulate on each GPU, global_batch on all."""

    per_device: Annotated[int, Field(ge=1)] = 1
    accumulate: Annotated[int, Field(ge=1)] = 2
    global_batch: Annotated[int, Field(ge=1)] = 8

    @property
    def n_gpus(self) -> int:
        """The number of processes that this batch asks for."""
        return self.global_batch // (self.per_device * self.accumulate)


class Turns(Table):
    """How the turns of a conversation lie in a row. `pack_tokens`: rows of several pictures; none: one record a row."""

    layout: Literal["sequential", "isolated"] = "sequential"
    share_pictures: bool = True
    """Whether records of the same pictures stand in one row, which holds the pictures once; with pack_tokens only."""
    share_sequential: Share = 0.0
    max_tokens: Annotated[int, Field(ge=16)] = 32768
    pack_tokens: Annotated[int, Field(ge=16)] | None = None
    turns_per_image: Annotated[int, Field(ge=1)] | None = None


class Loss(Table):
    """What is learned, and what weighs equally: a token, a record or a turn."""

    on: Literal["llava_next", "answers"] = "llava_next"
    norm: Literal["sample", "token", "turn"] = "sample"


class Run(Table):
    """Length, chance, and what is kept of it."""

    epochs: Annotated[int, Field(ge=1)] = 1
    max_steps: Annotated[int, Field(ge=1)] | None = None
    seed: Annotated[int, Field(ge=0)] = 42
    save_every: Annotated[int, Field(ge=1)] = 500
    keep: Annotated[int, Field(ge=1)] = 2
    probe_every: Annotated[int, Field(ge=0)] = 500
    zero: Literal[0, 2, 3] = 2
    gradient_checkpointing: bool = True
    workers: Annotated[int, Field(ge=0)] = 4


class Source(Table):
    """A part of the data by its tag. `weight` is its share of an epoch's records, `count` their number.

    Without either, every record comes once an epoch; these fill what the shares leave.
    """

    tag: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    weight: Annotated[float, Field(gt=0, le=1)] | None = None
    count: Annotated[int, Field(ge=1)] | None = None
    is_replay: bool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.weight is not None and self.count is not None:
            raise ValueError("weight and count exclude each other")
        return self


class Recipe(Table):
    """One training run."""

    title: str
    family: Literal["paper", "ours", "small", "smoke"] = "ours"
    assumptions: tuple[str, ...] = ()
    model: Model = Model()
    trainable: Trainable = Trainable()
    lora: Lora | None = None
    optim: Optim = Optim()
    batch: Batch = Batch()
    turns: Turns = Turns()
    loss: Loss = Loss()
    run: Run = Run()
    data: Annotated[tuple[Source, ...], Field(min_length=1)]
    merges: tuple[Share, ...] = ()
    """Shares of what was trained that are mixed with the base after the run: a model each."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        wrong = [message for is_wrong, message in self._contradictions() if is_wrong]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _contradictions(self) -> list[tuple[bool, str]]:
        batch, turns, tags = self.batch, self.turns, [source.tag for source in self.data]
        each = batch.per_device * batch.accumulate
        weights = [source.weight for source in self.data if source.weight is not None]
        has_rest = any(source.weight is None for source in self.data)
        return [
            ((self.trainable.llm == "lora") != (self.lora is not None), 'lora goes with trainable.llm = "lora" only'),
            (
                self.trainable.llm == "lora" and self.trainable.newline,
                "newline is a bare weight, which peft cannot keep beside LoRA: newline = false",
            ),
            (
                self.trainable.lr_vision is not None and self.trainable.vision == "frozen",
                'lr_vision goes with vision = "full" only',
            ),
            (
                self.lora is not None and self.lora.vision and self.trainable.vision == "full",
                'lora.vision goes with trainable.vision = "frozen" only',
            ),
            (
                (self.optim.schedule == "cosine_with_min_lr") != (self.optim.min_lr is not None),
                'min_lr goes with schedule = "cosine_with_min_lr" only',
            ),
            (
                batch.global_batch % each != 0,
                f"global_batch {batch.global_batch} is no multiple of per_device x accumulate = {each}",
            ),
            (
                turns.pack_tokens is not None and turns.pack_tokens > turns.max_tokens,
                f"pack_tokens {turns.pack_tokens} is above max_tokens {turns.max_tokens}",
            ),
            (
                turns.layout == "sequential" and (turns.share_sequential > 0 or turns.turns_per_image is not None),
                'share_sequential and turns_per_image go with layout = "isolated" only',
            ),
            (
                turns.layout == "isolated" and self.loss.on == "llava_next",
                'isolated turns share their header, so it cannot be learned once a turn: loss.on = "answers"',
            ),
            (
                (turns.layout == "isolated" or turns.pack_tokens is not None or batch.per_device > 1)
                and self.model.attention == "eager",
                'attention = "eager" lets all turns and records of a row see each other, in silence; expected "auto" '
                "with isolated turns and rows of several records",
            ),
            (
                self.model.attention == "flash_attention_2" and self.model.dtype != "bfloat16",
                'attention = "flash_attention_2" needs dtype = "bfloat16"',
            ),
            (len(set(tags)) < len(tags), f"a tag stands twice: {', '.join(tags)}"),
            (len(set(self.merges)) < len(self.merges), "a share stands twice in merges"),
            (
                sum(weights) > 1 + ROUNDING or (has_rest and sum(weights) >= 1),
                f"the weights of data are shares of an epoch and sum to {sum(weights):g}; others need room below 1",
            ),
            (
                not has_rest and abs(sum(weights) - 1) > ROUNDING,
                f"every source has a weight, so they must sum to 1; they sum to {sum(weights):g}",
            ),
        ]

    @cached_property
    def fingerprint(self) -> str:
        """A hash of what changes weights. Paths, what is kept, workers and the launcher do not."""
        said = self.model_dump(exclude=NOT_WEIGHTS)
        said["run"] = {key: value for key, value in said["run"].items() if key not in RUN_ONLY}
        if self.model.is_folder:
            del said["model"]["name"], said["model"]["revision"]
        if said["lora"]:
            said["lora"] = {key: one for key, one in said["lora"].items() if LATER.get(key, ...) != one}
        return fingerprint(said)

    @property
    def changes_vision(self) -> bool:
        """Whether the vision tower of the exported model is another than the base's."""
        return self.trainable.vision == "full" or (self.lora is not None and self.lora.vision)

    @property
    def tags(self) -> tuple[str, ...]:
        """The sources of data, in the recipe's order."""
        return tuple(source.tag for source in self.data)


def recipe(name_or_path: str | Path, overrides: Mapping[str, str] | None = None) -> Recipe:
    """A preset by name or a TOML file by path. RecipeError names every mistake of the file at once.

    `overrides` are values by dotted key, as TOML has them: {"batch.accumulate": "4", "model.name": "/models/tiny"}.
    """
    path = _file(name_or_path)
    try:
        said = read_toml(path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"{path}: not a TOML file: {error}") from error
    except RecursionError:
        raise RecipeError(f"{path}: nested too deep, expected a few levels") from None
    for key, value in (overrides or {}).items():
        _put(said, key, value)
    try:
        return Recipe.model_validate(said)
    except ValidationError as error:
        lines = validation_lines(Recipe, error)
        raise RecipeError("\n".join(f"{_origin(line, overrides or {}, path)}: {line}" for line in lines)) from error


def _origin(line: str, overrides: Mapping[str, str], path: Path) -> str:
    """Where the key of a line was said: on the command line, or in the file."""
    key = line.split(":")[0]
    return "--set" if any(one == key or one.startswith(f"{key}.") for one in overrides) else str(path)


def recipes() -> dict[str, Recipe]:
    """All presets by name."""
    return {path.stem: recipe(path) for path in sorted(FOLDER.glob("*.toml"))}


def _file(name_or_path: str | Path) -> Path:
    path = Path(name_or_path)
    if path.suffix == ".toml":
        return path
    preset = FOLDER / f"{name_or_path}.toml"
    if not preset.is_file():
        known = ", ".join(sorted(one.stem for one in FOLDER.glob("*.toml")))
        raise RecipeError(f"recipe {str(name_or_path)!r} does not exist; known: {known}; or give a path to a .toml")
    return preset


def _put(said: dict[str, Any], key: str, value: str) -> None:
    """Set a dotted key. A value that is no TOML is taken as text, so that paths need no quotes."""
    *tables, last = key.split(".")
    for name in tables:
        said = said.setdefault(name, {})
        if not isinstance(said, dict):
            raise RecipeError(f"--set {key}: {name} is no table of a recipe")
    try:
        said[last] = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        said[last] = value
