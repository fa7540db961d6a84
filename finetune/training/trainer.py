"""Hugging Face's Trainer with a weight for each token and one denominator for the whole optimiser step."""

import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from finetune.families.known import family_of
from finetune.network.groups import group_of_weight
from finetune.network.hf import Trainer
from finetune.network.lora import check_loaded
from finetune.network.model import no_picture
from finetune.network.weights import restore
from finetune.recipe import Recipe
from finetune.watch.progress import Meter
from schemas.errors import StepError

OPTIMIZERS = {"adamw": torch.optim.AdamW, "sgd": torch.optim.SGD}


class CorpusTrainer(Trainer):
    """Trains rows of `sampler.Collate`.

    The gradient of a step is that of sum(weight x nll) / n_units over all rows of all ranks, so it does not depend on
    how many rows a rank takes at once or one after another. `told` is given each line of log.jsonl on rank 0; `saved`
    the folder of each checkpoint, on every rank, when all of it is written. With `is_weights_only` the model holds the
    weights to go on with, and the optimiser begins anew at the checkpoint's place in data and schedule.
    """

    def __init__(
        self,
        *args: Any,
        recipe: Recipe,
        meter: Meter,
        told: Sequence[Callable[[dict[str, Any]], None]] = (),
        saved: Callable[[Path, int], None] | None = None,
        is_weights_only: bool = False,
        **kwargs: Any,
    ) -> None:
        self.recipe, self.meter, self.told, self.saved = recipe, meter, tuple(told), saved
        self.is_weights_only = is_weights_only
        super().__init__(*args, **kwargs)
        # Newer versions ask for the first; these infer the second from the model, and of some models that it is not so.
        self.loss_is_scaled_for_ga = self.model_accepts_loss_kwargs = True

    def get_batch_samples(self, epoch_iterator: Any, num_batches: int, device: Any) -> tuple[list[Any], Any]:
        """The rows of one step, and what its loss is divided by: records or tokens of all ranks."""
        start = time.perf_counter()
        rows, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        self.meter.waited(time.perf_counter() - start)
        n_units = sum(row.pop("n_units").to(device) for row in rows)
        return rows, self.accelerator.gather(n_units.reshape(1)).sum()

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """Weighted, and divided by the step's units; gradients are averaged over ranks, so it counts that often."""
        target, weight, predicted_at = (inputs.pop(name) for name in ("target", "weight", "predicted_at"))
        source = inputs.pop("source", None)
        if "pixel_values" not in inputs:
            inputs |= no_picture(self.model, target.device)
        logits = model(**inputs, logits_to_keep=predicted_at).logits[0].float()
        nll = cross_entropy(logits, target, reduction="none")
        self.meter.row(inputs["input_ids"].numel(), source, weight, nll.detach())
        loss = (weight * nll).sum() / num_items_in_batch * self.accelerator.num_processes
        return (loss, None) if return_outputs else loss

    def create_optimizer(self, model: Any = None) -> Any:
        """One group of parameters for each rate and decay. Biases and norms do not decay."""
        if self.optimizer is None:
            optim = self.recipe.optim
            given = {"betas": optim.betas} if optim.name == "adamw" else {}
            self.optimizer = OPTIMIZERS[optim.name](self._parameters(model or self.model), lr=optim.lr, **given)
        return self.optimizer

    def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
        """One line for log.jsonl. Raises StepError when the loss is not a number, on every rank alike."""
        if "loss" not in logs:
            return
        step = self.state.global_step
        if logs["loss"] != logs["loss"] or abs(logs["loss"]) == float("inf"):
            raise StepError(
                f"step {step}: the loss is {logs['loss']}; the run stops, and its last checkpoint is from before. "
                "Lower optim.lr, or look at the rows of this step"
            )
        line = {"step": step, **logs, **self.meter.read(self.accelerator)}
        if self.is_world_process_zero():
            for tell in self.told:
                tell(line)
        self.control = self.callback_handler.on_log(self.args, self.state, self.control, logs)

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Counted by the meter instead."""
        return 0

    def _load_from_checkpoint(self, resume_from_checkpoint: str, model: Any = None) -> None:
        """Every tensor finds its place, or CheckpointError; DeepSpeed loads its own."""
        folder = Path(resume_from_checkpoint)
        if self.is_weights_only:
            return
        if self.recipe.lora:
            super()._load_from_checkpoint(resume_from_checkpoint, model)
            check_loaded(self.model, folder)
        else:
            restore(self.model, folder)

    def _prepare_for_training(self, max_steps: int, train_dataloader: Any, resume_from_checkpoint: Any) -> Any:
        if not self.is_weights_only:
            return super()._prepare_for_training(max_steps, train_dataloader, resume_from_checkpoint)
        prepared = super()._prepare_for_training(max_steps, train_dataloader, None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # that no step came before: it came before the stop
            for _ in range(self.state.global_step):
                self.lr_scheduler.step()
        return prepared

    def _save_checkpoint(self, model: Any, trial: Any) -> None:
        super()._save_checkpoint(model, trial)
        self.accelerator.wait_for_everyone()
        if self.saved:
            step = self.state.global_step
            self.saved(Path(self.args.output_dir) / f"checkpoint-{step}", step)
            self.accelerator.wait_for_everyone()  # a rank that ends before takes the others down, and it is not marked

    def _parameters(self, model: Any) -> list[dict[str, Any]]:
        trainable, rates = self.recipe.trainable, {}
        if trainable.lr_projector is not None:
            rates["projector"] = trainable.lr_projector
        if trainable.lr_vision is not None:
            rates["vision"] = trainable.lr_vision
        decaying = set(self.get_decay_parameter_names(model))
        groups: dict[tuple[float, float], list[Any]] = {}
        family = family_of(model)
        for name, weight in model.named_parameters():
            if weight.requires_grad:
                decay = self.recipe.optim.weight_decay if name in decaying else 0.0
                key = (rates.get(group_of_weight(name, family), self.recipe.optim.lr), decay)
                groups.setdefault(key, []).append(weight)
        return [{"params": found, "lr": lr, "weight_decay": decay} for (lr, decay), found in groups.items()]
