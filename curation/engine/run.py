"""The runner: what is missing becomes Ray tasks. The only importer of ray in this package.

Embedded local Ray by default; a cluster where RAY_ADDRESS names one, which `ray job submit` does by itself.
Killing the driver or a worker at any moment loses at most the parts in flight: a part that is there is done.
"""

import getpass
import importlib.metadata
import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pyarrow as pa
from tqdm import tqdm

from curation.engine.steps import Step, in_order
from curation.engine.store import PartRecord, Store, as_part, process_started
from schemas import errors
from schemas.doors import VARIABLE as DOORS
from schemas.errors import CorpusError, StepError
from schemas.fingerprint import canonical_json
from schemas.manifest import Manifest, Part
from schemas.rejection import REJECTED, Sieved

TRIES = 3  # of a part, for what may pass: a full disk, a lost connection; a mistake in the data is not tried again
BEAT_S = 10.0
PACKAGES = ("astropy", "duckdb", "numpy", "opencv-python-headless", "pyarrow", "ray", "radio-corpus")


@dataclass(frozen=True)
class Outcome:
    """What a task gives back: its parts, or why there are none."""

    records: tuple[PartRecord, ...] = ()
    error: str = ""
    message: str = ""
    may_pass: bool = False


@dataclass
class _Progress:
    """One step under way."""

    step: Step
    n_parts: int
    waiting: list[int]
    records: dict[str, PartRecord] = field(default_factory=dict[str, PartRecord])
    tries: dict[int, int] = field(default_factory=dict[int, int])
    n_out: int = 0  # tasks still out


def build(targets: list[Step], store: Store, *, workers: int | None = None, say: Callable[[str], None] = print) -> int:
    """Make every table that the targets need and that is not there; gives the number of tables made.

    Raises the CorpusError of the part that failed, named by step and part; parts already made stay.
    """
    todo = [step for step in in_order(targets) if not store.is_done(step.address)]
    if not todo:
        return 0
    with _claimed(store, todo), _ray(store.where, workers) as (submit, wait, in_flight):
        _Scheduler(todo, store, submit, wait, in_flight, say).run()
    return len(todo)


class _Scheduler:
    """Keeps a bounded number of tasks in flight, over all steps whose inputs are there."""

    def __init__(
        self,
        todo: list[Step],
        store: Store,
        submit: Callable[[Step, int], Any],
        wait: Callable[[list[Any]], tuple[Any, Outcome]],
        in_flight: int,
        say: Callable[[str], None],
    ) -> None:
        self.todo, self.store, self.submit, self.wait = list(todo), store, submit, wait
        self.in_flight, self.say = in_flight, say
        self.active: list[_Progress] = []
        self.out: dict[Any, tuple[_Progress, int]] = {}
        self.bar = tqdm(unit="part", desc="build", total=0, disable=not sys.stderr.isatty(), dynamic_ncols=True)

    def run(self) -> None:
        """Until nothing is missing. The bar shows parts done, the rate and the time that is left."""
        with self.bar:
            while self.todo or self.active:
                self._open_steps()
                self._fill()
                if self.out:
                    self._take(*self.wait(list(self.out)))
                self._close_steps()

    def _open_steps(self) -> None:
        ready = [s for s in self.todo if all(self.store.is_done(one.step.address) for one in s.inputs)]
        for step in ready:
            self.todo.remove(step)
            self.active.append(self._opened(step))
            self.bar.total += len(self.active[-1].waiting)
            self.bar.refresh()

    def _opened(self, step: Step) -> _Progress:
        """What is missing of a step: a whole one is made again, of one by part the parts that are there are kept."""
        if not step.is_by_part:
            return _Progress(step, 1, [0])
        n_parts = len(self.store.manifest(step.inputs[0].step.address).parts)
        for one in step.inputs:
            n_other = len(self.store.manifest(one.step.address).parts)
            if one.by_part and n_other != n_parts:
                raise StepError(f"{step.name}: {one.step.name} has {n_other} parts, {n_parts} were expected")
        there = {k: self.store.part_record(step.address, k) for k in range(n_parts)}
        made = {record.name: record for record in there.values() if record}
        return _Progress(step, n_parts, [k for k, record in there.items() if record is None], made)

    def _fill(self) -> None:
        for progress in self.active:
            while progress.waiting and len(self.out) < self.in_flight:
                k = progress.waiting.pop(0)
                self.out[self.submit(progress.step, k)] = (progress, k)
                progress.n_out += 1

    def _take(self, handle: Any, outcome: Outcome) -> None:
        progress, k = self.out.pop(handle)
        progress.n_out -= 1
        if outcome.error:
            self._failed(progress, k, outcome)
            return
        progress.records.update({record.name: record for record in outcome.records})
        self.bar.update(1)

    def _failed(self, progress: _Progress, k: int, outcome: Outcome) -> None:
        progress.tries[k] = progress.tries.get(k, 0) + 1
        if outcome.may_pass and progress.tries[k] < TRIES:
            self.say(f"{progress.step.name}, part {k}: {outcome.message.splitlines()[-1]}; trying again")
            progress.waiting.append(k)
            return
        kind = getattr(errors, outcome.error, StepError)
        raise kind(f"{progress.step.name}, part {k}: {outcome.message}")

    def _close_steps(self) -> None:
        for progress in [one for one in self.active if not one.waiting and not one.n_out]:
            manifest = _manifest(progress)
            self.store.finish(manifest)
            self.active.remove(progress)
            why = ", ".join(f"{reason} {n:,}" for reason, n in manifest.reasons.items())
            tqdm.write(
                f"{manifest.address}: {manifest.told}"
                + (f" ({why})" if why else "") + (f"; in are {manifest.counts}" if progress.step.counts else ""),
                file=sys.stderr,
            )  # fmt: skip


