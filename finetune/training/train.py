"""One training run: from a recipe and its data to a verified model, in any number of processes.

The same function trains on a laptop and in each process of a cluster; a launcher only sets the environment. Whatever a
run wrote is found again: started twice, it goes on from its last whole checkpoint.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from finetune.checks.preflight import Context
from finetune.data.origins import origins
from finetune.data.sources import problems
from finetune.export.export import Made, canaries_of, canary_rows, export
from finetune.export.merges import merged_shares
from finetune.network.attention import way_of
from finetune.network.model import Ledger, check_ledger, load, load_weights, seeing_nothing
from finetune.network.shapes import Shape
from finetune.network.weights import local_folder
from finetune.recipe import Recipe
from finetune.rows.sampler import Collate, Plan, Rows, check_processes, records_of_source
from finetune.training import checkpoint as checkpoints
from finetune.training.checkpoint import Checkpoint, Identity
from finetune.training.distributed import alone, arguments, joined
from finetune.training.memory import keep_memory
from finetune.training.run import FINISHED, RUN, STOPPED, Job
from finetune.training.stopping import Stop
from finetune.training.trainer import CorpusTrainer
from finetune.watch.probes import Prober, probes_of
from finetune.watch.progress import Bar, Log, Meter
from schemas.errors import CorpusError, StoreError

EXIT_STOPPED = 75  # the run was stopped by a signal, and can go on
PACKAGES = ("torch", "transformers", "peft", "accelerate", "deepspeed", "safetensors", "numpy", "pyarrow")


@dataclass(frozen=True)
class Prepared:
    """What a run has before its model is loaded."""

    job: Job
    args: Any
    context: Context
    identity: Identity
    plan: Plan
    found: Checkpoint | None

    @property
    def is_anew(self) -> bool:
        """Whether the run goes on with a checkpoint's weights and a new optimiser."""
        return self.job.is_weights_only and self.found is not None

    @property
    def step(self) -> int:
        """The step that the run goes on from."""
        return self.found.position.step if self.found else 0


def train(job: Job, told: Sequence[Callable[[dict[str, Any]], None]] = ()) -> int:
    """Run to the end and export, or to a signal. Gives the exit code: 0, or 75 when it was stopped and can go on.

    `told` is given every line of log.jsonl on rank 0. Every rank calls this.
    """
    start = time.time()
    keep_memory()
    recipe = _for_processes(job.recipe)
    joined(recipe.run.zero)
    args = arguments(recipe, job.checkpoints)
    prepared = _prepared(replace(job, recipe=recipe), args)
    is_first = args.process_index == 0
    try:
        code = _run(prepared, told, start)
    except (CorpusError, KeyboardInterrupt) as error:
        if is_first:
            _write_run(prepared, start, reason=f"{type(error).__name__}: {error}")
        raise
    return code


def _run(prepared: Prepared, told: Sequence[Callable[[dict[str, Any]], None]], start: float) -> int:
    job, args, context = prepared.job, prepared.args, prepared.context
    recipe, is_first = job.recipe, args.process_index == 0
    model = load(recipe) if not prepared.is_anew else load_weights(recipe, prepared.found.folder)
    shape = Shape.of(model.config.to_dict())
    ledger = check_ledger(model, recipe, shape)
    if is_first:
        print(f"attention: {way_of(model)}, {_devices()}", file=sys.stderr)
        _write_json(job.out / "trainable.json", ledger.written())
        _write_run(prepared, start, reason="running")
    stop = Stop(job.stop_after)
    trainer = _trainer(prepared, model, shape, [*told, *_own_lines(prepared)], stop)
    with seeing_nothing(model):
        trainer.train(resume_from_checkpoint=str(prepared.found.folder) if prepared.found else None)
    if stop.is_stopped:
        if is_first:
            _write_run(prepared, start, reason=STOPPED, step=trainer.state.global_step)
        trainer.accelerator.wait_for_everyone()  # launchers end all ranks when the first says 75
        return EXIT_STOPPED
    rows = canary_rows(context.samples, context.encoder, recipe.run.seed)
    canaries = canaries_of(trainer.model_wrapped, rows, args.device, recipe.model.dtype)
    if is_first:
        alone()
        _export(prepared, ledger, canaries, start)
    return 0


def _trainer(prepared: Prepared, model: Any, shape: Shape, told: Sequence[Any], stop: Stop) -> CorpusTrainer:
    job, context = prepared.job, prepared.context
    recipe, samples, encoder = job.recipe, context.samples, context.encoder
    callbacks: list[Any] = [stop]
    if recipe.run.probe_every:
        probes = probes_of(samples, recipe.run.seed)
        path = job.out / "probes.jsonl"
        callbacks.append(Prober(probes, encoder, every=recipe.run.probe_every, path=path, step=prepared.step))
    trainer = CorpusTrainer(
        model=model,
        args=prepared.args,
        train_dataset=Rows(samples, encoder, prepared.plan),
        data_collator=Collate(recipe.tags),
        callbacks=callbacks,
        recipe=recipe,
        meter=Meter(recipe.tags, shape.n_weights),
        told=told,
        saved=_saved(prepared),
        is_weights_only=prepared.is_anew,
    )
    for theirs in _of_transformers(trainer):
        trainer.remove_callback(theirs)
    trainer.args.max_steps = prepared.plan.n_steps
    return trainer


