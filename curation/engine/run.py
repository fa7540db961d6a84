"""The runner: what is missing becomes Ray tasks. The only importer of ray in this package, but for `nodes.py`.

Embedded local Ray by default, which nobody reaches from another machine; a cluster where RAY_ADDRESS names one, which
`ray job submit` does by itself.

Killing the driver or a worker at any moment loses at most the parts in flight: a part that is there is done.
"""

import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import pyarrow as pa
from tqdm import tqdm

from curation.engine.files import REPAIR
from curation.engine.leftovers import sweep
from curation.engine.marks import Builder, told
from curation.engine.memory import keep_little
from curation.engine.parts import PartRecord, part_name
from curation.engine.patience import Trouble, patience
from curation.engine.ray_words import briefly
from curation.engine.record import made_manifest
from curation.engine.steps import Input, Step, in_order
from curation.engine.store import Store
from curation.engine.task import run_task
from schemas import errors
from schemas.doors import VARIABLE as DOORS
from schemas.errors import CorpusError, DamageError, ModelError, StepError
from schemas.loopback import LOOPBACK, names_cluster, not_started, stay_at_home
from schemas.manifest import Manifest
from schemas.rejection import REJECTED, Sieved
from schemas.stopping import go_on, listen_again
from schemas.trouble import in_one_line, machine_failed, store_failed

WAIT_S = 1.0  # between looks at tables that another build makes
TRIES = 3  # of a task whose worker dies, by Ray itself


@dataclass(frozen=True)
class Outcome:
    """What a task gives back: its parts, or why there are none."""

    records: tuple[PartRecord, ...] = ()
    error: str = ""
    message: str = ""
    may_pass: bool = False
    task_s: float = 0.0
    """How long the task was at its parts."""


@dataclass
class _Progress:
    """One step under way."""

    step: Step
    n_parts: int
    waiting: list[int]
    records: dict[str, PartRecord] = field(default_factory=dict[str, PartRecord])
    trouble: dict[int, Trouble] = field(default_factory=dict[int, Trouble])
    n_out: int = 0  # tasks still out
    n_done: int = 0  # tasks that gave their parts
    task_s: float = 0.0  # what these were at it

    def next_part(self, now: float) -> int | None:
        """The first part that waits and does not rest after a failure; it waits no longer."""
        for k in self.waiting:
            if k not in self.trouble or self.trouble[k].not_before <= now:
                self.waiting.remove(k)
                return k
        return None

    @property
    def whole_s(self) -> float | None:
        """Seconds of tasks for all parts, those included that an earlier build made; None where it made all of them."""
        return self.task_s * self.n_parts / self.n_done if self.n_done else None


@dataclass(frozen=True)
class _Tasks:
    """A step's parts as tasks: given away, waited for (None: nothing has ended in time), and how many at a time."""

    submit: Callable[[Step, int], Any]
    wait: Callable[[list[Any], float | None], tuple[Any, Outcome] | None]
    in_flight: int


def build(
    targets: list[Step],
    store: Store,
    *,
    workers: int | None = None,
    say: Callable[[str], None] = print,
    patience_s: float | None = None,
    on_made: Callable[[Manifest, float], None] | None = None,
) -> int:
    """Make every table that the targets need and that is not there; gives the number of tables made.

    `workers` are Ray's (None: one a core, or those of the cluster); 0: this process makes the parts, one after another,
    without Ray. Where the machine fails, a part is tried again for `patience_s` seconds (None: RADIO_PATIENCE_S, else
    60). Raises the CorpusError of the part that failed, named by step and part; parts already made stay.
    `on_made` is told each table that is made, and the seconds that its tasks took.
    """
    patience_s = patience() if patience_s is None else patience_s
    steps = in_order(targets)
    todo = [step for step in steps if not store.is_done(step.address)]
    sweep(store, sorted({step.address for step in steps} - {step.address for step in todo}))
    if not todo:
        return 0
    tasks = _here(store.where) if workers == 0 else _ray(store.where, workers)
    with Builder(store) as builder, tasks as given:
        return _Scheduler(todo, builder, given, say=say, patience_s=patience_s, on_made=on_made).run()


