"""How a network that is trained sees a picture, and what it is: a small one, or a vision tower with a linear head."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from PIL import Image

from evaluate.encoders.towers import LoadedTower
from evaluate.tasks.benchmark import Task
from schemas.pictures import opened

N_QUARTERS = 4  # of a turn; each also mirrored, for the sky has no up


@dataclass(frozen=True)
class SmallEyes:
    """How the small network sees a picture."""

    side_px: int = 75
    middle: float = 0.5
    """Share of the picture's side that is looked at, around its centre."""
    width: int = 16
    """Channels of the first layer."""
    gamma: float = 0.5
    """Exponent of the greys, 0 to 1: the root, so that faint emission counts."""
    in_colour: bool = False
    """Whether it sees red, green and blue; grey pictures are then seen three times."""

    def seeing(self, tasks: Sequence[Task]) -> "SmallEyes":
        """The eyes for these pictures: in colour where one of them is."""
        return replace(self, in_colour=any(_has_colours(one) for one in tasks))

    def pixels(self, tasks: Sequence[Task]) -> Any:
        """(n_pictures, 1 or 3, side_px, side_px), 0 to 1."""
        import torch

        found = np.empty((len(tasks), 3 if self.in_colour else 1, self.side_px, self.side_px), np.float32)
        for k, one in enumerate(tasks):
            image = opened(one.png, f"picture {one.picture_id}").convert("RGB" if self.in_colour else "L")
            inset = [side * (1 - self.middle) / 2 for side in image.size]
            box = (inset[0], inset[1], image.width - inset[0], image.height - inset[1])
            size = (self.side_px, self.side_px)
            seen = np.asarray(image.resize(size, Image.Resampling.BOX, box=box), np.float32)
            found[k] = np.moveaxis(np.atleast_3d(seen), 2, 0)
        return torch.from_numpy((found / 255.0) ** self.gamma)

    def network(self, n_classes: int) -> Any:
        """Four convolutions, each halving the side; mean and maximum of what is left go to a linear layer."""
        from torch import nn

        layers = list[nn.Module]()
        n_in = 3 if self.in_colour else 1
        for n_out in (self.width, 2 * self.width, 4 * self.width, 8 * self.width):
            layers += [nn.Conv2d(n_in, n_out, 3, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(),
                       nn.MaxPool2d(2)]  # fmt: skip
            n_in = n_out
        return nn.ModuleDict({
            "body": nn.Sequential(*layers), "drop": nn.Dropout(0.3), "head": nn.Linear(2 * n_in, n_classes)
        })  # fmt: skip

    def scores(self, network: Any, pixels: Any) -> Any:
        """(n_pictures, n_classes)."""
        import torch

        seen = network["body"](pixels)
        return network["head"](network["drop"](torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], dim=1)))

    def copies(self, pixels: Any) -> Iterator[Any]:
        """The same pictures in all quarter turns, each also mirrored."""
        for k in range(N_QUARTERS):
            once = pixels.rot90(k, (2, 3))
            yield once
            yield once.flip(3)


@dataclass(frozen=True)
class TowerEyes:
    """A vision tower that is trained with its head."""

    tower: LoadedTower

    def pixels(self, tasks: Sequence[Task]) -> Any:
        """As the tower was trained to see them."""
        return self.tower.pixels(tasks)

    def network(self, n_classes: int) -> Any:
        """The tower and a linear layer on its features."""
        import torch
        from torch import nn

        with torch.no_grad():
            device = next(self.tower.network.parameters()).device
            width = self.tower.features(self.tower.pixels([_blank()]).to(device)).shape[1]
        return nn.ModuleDict({"body": self.tower.network, "head": nn.Linear(width, n_classes)})

    def scores(self, network: Any, pixels: Any) -> Any:
        """(n_pictures, n_classes)."""
        return network["head"](self.tower.features(pixels))

    def copies(self, pixels: Any) -> Iterator[Any]:
        """The pictures as they are: each copy would cost a forward through the tower."""
        yield pixels


Eyes = SmallEyes | TowerEyes


def _has_colours(task: Task) -> bool:
    image = opened(task.png, f"picture {task.picture_id}")
    if image.mode == "L":
        return False
    seen = np.asarray(image)
    return bool((seen[..., :1] != seen[..., 1:]).any())


def _blank() -> Task:
    """A picture to learn a tower's width from."""
    sink = io.BytesIO()
    Image.new("L", (64, 64)).save(sink, "PNG")
    return Task("blank", "", (), {}, "", "train", png=sink.getvalue())
