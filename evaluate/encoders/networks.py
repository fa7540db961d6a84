"""Networks that are trained on a benchmark's pictures: a small one from nothing, and a vision tower with a linear head.

One loop for both. Of several labels the loss is binary cross-entropy, of one class cross-entropy; classes may be
weighted by how rare they are. The epoch that validation likes best is kept. Every draw comes from one seed, and only
operations that repeat are allowed, so the same pictures give the same network on the same machine.
"""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from evaluate.encoders.eyes import Eyes, SmallEyes
from evaluate.encoders.lessons import Known, check_fitted
from evaluate.scoring import metrics
from evaluate.scoring.metrics import Bools, Floats
from evaluate.tasks.benchmark import Task

MOST_SCALE, MOST_SHIFT = 0.16, 0.1
"""How far a training picture is scaled (ln) and shifted (share of its side)."""
WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"


@dataclass(frozen=True)
class Training:
    """How a network is trained: all of it decides the weights."""

    epochs: int
    batch: int
    learning_rate: float
    weight_decay: float
    has_class_weights: bool
    is_turned: bool
    """Whether training pictures are turned, mirrored, scaled and shifted at random."""
    warmup: float = 0.1
    """Share of the steps over which the rate rises, before it falls along a cosine."""
    seed: int = 0


# Riggi et al. 2025: learning rate 5e-5, batches of 8, classes weighted or not. The number of epochs is ours.
OF_TOWER = Training(10, 8, 5e-5, 0.01, has_class_weights=False, is_turned=False)
FROM_SCRATCH = Training(30, 32, 2e-3, 0.01, has_class_weights=True, is_turned=True)


@dataclass(frozen=True)
class Trained:
    """A trained network."""

    eyes: Eyes
    network: Any
    is_one: bool
    device: str
    epoch: int
    validation_f1: float

    def probabilities(self, tasks: Sequence[Task], batch: int = 64) -> Floats:
        """(n_pictures, n_classes): the mean over a picture's turned copies for the small network."""
        return _probabilities(self.eyes, self.network, tasks, self.is_one, self.device, batch)

    def written(self) -> bytes:
        """The weights, as safetensors."""
        from safetensors.torch import save

        return save({name: one.contiguous().cpu() for name, one in self.network.state_dict().items()})


