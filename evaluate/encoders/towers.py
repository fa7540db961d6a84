"""A vision tower as a Hugging Face folder: SigLIP, or any other that transformers loads and that gives patch tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import schemas.torchvision_cpu  # noqa: F401  before transformers
from evaluate.tasks.benchmark import Task
from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint, sha256_of
from schemas.pictures import opened_rgb

FEATURES_VERSION = 1
"""Raised when the same tower starts to give other numbers."""
OF_FOLDER = ("*.safetensors", "config.json", "preprocessor_config.json", "processor_config.json")


@dataclass(frozen=True)
class Tower:
    """A frozen tower: of each picture the mean over its patches beside the pooled vector, where there is one."""

    folder: str
    weights_sha: str
    device: str = "cpu"
    batch: int = 8
    kinds: tuple[str, ...] = ("patches_and_pooled",)

    @property
    def name(self) -> str:
        """The folder's name."""
        return Path(self.folder).name

    @property
    def sha(self) -> str:
        """Of its files, and of what is made of their output."""
        return fingerprint({"weights": self.weights_sha, "kinds": self.kinds, "version": FEATURES_VERSION})

    def encoded(self, tasks: Sequence[Task]) -> Mapping[str, NDArray[np.float32]]:
        """(n_pictures, n_features) float32."""
        import torch

        loaded = load_tower(self.folder, self.device)
        with torch.inference_mode():
            found = [
                loaded.features(loaded.pixels(tasks[start : start + self.batch]).to(self.device)).float().cpu().numpy()
                for start in range(0, len(tasks), self.batch)
            ]
        return {self.kinds[0]: np.concatenate(found)}


class LoadedTower:
    """A tower with its preparation of pictures."""

    def __init__(self, folder: str, device: str) -> None:
        import torch
        from transformers import AutoImageProcessor, AutoModel
        from transformers.utils import logging

        logging.disable_progress_bar()
        try:
            self.processor: Any = AutoImageProcessor.from_pretrained(folder)
            model: Any = AutoModel.from_pretrained(folder, dtype=torch.float32, use_safetensors=True)
        except (OSError, ValueError, ImportError, KeyError) as error:
            raise RecipeError(f"encoder {folder}: cannot be loaded: {error}") from error
        self.network: Any = getattr(model, "vision_model", model).to(device).eval()

    def pixels(self, tasks: Sequence[Task]) -> Any:
        """(n_pictures, 3, height, width), as the tower was trained to see them."""
        images = [opened_rgb(one.png, f"picture {one.picture_id}") for one in tasks]
        return self.processor(images=images, return_tensors="pt")["pixel_values"]

    def features(self, pixels: Any) -> Any:
        """(n_pictures, n_features): the mean over patches, then the pooled vector where there is one."""
        import torch

        seen = self.network(pixel_values=pixels)
        patches = seen.last_hidden_state
        if patches.ndim == 4:  # noqa: PLR2004  # a convolutional tower: channels before height and width
            patches = patches.flatten(2).transpose(1, 2)
        pooled = getattr(seen, "pooler_output", None)
        found = [patches.mean(1), *([] if pooled is None else [pooled.flatten(1)])]
        return torch.cat(found, dim=1)


def tower(folder: Path, *, device: str = "cpu", batch: int = 8) -> Tower:
    """The tower of a folder. RecipeError where it holds no safetensors or no configuration."""
    if not (folder / "config.json").is_file() or not list(folder.glob("*.safetensors")):
        raise RecipeError(f"--encoder {folder}: no encoder there: it must hold config.json and *.safetensors")
    files = sorted({file for pattern in OF_FOLDER for file in folder.glob(pattern)})
    digests = [[file.name, _sha256(file, file.stat().st_mtime_ns)] for file in files]
    return Tower(str(folder.resolve()), fingerprint(digests), device, batch)


@lru_cache(maxsize=1)
def load_tower(folder: str, device: str) -> LoadedTower:
    """The tower of this process; a second one takes its place."""
    return LoadedTower(folder, device)


@lru_cache(maxsize=256)
def _sha256(file: Path, _modified: int) -> str:
    return sha256_of(file)
