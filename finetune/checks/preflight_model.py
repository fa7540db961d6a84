"""Checks of the model and the machine: what would be trained, on how many GPUs, with which packages, and does it fit.

All of it is counted from the config, the headers of the files and the recipe; no weight is loaded.
"""

import os
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from finetune.checks.preflight import Context, Finding, told
from finetune.network.shapes import Shape, expected, shape_of
from schemas.errors import CheckpointError, RecipeError

WINDOWS = {  # packages whose behaviour this code was tested on: from, and below
    "torch": ("2.13", "2.16"),
    "transformers": ("5.16.1", "5.24"),
    "peft": ("0.21", "0.22"),
    "accelerate": ("1.15", "1.16"),
    "deepspeed": ("0.19", "0.20"),
}
PEAK_OF_PAPER = 312e12  # A100
SHARES = (0.20, 0.35, 0.45)
GB = 1e9


def check_ledger(context: Context) -> list[Finding]:
    """What would be trained is what the recipe says, and the model's files hold what its config says."""
    return told("E", "ledger", [*_wrong_files(context), *_wrong_ledger(context)])


def check_processes(context: Context) -> list[Finding]:
    """GPUs x per_device x accumulate make up the global batch."""
    from finetune.rows.sampler import check_processes as checked

    checked(context.recipe, context.n_processes)  # told by its error
    return []


def check_versions(context: Context) -> list[Finding]:
    """Packages lie in the window that was tested; Hugging Face's `evaluate` does not hide ours."""
    needed = {"torch", "transformers", "accelerate"} | ({"peft"} if context.recipe.lora else set())
    needed |= {"deepspeed"} if context.recipe.run.zero else set()
    wrong = [problem for name in sorted(needed) if (problem := wrong_version(name, _version(name)))]
    try:
        from schemas.guard import check_names

        check_names()
    except RecipeError as error:
        wrong.append(str(error))
    return told("E", "versions", wrong)


def check_room(context: Context) -> list[Finding]:
    """Checkpoints and the export fit on the disk, the model into memory."""
    shape = _shape(context)
    disk = disk_bytes(context, shape)
    out = Path(context.extra.get("out") or Path.cwd())
    there = shutil.disk_usage(next(path for path in (out, *out.absolute().parents) if path.exists())).free
    wrong = []
    if there < disk:
        keep = context.recipe.run.keep
        wrong.append(
            f"{out}: {keep + 1} checkpoints and the export need {disk / GB:.1f} GB, {there / GB:.1f} GB are free; "
            "set run.keep lower, or --out elsewhere"
        )
    loading = loading_bytes(context, shape)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if memory < loading:
        wrong.append(f"loading needs {loading / GB:.1f} GB of memory on each node, here are {memory / GB:.1f}")
    gpu = _gpu_bytes()
    needed = gpu_bytes(context, shape)
    if gpu is not None and gpu < needed:
        wrong.append(
            f"weights, gradients and optimiser need {needed / GB:.1f} GB on each GPU before any activation, this one "
            f"has {gpu / GB:.1f}; more GPUs, run.zero = 3, or low-rank weights"
        )
    return told("E", "room", wrong)


