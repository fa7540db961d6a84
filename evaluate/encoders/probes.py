"""What is still to be seen of a picture inside a vision-language model, layer by layer.

`after_projector`: the mean over the picture's tokens as they enter the language model. `llm_layer_k`: the last token of
the prompt after layer k, where all that the answer is made of must be. A logistic head on each shows where what the
vision tower saw is lost. The prompt is the benchmark's, in the wording `fixed`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from curation.asking.request import Request, Served
from evaluate.asking.hf_model import HfModel
from evaluate.asking.local import LocalBackend
from evaluate.tasks.benchmark import Benchmark, Task
from evaluate.tasks.prompt import prompt_for
from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint

AFTER_PROJECTOR = "after_projector"
PROBES_VERSION = 1
"""Raised when the same model starts to give other numbers."""


@dataclass(frozen=True)
class Probed:
    """A model in this process, and what it is asked while it is looked into."""

    model: LocalBackend
    system: str
    text: str
    n_layers: int

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.served.model

    @property
    def sha(self) -> str:
        """Of weights, template and prompt."""
        asked = {"system": self.system, "text": self.text, "version": PROBES_VERSION}
        return fingerprint({"model": self.model.model_sha, "template": self.model.template_sha, **asked})

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every place that is looked at, in the order in which a picture passes them."""
        return (AFTER_PROJECTOR, *(layer_name(k, self.n_layers) for k in range(1, self.n_layers + 1)))

    def encoded(self, tasks: Sequence[Task]) -> Mapping[str, NDArray[np.float32]]:
        """Of each place (n_pictures, n_features), from one forward a picture."""
        loaded = _loaded(self.model.folder, self.model.dtype, self.model.device)
        rows = [_states(loaded, Request(Served(self.name), self.system, self.text, one.png)) for one in tasks]
        return {kind: np.stack([row[k] for row in rows]) for k, kind in enumerate(self.kinds)}


def probed(model: LocalBackend, benchmark: Benchmark) -> Probed:
    """The model with the benchmark's question. RecipeError where its layers cannot be looked into."""
    prompt = prompt_for(benchmark)
    config = _loaded(model.folder, model.dtype, model.device).model.config
    text = getattr(config, "text_config", None)
    if text is None or not hasattr(config, "image_token_id"):
        raise RecipeError(f"{model.served.model}: no probes: a {type(config).__name__} tells no picture tokens")
    return Probed(model, prompt.system, prompt.text, int(text.num_hidden_layers))


def layer_name(k: int, n_layers: int) -> str:
    """Such as llm_layer_07: of equal length, so that names sort as layers do."""
    return f"llm_layer_{k:0{len(str(n_layers))}d}"


def _states(loaded: HfModel, request: Request) -> list[NDArray[np.float32]]:
    """The mean picture token, then the last token of the prompt after each layer; after the last one normalised."""
    torch, model = loaded.torch, loaded.model
    given = {
        name: one.to(model.dtype if one.is_floating_point() else one.dtype).to(loaded.device)
        for name, one in loaded.given(request).items()
    }
    with torch.inference_mode():
        layers = model(**given, output_hidden_states=True, use_cache=False, logits_to_keep=1).hidden_states
    is_picture = given["input_ids"][0] == model.config.image_token_id
    if not bool(is_picture.any()):
        raise RecipeError("the prompt holds no picture tokens: is this a model of pictures and words?")
    found = [layers[0][0][is_picture].mean(0), *(one[0, -1] for one in layers[1:])]
    return [one.float().cpu().numpy() for one in found]


@lru_cache(maxsize=1)
def _loaded(folder: str, dtype: str, device: str) -> HfModel:
    """The model of this process; a second one takes its place."""
    return HfModel(folder, dtype, device)