def make_parts(step: Step, k: int, store: Store) -> tuple[PartRecord, ...]:
    """Make part k of a step, or all parts of a whole one, and publish them. Runs in a task; needs no Ray."""
    tables = [
        store.read_part(one.step.address, k, one.columns)
        if one.by_part
        else _whole(store.where, one.step.address, one.columns)
        for one in step.inputs
    ]
    sieved = step.run(tables)
    if step.is_by_part:
        return (store.publish_part(step.address, k, sieved),)
    return tuple(store.publish_part(step.address, i, piece) for i, piece in enumerate(_sliced(sieved, step)))


def _sliced(sieved: Sieved, step: Step) -> Iterator[Sieved]:
    """A whole table in parts of `rows_per_part`; the refused rows go with the first."""
    size = step.rows_per_part or max(1, sieved.kept.num_rows)
    for start in range(0, max(1, sieved.kept.num_rows), size):
        piece = sieved.kept.slice(start, size)
        refused = sieved.rejected if start == 0 else REJECTED.empty_table()
        yield Sieved(piece, refused, piece.num_rows + refused.num_rows)


@lru_cache(maxsize=16)
def _whole(where: str, address: str, columns: tuple[str, ...] | None) -> pa.Table:
    """A table that many parts read whole; kept by the worker between its tasks."""
    return Store(where).read(address, columns)


def attempt(step: Step, k: int, where: str) -> Outcome:
    """`make_parts` at the edge of a task: every failure comes back as data, named by whose fault it is."""
    try:
        return Outcome(make_parts(step, k, Store(where)))
    except CorpusError as error:
        return Outcome(error=type(error).__name__, message=str(error))
    except Exception as error:  # the edge of a task: anything else is a fault of ours or of the machine
        what = "".join(traceback.format_exception(error))
        return Outcome(error="StepError", message=what.strip(), may_pass=isinstance(error, OSError | MemoryError))


# -- Ray ------------------------------------------------------------------------------------------------------------