def check_gpus(context: Context) -> list[Finding]:
    """There are as many GPUs as processes on a node; told, not refused: a run may be checked where it will not be."""
    if context.recipe.family == "smoke":
        return []
    here, wanted = n_gpus_here(), max(1, context.n_processes // (context.extra.get("nodes") or 1))
    if here == 0:
        wrong = [f"no GPU is seen here, {wanted} asked for on each node: training here would go on the CPU, for weeks"]
    else:
        wrong = [
            f"{wanted} processes on each node, {here} GPUs here; expected one each: --gpus {here}, or another node"
        ]
    return told("W", "gpus", [] if here >= wanted else wrong)


def check_probes(context: Context) -> list[Finding]:
    """There is something to ask while training, unless the recipe asks nothing."""
    from finetune.watch.probes import probes_of

    if not context.recipe.run.probe_every:
        return []
    few = len(probes_of(context.samples, context.recipe.run.seed))
    wrong = [] if few else ["no question of the data has few short answers: collapse will not show in probes.jsonl"]
    return told("W", "probes", wrong)


MODEL_CHECKS = (check_ledger, check_processes, check_gpus, check_versions, check_room, check_probes)
QUICK_CHECKS = (check_gpus, check_versions)
"""Those that look at neither data nor model, and import nothing slow."""


def n_gpus_here() -> int:
    """GPUs that the drivers show: NVIDIA's, or AMD's; those that CUDA_VISIBLE_DEVICES leaves."""
    n_here = len(list(Path("/dev").glob("nvidia[0-9]*")))
    n_here = n_here or len(list(Path("/dev/dri").glob("renderD*"))) * Path("/dev/kfd").exists()
    shown = os.environ.get("CUDA_VISIBLE_DEVICES")
    return n_here if shown is None else min(n_here, len([one for one in shown.split(",") if one not in ("", "-1")]))


def wrong_version(name: str, found: str | None) -> str | None:
    """What is wrong with the version of a package; None when nothing is."""
    low, high = WINDOWS[name]
    if found is None:
        return f"{name} is not installed; expected {low} or newer, below {high}: pip install '.[train]'"
    if not _numbers(low) <= _numbers(found) < _numbers(high):
        return f"{name} {found}: tested from {low}, below {high}"
    return None


def checkpoint_bytes(context: Context, shape: Shape) -> int:
    """One checkpoint: weights, and of the trainable ones a float32 copy and two moments."""
    recipe = context.recipe
    n_trained, width = sum(expected(recipe, shape).values()), _width(context)
    if recipe.lora:
        return n_trained * (width + 12)
    if recipe.run.zero == 0:  # trained in float32, so the copy is the weight itself
        return n_trained * 12 + (shape.n_weights - n_trained) * width
    return n_trained * 12 + shape.n_weights * width


def disk_bytes(context: Context, shape: Shape) -> int:
    """The checkpoints that are kept, the one being written, the export, and a model for each of the merges."""
    n_models = 1 + len(context.recipe.merges)
    return (context.recipe.run.keep + 1) * checkpoint_bytes(context, shape) + n_models * shape.n_weights * _width(
        context
    )


def gpu_bytes(context: Context, shape: Shape) -> int:
    """Weights, gradients, float32 copies and moments of one GPU, without activations."""
    recipe, n_gpus = context.recipe, context.n_processes
    n_trained = sum(expected(recipe, shape).values())
    n_lora = expected(recipe, shape)["lora"]
    weights, gradients, rest = (shape.n_weights + n_lora) * _width(context), n_trained * _width(context), n_trained * 12
    if recipe.run.zero == 0:
        return weights + n_trained * (4 - _width(context)) + n_trained * 12
    if recipe.run.zero == 2:  # noqa: PLR2004 the stage
        return weights + (gradients + rest) // n_gpus
    return (weights + gradients + rest) // n_gpus


def loading_bytes(context: Context, shape: Shape) -> int:
    """Memory of one node while all its processes read the model."""
    nodes = context.extra.get("nodes") or 1
    return shape.n_weights * _width(context) * (1 if context.recipe.run.zero == 3 else context.n_processes // nodes)  # noqa: PLR2004


def cost_told(context: Context) -> str:
    """Steps, tokens, operations and GPU-hours of the run, at three shares of the paper's GPU's peak."""
    plan, shape = context.plan, _shape(context)
    n_tokens = sum(row.n_tokens for row in plan.rows)
    operations = 6 * shape.n_weights * n_tokens
    hours = ", ".join(f"{operations / PEAK_OF_PAPER / share / 3600:.3g} at {share:.0%}" for share in SHARES)
    disk, each = disk_bytes(context, shape) / GB, gpu_bytes(context, shape) / GB
    return (
        f"{plan.n_steps} steps, {n_tokens:,} tokens, {operations:.3g} operations; A100-hours: {hours} of peak. "
        f"A checkpoint {checkpoint_bytes(context, shape) / GB:.3g} GB, disk in all {disk:.3g} GB; each of "
        f"{context.n_processes} GPUs {each:.3g} GB and activations"
    )


def _wrong_files(context: Context) -> Iterator[str]:
    """The tensors of a local model against its config, by group."""
    from collections import Counter
    from math import prod

    from finetune.network.groups import group_of
    from finetune.network.weights import local_folder, weights_of

    try:
        folder = local_folder(context.model, context.recipe.model.revision)
    except RecipeError:
        return  # not downloaded yet: loading checks it
    shape, counts = _shape(context), Counter[str]()
    try:
        for name, sides in weights_of(folder).shapes().items():
            counts[group_of(name, shape.family)] += prod(sides)
    except CheckpointError as error:
        yield str(error)
        return
    for group, n in shape.groups.items():
        if counts[group] != n:
            yield f"{folder}: its files hold {counts[group]:,} weights of {group}, its config says {n:,}"


def _wrong_ledger(context: Context) -> list[str]:
    shape, path = _shape(context), Path(str(context.model)).expanduser()
    from finetune.network.hf import read_config
    from finetune.network.model import config_of, ledger_of, on_meta, problems

    config = read_config(path) if path.is_dir() else config_of(shape)
    return problems(ledger_of(on_meta(config, context.recipe)), context.recipe, shape)


def _shape(context: Context) -> Shape:
    found = shape_of(context.recipe)
    if found:
        return found
    context.check_model()
    from finetune.network.hf import read_config

    return Shape.of(read_config(context.model, context.recipe.model.revision).to_dict())


def _width(context: Context) -> int:
    return 4 if context.recipe.model.dtype == "float32" else 2


def _gpu_bytes() -> int | None:
    import torch

    return torch.cuda.get_device_properties(0).total_memory if torch.cuda.is_available() else None


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _numbers(text: str) -> tuple[int, ...]:
    import re

    return tuple(int(one) for one in re.findall(r"\d+", text.split("+")[0])[:3])
