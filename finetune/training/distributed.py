"""The processes of a run: their group, and what the Trainer and DeepSpeed take from a recipe."""

import json
import os
import warnings
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch

from finetune.network.hf import TrainingArguments
from finetune.recipe import Recipe
from schemas.loopback import free_port

ZERO = Path(__file__).parent / "zero"
WAIT_S = 4 * 3600  # the first process measures the data while the others wait
NEVER = 10**9
SHARED_MEMORY_KERNEL = "deepspeed_shm_comm"


def joined(zero: int) -> None:
    """Make the process group where DeepSpeed does not find one by itself.

    On a CPU the Trainer makes a gloo group but does not tell DeepSpeed, and ZeRO-3 would see a world of one. A single
    process needs an address all the same.
    """
    if not zero:
        return
    if "RANK" not in os.environ:
        os.environ.update(
            RANK="0", LOCAL_RANK="0", WORLD_SIZE="1", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port())
        )
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch.distributed")  # DeepSpeed's own calls
    import deepspeed

    backend = "nccl" if torch.cuda.is_available() else "gloo"
    if backend == "gloo":  # a kernel for inference, never called here: it wants a C++ compiler and a minute of it
        deepspeed.ops.__compatible_ops__[SHARED_MEMORY_KERNEL] = False
    deepspeed.init_distributed(
        dist_backend=backend, auto_mpi_discovery=False, verbose=False, timeout=timedelta(seconds=WAIT_S)
    )


def alone() -> None:
    """From here on models are loaded whole: under ZeRO-3 every loading would wait for the other ranks."""
    from transformers.integrations.deepspeed import unset_hf_deepspeed_config

    unset_hf_deepspeed_config()


def arguments(recipe: Recipe, checkpoints: Path) -> Any:
    """The Trainer's arguments. Made before the model is loaded: under ZeRO-3 that is what shards it."""
    optim, run = recipe.optim, recipe.run
    is_cpu = not torch.cuda.is_available()
    return TrainingArguments(
        output_dir=str(checkpoints),
        per_device_train_batch_size=recipe.batch.per_device,
        gradient_accumulation_steps=recipe.batch.accumulate,
        num_train_epochs=1,  # all epochs are one long list of rows
        train_sampling_strategy="sequential",
        learning_rate=optim.lr,
        lr_scheduler_type="constant_with_warmup" if optim.schedule == "constant" else optim.schedule,
        lr_scheduler_kwargs={"min_lr": optim.min_lr} if optim.min_lr else {},
        warmup_steps=optim.warmup,  # below 1 it is a share
        weight_decay=optim.weight_decay,
        adam_beta1=optim.betas[0],
        adam_beta2=optim.betas[1],
        max_grad_norm=optim.clip,
        seed=run.seed,
        data_seed=run.seed,
        save_strategy="steps",
        save_steps=run.save_every,
        save_total_limit=None,  # the newest are kept by `checkpoint`, which counts whole ones only
        logging_steps=1,
        logging_nan_inf_filter=False,  # it would write the average where the loss is no number
        remove_unused_columns=False,
        report_to=[],
        disable_tqdm=True,
        use_cpu=is_cpu,
        bf16=recipe.model.dtype == "bfloat16",
        gradient_checkpointing=run.gradient_checkpointing,
        gradient_checkpointing_kwargs={"use_reentrant": False} if run.gradient_checkpointing else None,
        dataloader_num_workers=run.workers,
        dataloader_pin_memory=not is_cpu,
        ddp_find_unused_parameters=False,
        ddp_timeout=WAIT_S,
        deepspeed=zero_settings(recipe, is_cpu=is_cpu) if run.zero else None,
    )


def zero_settings(recipe: Recipe, *, is_cpu: bool) -> dict[str, Any]:
    """DeepSpeed's configuration. Batch, clipping and precision are "auto": the recipe says them once."""
    said = json.loads((ZERO / f"stage{recipe.run.zero}.json").read_text(encoding="utf-8"))
    said["steps_per_print"] = NEVER
    if is_cpu:
        said["zero_optimization"]["overlap_comm"] = False
    return said