class _Scheduler:
    """Keeps a bounded number of tasks in flight, over all steps whose inputs are there."""

    def __init__(
        self,
        todo: list[Step],
        builder: Builder,
        given: _Tasks,
        *,
        say: Callable[[str], None],
        patience_s: float,
        on_made: Callable[[Manifest, float], None] | None,
    ) -> None:
        self.todo, self.builder, self.store, self.tasks = list(todo), builder, builder.store, given
        self.say, self.patience_s, self.on_made = say, patience_s, on_made
        self.active: list[_Progress] = []
        self.n_made = 0
        self.awaited: dict[str, str] = {}  # tables that another build makes, and who that is
        self.out: dict[Any, tuple[_Progress, int]] = {}
        self.look_at = 0.0  # when the store is asked again which tables are there
        self.bar = tqdm(unit="part", desc="build", total=0, disable=not sys.stderr.isatty(), dynamic_ncols=True)

    def run(self) -> int:
        """Until nothing is missing; gives the number of tables made here.

        The bar shows parts done, the rate and the time that is left.
        """
        with self.bar:
            while self.todo or self.active:
                go_on()
                self._open_steps()
                self._fill()
                self._wait()
                self._close_steps()
        return self.n_made

    def _wait(self) -> None:
        """For a part that ends, or until one that the machine failed may be tried again."""
        later = [of.not_before for one in self.active for k, of in one.trouble.items() if k in one.waiting]
        pause_s = max(0.0, min(later) - time.monotonic()) if later else None
        if self.out:
            ended = self.tasks.wait(list(self.out), pause_s if len(self.out) < self.tasks.in_flight else None)
            if ended is not None:
                self._take(*ended)
        elif pause_s or not self.active:  # all that is left is made by another build
            time.sleep(pause_s or WAIT_S)

    def _open_steps(self) -> None:
        """Begin the steps whose inputs are there.

        The store is asked where a table was finished here, and else once in a while: another build may have made one.
        A request for each part that ends would leave the driver of an object store no time for anything else.
        """
        now = time.monotonic()
        if self.active and now < self.look_at:
            return
        self.look_at = now + WAIT_S
        ready = [s for s in self.todo if all(self.store.is_done(one.step.address) for one in s.inputs)]
        for step in ready:
            if not self._is_ours(step):
                continue
            self.todo.remove(step)
            if self.store.is_done(step.address):  # by another build, since this one began
                self.builder.give_back(step.address)
                continue
            self.active.append(self._opened(step))
            self.bar.total += len(self.active[-1].waiting)
            self.bar.refresh()

    def _is_ours(self, step: Step) -> bool:
        """Hold a step's table; while another build does, others are made beside it, and then its end is waited for."""
        other = self.builder.take(step.address)
        if other is None:
            return True
        if self.awaited.get(step.address) != other["id"]:
            self.awaited[step.address] = other["id"]
            self.say(f"{step.address} is being built by {told(other)}; waiting for it")
        return False

    def _opened(self, step: Step) -> _Progress:
        """What is missing of a step: a whole one is made again, of one by part the parts that are there are kept."""
        if not step.is_by_part:
            return _Progress(step, 1, [0])
        n_parts = len(self.store.manifest(step.inputs[0].step.address).parts)
        for one in step.inputs:
            n_other = len(self.store.manifest(one.step.address).parts)
            if one.by_part and n_other != n_parts:
                raise StepError(f"{step.name}: {one.step.name} has {n_other} parts, {n_parts} were expected")
        left = {info.base_name for info in self.store.listed(step.address)}  # by an earlier build: most often none
        there = {k: self._taken_up(step, k) for k in range(n_parts) if part_name(k) in left}
        made = {record.name: record for record in there.values() if record}
        return _Progress(step, n_parts, [k for k in range(n_parts) if not there.get(k)], made)

    def _taken_up(self, step: Step, k: int) -> PartRecord | None:
        """A part that an earlier build left, verified; one that is damaged is made again."""
        try:
            return self.store.part_record(step.address, k)
        except DamageError as error:
            self.say(f"{error}; it is made again")
            return None

    def _fill(self) -> None:
        """Keep tasks out, evenly of all steps under way: where one waits for a model, others go on."""
        now = time.monotonic()
        while len(self.out) < self.tasks.in_flight:
            for progress in sorted(self.active, key=lambda one: one.n_out):
                if (k := progress.next_part(now)) is not None:
                    self.out[self.tasks.submit(progress.step, k)] = (progress, k)
                    progress.n_out += 1
                    break
            else:
                return

    def _take(self, handle: Any, outcome: Outcome) -> None:
        progress, k = self.out.pop(handle)
        progress.n_out -= 1
        if outcome.error:
            self._failed(progress, k, outcome)
            return
        progress.records.update({record.name: record for record in outcome.records})
        progress.n_done += 1
        progress.task_s += outcome.task_s
        self.bar.update(1)

    def _failed(self, progress: _Progress, k: int, outcome: Outcome) -> None:
        trouble = progress.trouble.setdefault(k, Trouble())
        trouble.again()
        who, told = f"{progress.step.name}, part {k}", outcome.message
        if outcome.may_pass and trouble.is_bearable(self.patience_s):
            self.say(f"{who}: {told.splitlines()[-1]}; trying again in {trouble.pause_s:g} s")
            progress.waiting.append(k)
            return
        told += trouble.told if outcome.may_pass else ""
        kind = getattr(errors, outcome.error, StepError)
        raise kind(f"{who}: {told}")

    def _close_steps(self) -> None:
        for progress in [one for one in self.active if not one.waiting and not one.n_out]:
            if self._is_lost(progress):
                continue
            manifest = _manifest(progress)
            self.store.finish(manifest)
            self.builder.give_back(manifest.address)
            self.active.remove(progress)
            self.look_at = 0.0
            self.n_made += 1
            if self.on_made and progress.whole_s is not None:
                self.on_made(manifest, progress.whole_s)
            why = ", ".join(f"{reason} {n:,}" for reason, n in manifest.reasons.items())
            tqdm.write(
                f"{manifest.address}: {manifest.told}"
                + (f" ({why})" if why else "") + (f"; in are {manifest.counts}" if progress.step.counts else ""),
                file=sys.stderr,
            )  # fmt: skip

    def _is_lost(self, progress: _Progress) -> bool:
        """Whether the claim was lost, after a long pause: nothing is published, the step stands in line again."""
        whose = self.builder.lost(progress.step.address)
        if whose is None:
            return False
        self.say(f"{progress.step.address}: this build was away too long and lost its claim; {whose} holds it now")
        self.active.remove(progress)
        self.todo.append(progress.step)
        return True