def trained(eyes: Eyes, how: Training, train: Known, validation: Known, *, is_one: bool, device: str = "cpu",
            name: str = "") -> Trained:  # fmt: skip
    """A network trained on `train`, of the epoch with the best macro-F1 on `validation`; of equals the first.

    RecipeError where a test picture is among either.
    """
    import torch

    check_fitted([*train.tasks, *validation.tasks])
    best: tuple[float, int, dict[str, Any]] = (-1.0, 0, {})
    with repeatable(how.seed):
        network = eyes.network(train.truth.shape[1]).to(device)
        draws = torch.Generator().manual_seed(how.seed)
        n_steps = how.epochs * -(-len(train.tasks) // how.batch)
        descent = torch.optim.AdamW(network.parameters(), how.learning_rate, weight_decay=how.weight_decay)
        rate = torch.optim.lr_scheduler.LambdaLR(descent, lambda step: _rate(step, n_steps, how.warmup))
        loss_of = _loss(train, how, is_one=is_one, device=device)
        batches = _Batches(eyes, train, how, draws, device)
        with tqdm(total=n_steps, unit="step", desc=name or "training", disable=not sys.stderr.isatty()) as bar:
            for epoch in range(1, how.epochs + 1):
                network.train()
                for pixels, truth in batches:
                    descent.zero_grad()
                    loss_of(eyes.scores(network, pixels), truth).backward()
                    descent.step()
                    rate.step()
                    bar.update(1)
                found = _validation_f1(eyes, network, validation, is_one, device)
                bar.set_postfix(epoch=epoch, validation_f1=f"{found:.3f}")
                if found > best[0]:
                    state = {name: one.detach().clone() for name, one in network.state_dict().items()}
                    best = (found, epoch, state)
    network.load_state_dict(best[2])
    return Trained(eyes, network.eval(), is_one, device, best[1], best[0])


@contextmanager
def repeatable(seed: int) -> Iterator[None]:
    """Draws from the seed, and only operations that repeat; as it was before when it ends."""
    import torch

    os.environ.setdefault(WORKSPACE, ":4096:8")  # without it CUDA's matrix products do not repeat
    before = torch.are_deterministic_algorithms_enabled()
    devices = list(range(torch.cuda.device_count()))
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(True)
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(before)


def said_by_probabilities(given: Floats, *, is_one: bool) -> Bools:
    """(n_pictures, n_classes): the most likely class, or of several labels those more likely than not."""
    return given.argmax(1)[:, None] == np.arange(given.shape[1]) if is_one else given >= 0.5  # noqa: PLR2004


class _Batches:
    """The training pictures in a new order each time; the small network's stay in memory."""

    def __init__(self, eyes: Eyes, train: Known, how: Training, draws: Any, device: str) -> None:
        import torch

        self.eyes, self.train, self.how, self.draws, self.device = eyes, train, how, draws, device
        self.truth = torch.from_numpy(train.truth.astype(np.float32))
        self.kept = eyes.pixels(train.tasks) if isinstance(eyes, SmallEyes) else None

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        import torch

        order = torch.randperm(len(self.train.tasks), generator=self.draws)
        for start in range(0, len(order), self.how.batch):
            some = order[start : start + self.how.batch]
            if len(some) == 1 and len(order) > 1:
                continue  # batch normalisation has no spread to learn from one picture
            pixels = self.eyes.pixels([self.train.tasks[k] for k in some]) if self.kept is None else self.kept[some]
            if self.how.is_turned:
                pixels = turned(pixels, self.draws)
            yield pixels.to(self.device), self.truth[some].to(self.device)


def turned(pixels: Any, draws: Any) -> Any:
    """Each picture turned by any angle, mirrored or not, a little scaled and shifted; outside is as dark as it gets."""
    import torch
    from torch.nn import functional

    n = len(pixels)
    angle = torch.rand(n, generator=draws) * 2 * torch.pi
    mirror = (torch.rand(n, generator=draws) < 0.5).float() * 2 - 1  # noqa: PLR2004
    scale = torch.exp((torch.rand(n, generator=draws) * 2 - 1) * MOST_SCALE)
    shift = (torch.rand(n, 2, generator=draws) * 2 - 1) * MOST_SHIFT
    across = torch.stack([angle.cos() * scale * mirror, -angle.sin() * scale, shift[:, 0]], 1)
    up = torch.stack([angle.sin() * scale * mirror, angle.cos() * scale, shift[:, 1]], 1)
    grid = functional.affine_grid(torch.stack([across, up], 1), list(pixels.shape), align_corners=False)
    darkest = pixels.amin((1, 2, 3), keepdim=True)
    return functional.grid_sample(pixels - darkest, grid, align_corners=False) + darkest


def _loss(train: Known, how: Training, *, is_one: bool, device: str) -> Any:
    import torch
    from torch.nn import functional

    if is_one:
        weights = torch.from_numpy(train.class_weights().astype(np.float32)).to(device)
        return lambda scores, truth: functional.cross_entropy(
            scores, truth, weight=weights if how.has_class_weights else None
        )
    rarity = (~train.truth).sum(0) / np.clip(train.truth.sum(0), 1, None)
    weights = torch.from_numpy(rarity.astype(np.float32)).to(device)
    return lambda scores, truth: functional.binary_cross_entropy_with_logits(
        scores, truth, pos_weight=weights if how.has_class_weights else None
    )


def _rate(step: int, n_steps: int, warmup: float) -> float:
    """Share of the learning rate at a step: up in a line, then down along a cosine."""
    rising = max(1.0, warmup * n_steps)
    if step < rising:
        return (step + 1) / (rising + 1)
    return 0.5 * (1 + float(np.cos(np.pi * min(1.0, (step - rising) / max(1.0, n_steps - rising)))))


def _validation_f1(eyes: Eyes, network: Any, validation: Known, is_one: bool, device: str) -> float:
    network.eval()
    said = said_by_probabilities(_probabilities(eyes, network, validation.tasks, is_one, device, 64), is_one=is_one)
    return float(metrics.macro_f1(metrics.counts_of(validation.truth, said).sum(0)))


def _probabilities(
    eyes: Eyes, network: Any, tasks: Sequence[Task], is_one: bool, device: str, batch: int
) -> NDArray[np.float64]:
    import torch

    found = list[NDArray[np.float64]]()
    with torch.inference_mode():
        for start in range(0, len(tasks), batch):
            pixels = eyes.pixels(tasks[start : start + batch]).to(device)
            said = [eyes.scores(network, one) for one in eyes.copies(pixels)]
            likely = [one.double().softmax(1) if is_one else one.double().sigmoid() for one in said]
            found.append(torch.stack(likely).mean(0).cpu().numpy())
    return np.concatenate(found)


def with_options(how: Training, **given: Any) -> Training:
    """The training with what a user chose instead."""
    return replace(how, **{name: value for name, value in given.items() if value is not None})
