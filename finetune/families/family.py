"""What the rest of finetune asks of a family of models; a family's file answers it.

A family imports torch, transformers and numpy where it needs them and not before: `--help` is quick, and a model that
is not there is told at once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Integers: TypeAlias = "NDArray[np.int64]"


@dataclass(frozen=True)
class LoraTower:
    """The linear layers of a vision tower's blocks."""

    targets: str
    """A pattern of their names in memory."""
    ends: Callable[[Mapping[str, Any]], list[tuple[int, int]]]
    """Inputs and outputs of each, of all blocks, by the config of the whole model."""


class Family(Protocol):
    """One family. Its groups, and the groups of `weights_beside`, are what a recipe may train or freeze."""

    @property
    def name(self) -> str:
        """As `model_type` of its config says."""
        ...

    @property
    def title(self) -> str:
        """For people."""
        ...

    @property
    def texts(self) -> tuple[str, ...]:
        """The LLMs that are known to it, as `model_type` of their config says."""
        ...

    @property
    def model_class(self) -> str:
        """In transformers, as is `processor_class`."""
        ...

    @property
    def processor_class(self) -> str:
        """Tokenizer and image processor in one."""
        ...

    @property
    def template(self) -> str:
        """The name of its chat template: one with `<|im_start|>` and `<|im_end|>`."""
        ...

    @property
    def has_system(self) -> bool:
        """Whether the template puts a system turn before a conversation that has none."""
        ...

    @property
    def placeholder(self) -> str:
        """The token that stands once for each feature of a picture."""
        ...

    @property
    def picture_in_template(self) -> str:
        """What the template makes of a picture."""
        ...

    @property
    def picture_in_row(self) -> str:
        """What the processor makes of that, the picture's token standing once."""
        ...

    @property
    def groups(self) -> Mapping[str, str]:
        """A pattern of each group of weights, of names as they stand in files."""
        ...

    @property
    def layers(self) -> str:
        """A pattern of the names of the LLM's layers in files; its one group is the number."""
        ...

    @property
    def lora_targets(self) -> str:
        """The linear layers of the LLM, by names in memory. Bare names, `q_proj` and so on, hit vision towers too."""
        ...

    @property
    def lora_tower(self) -> "LoraTower | None":
        """Low-rank weights beside its vision tower; None: nobody said yet of which layers."""
        ...

    @property
    def published(self) -> Mapping[str, Mapping[str, Any]]:
        """Configs of models at the hub, as far as sizes go."""
        ...

    @property
    def tiny_tokens(self) -> Mapping[str, str]:
        """Of its tiny model: special tokens by the names under which a tokenizer keeps them."""
        ...

    def one_spelling(self, name: str) -> str:
        """A tensor's name in a file, where some versions spell it otherwise than others."""
        ...

    def name_in_file(self, name: str) -> str:
        """How the tensor of a loaded model, without peft's words, is called in a file."""
        ...

    def text(self, config: Mapping[str, Any]) -> Mapping[str, Any]:
        """The LLM's part of a config."""
        ...

    def weights_beside(self, config: Mapping[str, Any]) -> dict[str, int]:
        """How many weights each group has that is not of the LLM, counted from the config."""
        ...

    def modules(self, config: Any) -> Mapping[str, tuple[str, ...]]:
        """The modules of each group that may be trained whole beside low-rank weights; no lists of modules."""
        ...

    def small_config(self, config: Any) -> None:
        """Make the vision tower of a config two thin layers, of as many tokens as before."""
        ...

    def n_picture_tokens(self, processor: Any, sizes_px: Sequence[tuple[int, int]]) -> list[int]:
        """How often its token stands for each picture of one record, from heights and widths."""
        ...

    def pictures(self, processor: Any, images: Sequence[Any]) -> dict[str, Any]:
        """What the model is given of the pictures of one record; rows join it along the first axis."""
        ...

    def positions(self, processor: Any, ids: Integers, sizes_px: Sequence[tuple[int, int]]) -> Integers:
        """Places of the tokens of one dialogue as the model counts them, [n] or [3, n]: time, height and width."""
        ...

    def n_features(self, model: Any, given: Mapping[str, Any]) -> int:
        """Features of the pictures that a processor gave, by a model on the meta device: shapes only."""
        ...

    def zero_picture(self, model: Any) -> dict[str, Any]:
        """The smallest picture that the model can look at, all zero, as `pictures` gives it; `model` is below peft."""
        ...

    def tiny_model(self, tokenizer: Any) -> tuple[Any, Any]:
        """The config of a model of a few thousand weights, and its processor without a chat template."""
        ...


def library(name: str) -> Any:
    """A class of transformers, which finds a torchvision that works without CUDA when it is first imported."""
    import schemas.torchvision_cpu  # noqa: F401  before transformers

    # isort: split
    import transformers

    return getattr(transformers, name)


def counted(ids: Integers) -> Integers:
    """Places one after another: of a model that counts tokens, and nothing else."""
    import numpy as np

    return np.arange(len(ids))


def linear(n_in: int, n_out: int, *, has_bias: bool = True) -> int:
    """Weights of a linear layer."""
    return n_in * n_out + n_out * has_bias