def make_parts(step: Step, k: int, store: Store) -> tuple[PartRecord, ...]:
    """Make part k of a step, or all parts of a whole one, and publish them. Runs in a task; needs no Ray."""
    keep_little()
    sieved = step.run([_input(one, k, store) for one in step.inputs])
    if step.is_by_part:
        return (store.publish_part(step.address, k, sieved),)
    return tuple(store.publish_part(step.address, i, piece) for i, piece in enumerate(_sliced(sieved, step)))


def _input(one: Input, k: int, store: Store) -> pa.Table:
    """What a task reads of an input.

    Raises DamageError also where its columns or the number of its rows are others than step and manifest say: these
    stand in the footer of a part, which has no checksum as its pages have.
    """
    address = one.step.address
    n_rows_of = _rows_of_parts(store.where, address)
    table = store.read_part(address, k, one.columns) if one.by_part else _whole(store.where, address, one.columns)
    n_rows = n_rows_of[k] if one.by_part else sum(n_rows_of)
    fields = one.step.table.schema
    wanted = pa.schema([fields.field(name) for name in one.columns]) if one.columns else fields
    if _typed(table.schema).equals(_typed(wanted)) and table.num_rows == n_rows:
        return table
    where = f"{address}/{part_name(k)}" if one.by_part else address
    raise DamageError(f"{store.path(where)}: damaged: its columns or rows are not those that were written; {REPAIR}")


def _typed(schema: pa.Schema) -> pa.Schema:
    """Names and types, which an address holds, and nothing else."""
    return pa.schema([schema.field(k).with_nullable(True) for k in range(len(schema))])


def _sliced(sieved: Sieved, step: Step) -> Iterator[Sieved]:
    """A whole table in parts of `rows_per_part`; the refused rows go with the first."""
    size = step.rows_per_part or max(1, sieved.kept.num_rows)
    for start in range(0, max(1, sieved.kept.num_rows), size):
        piece = sieved.kept.slice(start, size)
        refused = sieved.rejected if start == 0 else REJECTED.empty_table()
        yield Sieved(piece, refused, piece.num_rows + refused.num_rows)


@lru_cache(maxsize=16)
def _rows_of_parts(where: str, address: str) -> tuple[int, ...]:
    """The rows of each part of a table; kept, for a manifest of many parts takes longer to read than a part."""
    return tuple(part.n_rows for part in Store(where).manifest(address).parts)


@lru_cache(maxsize=16)
def _whole(where: str, address: str, columns: tuple[str, ...] | None) -> pa.Table:
    """A table that many parts read whole; kept by the worker between its tasks."""
    return Store(where).read(address, columns)