def _of_transformers(trainer: Any) -> list[type]:
    """Its own printing: ours is told through `log`."""
    from transformers.trainer_callback import PrinterCallback, ProgressCallback

    return [PrinterCallback, ProgressCallback]


def _saved(prepared: Prepared) -> Callable[[Path, int], None]:
    def saved(folder: Path, step: int) -> None:
        if prepared.args.process_index:
            return
        checkpoints.mark_complete(
            folder,
            prepared.identity,
            prepared.plan.position(step),
            n_processes=prepared.args.world_size,
            zero=prepared.job.recipe.run.zero,
        )
        checkpoints.keep_newest(folder.parent, prepared.job.recipe.run.keep)

    return saved


def _own_lines(prepared: Prepared) -> list[Callable[[dict[str, Any]], None]]:
    if prepared.args.process_index:
        return []
    bar = Bar(prepared.plan.n_steps, prepared.step)
    return [Log(prepared.job.out / "log.jsonl", prepared.step), bar]


def _prepared(job: Job, args: Any) -> Prepared:
    """Data, order and the checkpoint to go on from. The first process makes what the others read."""
    recipe = job.recipe
    job.out.mkdir(parents=True, exist_ok=True)
    context = job.context(args.world_size)
    with args.main_process_first(desc="data"):
        if args.process_index == 0 and not job.is_checked:
            wrong = problems(context.locations)
            if wrong:
                raise StoreError("; ".join(wrong[:5]))
        plan = context.plan
    identity = Identity.of(recipe, data=context.samples.digest, template=context.encoder.digest, order=plan.order)
    found = checkpoints.last_complete(job.checkpoints)
    if found:
        found.check(identity, args.world_size, recipe.run.zero, is_weights_only=job.is_weights_only)
    return Prepared(job, args, context, identity, plan, found)


def _for_processes(recipe: Recipe) -> Recipe:
    """The recipe with its global batch made up by the processes that are there, where that goes without a rest."""
    n_processes = int(os.environ.get("WORLD_SIZE", "1"))
    batch = recipe.batch
    if batch.global_batch % (n_processes * batch.per_device) == 0:
        accumulate = batch.global_batch // (n_processes * batch.per_device)
        return recipe.model_copy(update={"batch": batch.model_copy(update={"accumulate": accumulate})})
    check_processes(recipe, n_processes)
    return recipe


def _export(prepared: Prepared, ledger: Ledger, canaries: list[dict[str, Any]], start: float) -> None:
    job, context = prepared.job, prepared.context
    recipe = job.recipe
    last = checkpoints.last_complete(job.checkpoints)
    if last is None:
        raise StoreError(f"{job.checkpoints}: the run wrote no checkpoint to export from")
    hours = _hours_before(job.out) + (time.time() - start) / 3600 * prepared.args.world_size
    facts = {
        "data": context.samples.digest,
        "n_records": sum(records_of_source(prepared.plan, context.samples).values()),
        "n_steps": prepared.plan.n_steps,
        "gpu_hours": hours,
        "origins": origins(context.locations),
    }
    base = local_folder(recipe.model.name, recipe.model.revision)
    export(Made(recipe, base, last.folder, ledger, context.encoder, facts), canaries, job.out)
    merges = merged_shares(recipe, base, job.out)
    _write_run(prepared, start, reason=FINISHED, step=last.position.step, merges=merges)


def _write_run(
    prepared: Prepared,
    start: float,
    *,
    reason: str,
    step: int | None = None,
    merges: Sequence[Mapping[str, Any]] = (),
) -> None:
    """run.json: what ran, with what, for how long, why it ended, and what was made of it."""
    job, args = prepared.job, prepared.args
    hours = (time.time() - start) / 3600 * args.world_size
    before = _read_run(job.out)
    sessions = [*before.get("sessions", [])]
    if not sessions or sessions[-1]["started_at"] != _at(start):
        sessions.append({"started_at": _at(start), "from_step": prepared.step})
    sessions[-1] |= {"ended_at": _at(time.time()), "reason": reason, "device_hours": round(hours, 6)}
    sessions[-1] |= {"n_processes": args.world_size, "devices": _devices(), "step": step}
    said = {
        **job.written(),
        "recipe_fingerprint": job.recipe.fingerprint,
        "identity": prepared.identity.__dict__,
        "base_revision": job.recipe.model.revision,
        "n_steps": prepared.plan.n_steps,
        "reason": reason,
        "merges": list(merges),
        "commit": _commit(),
        "packages": _packages(),
        "python": platform.python_version(),
        "sessions": sessions,
    }
    _write_json(job.out / RUN, said)


def _hours_before(out: Path) -> float:
    return sum(one.get("device_hours", 0.0) for one in _read_run(out).get("sessions", [])[:-1])


def _read_run(out: Path) -> dict[str, Any]:
    path = out / RUN
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _write_json(path: Path, said: Mapping[str, Any]) -> None:
    aside = path.with_name(f".{path.name}")
    aside.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
    aside.replace(path)


def _at(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def _devices() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu"


def _packages() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _commit() -> str:
    """The commit of this checkout; empty where there is none."""
    root = Path(__file__).resolve().parents[2]
    try:
        done = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()