@contextmanager
def _ray(
    where: str, workers: int | None
) -> Iterator[tuple[Callable[[Step, int], Any], Callable[[list[Any]], Any], int]]:
    """Start or join Ray; gives `submit(step, k)`, `wait(handles)`, and how many tasks to keep in flight."""
    ray, ours = join_ray(workers)
    task = ray.remote(attempt)
    shipped: dict[str, Any] = {}  # a step goes to the workers once, however many parts it has

    def submit(step: Step, k: int) -> Any:
        amount = step.resources
        options = task.options(
            name=f"{step.name}[{k}]", num_cpus=amount.cpus, num_gpus=amount.gpus, memory=amount.memory_mb * 2**20,
            max_retries=TRIES,
        )  # fmt: skip
        if step.address not in shipped:
            shipped[step.address] = ray.put(step)
        return options.remote(shipped[step.address], k, where)

    def wait(handles: list[Any]) -> tuple[Any, Outcome]:
        done = ray.wait(handles, num_returns=1)[0][0]
        try:
            return done, ray.get(done)
        except ray.exceptions.RayError as error:  # the worker died, three times
            return done, Outcome(error="StepError", message=f"its worker died: {str(error).splitlines()[0]}")

    try:
        yield submit, wait, max(2, 2 * int(ray.cluster_resources().get("CPU", 1)))
    finally:
        if ours:
            ray.shutdown()


def join_ray(workers: int | None) -> tuple[Any, bool]:
    """The module ray, joined to a cluster or started here; and whether that was done now, so that we end it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    import ray

    ours = not ray.is_initialized()
    if ours:
        _start(ray, workers)
    return ray, ours


def _start(ray: Any, workers: int | None) -> None:
    if os.environ.get("RAY_ADDRESS"):
        # The cluster that RAY_ADDRESS names; its nodes read the user's doors as they read the raw files, by their path.
        doors = {name: os.environ[name] for name in (DOORS,) if name in os.environ}
        ray.init(log_to_driver=False, logging_level="error", runtime_env={"env_vars": doors} if doors else None)
        return
    cpus = workers or len(os.sched_getaffinity(0))
    ray.init(
        address="local", num_cpus=cpus, include_dashboard=False, log_to_driver=False, logging_level="error",
        object_store_memory=200 * 2**20,
    )  # fmt: skip


@contextmanager
def _claimed(store: Store, todo: list[Step]) -> Iterator[None]:
    """Hold the tables to be made, with a heartbeat, so that no second build makes them."""
    pid = os.getpid()
    me = {"id": uuid4().hex, "pid": str(pid), "host": os.uname().nodename, "started": process_started(pid)}
    names = [step.address for step in todo]
    held: list[str] = []
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(BEAT_S):
            for name in [one for one in held if not store.is_done(one)]:
                store.claim(name, me)

    try:
        for name in names:
            store.claim(name, me)
            held.append(name)
        threading.Thread(target=beat, daemon=True).start()
        yield
    finally:
        stop.set()
        for name in held:
            store.release(name)


# -- the record -----------------------------------------------------------------------------------------------------


def _manifest(progress: _Progress) -> Manifest:
    step, records = progress.step, [progress.records[name] for name in sorted(progress.records)]
    reasons: dict[str, int] = {}
    for record in records:
        for reason, n in record.reasons.items():
            reasons[reason] = reasons.get(reason, 0) + n
    return Manifest(
        address=step.address,
        table=step.table.name,
        recipe=json.loads(canonical_json(step.recipe)),
        inputs=[one.step.address for one in step.inputs],
        doors=list(step.doors),
        counts=step.counts or (f"rows of {step.inputs[0].step.name}" if step.inputs else "rows"),
        n_in=sum(record.n_in for record in records),
        n_kept=sum(record.n_kept for record in records),
        n_rejected=sum(record.n_rejected for record in records),
        reasons=dict(sorted(reasons.items())),
        parts=[as_part(record) for record in records],
        rejected=[
            Part(name=record.name, n_rows=record.n_rejected, sha256=record.rejected_sha256)
            for record in records
            if record.n_rejected
        ],
        versions=package_versions(),
        commit=_commit(),
        made_at=datetime.now(UTC).isoformat(timespec="seconds"),
        made_by=_user(),
    )


def package_versions() -> dict[str, str]:
    """The versions that made a table: Python's, and those of the packages whose output it is."""
    versions = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without a passwd entry
        return f"uid {os.getuid()}"


@lru_cache(maxsize=1)
def _commit() -> str:
    folder = Path(__file__).resolve().parent
    try:
        asked = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=folder, capture_output=True, text=True, timeout=10, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return asked.stdout.strip()