def attempt(step: Step, k: int, where: str) -> Outcome:
    """`make_parts` at the edge of a task: every failure comes back as data, named by whose fault it is."""
    began = time.monotonic()
    try:
        return Outcome(make_parts(step, k, Store(where)), task_s=time.monotonic() - began)
    except CorpusError as error:
        may_pass = machine_failed(error) or store_failed(error)
        may_pass = may_pass and not isinstance(error, ModelError)  # for a server it has waited already
        return Outcome(error=type(error).__name__, message=str(error), may_pass=may_pass)
    except (OSError, MemoryError) as error:  # of an object store as well: its errors have no number
        return Outcome(error="StepError", message=in_one_line(error), may_pass=True)
    except Exception as error:  # the edge of a task: anything else is a fault of ours
        what = "".join(traceback.format_exception(error))
        return Outcome(error="StepError", message=what.strip(), may_pass=machine_failed(error))


def _manifest(progress: _Progress) -> Manifest:
    return made_manifest(progress.step, progress.records)


# -- without Ray ----------------------------------------------------------------------------------------------------


@contextmanager
def _here(where: str) -> Iterator[_Tasks]:
    """Parts made by this process when they are waited for: nothing to start, and a debugger sees them."""
    yield _Tasks(lambda step, k: partial(attempt, step, k, where), lambda handles, _: (handles[0], handles[0]()), 1)


# -- Ray ------------------------------------------------------------------------------------------------------------


@contextmanager
def _ray(where: str, workers: int | None) -> Iterator[_Tasks]:
    """Start or join Ray; gives `submit(step, k)`, `wait(handles, timeout_s)`, and how many tasks to keep in flight."""
    ray, ours = join_ray(workers)
    task = ray.remote(run_task)
    shipped: dict[str, Any] = {}  # a step goes to the workers once, however many parts it has

    def submit(step: Step, k: int) -> Any:
        amount = step.resources
        options = task.options(
            name=f"{step.name}[{k}]", num_cpus=amount.cpus, num_gpus=amount.gpus, memory=amount.memory_mb * 2**20,
            max_retries=TRIES,
        )  # fmt: skip
        if step.address not in shipped:
            shipped[step.address] = ray.put(ray.cloudpickle.dumps(step))
        return options.remote(shipped[step.address], k, where)

    def wait(handles: list[Any], timeout_s: float | None) -> tuple[Any, Outcome] | None:
        done, _ = ray.wait(handles, num_returns=1, timeout=timeout_s)
        if not done:
            return None
        try:
            return done[0], ray.get(done[0])
        except ray.exceptions.RayError as error:  # its worker died, three times, or its node, or what it gave is lost
            told = f"its worker died: {in_one_line(error)[:300]}"
            return done[0], Outcome(error="StepError", message=told, may_pass=True)

    try:
        yield _Tasks(submit, wait, max(2, 2 * int(ray.cluster_resources().get("CPU", 1))))
    except ray.exceptions.RayError as error:
        raise StepError(f"Ray failed: {in_one_line(error)[:300]}; what was made stays, run this again") from error
    finally:
        if ours:
            ray.shutdown()


def join_ray(workers: int | None) -> tuple[Any, bool]:
    """The module ray, joined to a cluster or started here; and whether that was done now, so that we end it.

    Raises StepError, one line, where Ray cannot be started.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    is_local = not names_cluster()
    if is_local:
        stay_at_home()
    import ray

    ours = not ray.is_initialized()
    if ours:
        try:
            _start(ray, workers, is_local=is_local)
        except Exception as error:
            ray.shutdown()
            raise not_started(error) from error
        listen_again()  # Ray takes SIGTERM, and ends with a trace of its own
    return ray, ours


def _start(ray: Any, workers: int | None, *, is_local: bool) -> None:
    if not is_local:
        # The cluster that RAY_ADDRESS names; its nodes read the user's doors as they read the raw files, by their path.
        doors = {name: os.environ[name] for name in (DOORS,) if name in os.environ}
        ray.init(log_to_driver=False, logging_level="error", runtime_env={"env_vars": doors} if doors else None)
        briefly(ray)
        return
    ray.init(
        address="local", num_cpus=workers or len(os.sched_getaffinity(0)), include_dashboard=False,
        log_to_driver=False, logging_level="error", object_store_memory=200 * 2**20, _node_ip_address=LOOPBACK,
    )  # fmt: skip
