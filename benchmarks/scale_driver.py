"""What one part costs the driver of a build, by how many parts a table has and how many tasks are out.

    python benchmarks/scale_driver.py            # a minute; --parts 1000 4000 16000

The real scheduler on a local store, with tasks that are done at once and write nothing: what is left is the driver's
own work, in CPU. And what Ray's `wait` takes with so many tasks out, on a local Ray of one core.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from harness import cpu_seconds

from curation.engine import run as runner
from curation.engine.parts import PartRecord, part_name
from curation.engine.steps import Input, Step
from curation.engine.store import Store
from schemas.rejection import REJECTED, Sieved, sieved
from schemas.table import Column, Table

NUMBERS = Table("NUMBERS", "a number", ("n",), (Column("n", pa.int64(), "A number"),))
N_TABLES = 4
"""That wait for each other, as a corpus's do."""
N_OUT = (64, 640, 6400)


@dataclass(frozen=True)
class UpTo:
    n: int


def count(config: UpTo) -> Sieved:
    return sieved(NUMBERS.of({"n": k} for k in range(config.n)), [], config.n)


def same(numbers: pa.Table) -> Sieved:
    return Sieved(numbers, REJECTED.empty_table(), numbers.num_rows)


def chain(n_parts: int) -> list[Step]:
    steps = [Step("numbers", count, NUMBERS, config=(UpTo(n_parts),), rows_per_part=1)]
    for k in range(N_TABLES):
        steps.append(Step(f"same_{k}", same, NUMBERS, inputs=(Input(steps[-1], by_part=True),)))
    return steps


def told(step: Step, n_parts: int, k: int) -> runner.Outcome:
    """What tasks of a step give back: nothing was written."""
    names = [part_name(k)] if step.is_by_part else [part_name(i) for i in range(n_parts)]
    return runner.Outcome(tuple(PartRecord(name, 1, 1, 0, {}, "0" * 64, "") for name in names))


@contextmanager
def at_once(n_parts: int, n_out: int) -> Iterator[runner._Tasks]:
    """Tasks that are done when they are waited for, the oldest first."""
    done: dict[tuple[str, int], runner.Outcome] = {}

    def submit(step: Step, k: int) -> tuple[str, int]:
        done[step.address, k] = told(step, n_parts, k)
        return step.address, k

    yield runner._Tasks(submit, lambda handles, _: (handles[0], done.pop(handles[0])), n_out)


def driver_us(n_parts: int, n_out: int) -> float:
    """Microseconds of the driver's CPU for a part."""
    ours, runner._ray = runner._ray, lambda *_: at_once(n_parts, n_out)
    try:
        with tempfile.TemporaryDirectory() as folder:
            began = cpu_seconds()
            runner.build(chain(n_parts), Store(folder), workers=1, say=lambda _: None)
            return (cpu_seconds() - began) / (N_TABLES * n_parts) * 1e6
    finally:
        runner._ray = ours


def manifest_ms(n_parts: int) -> float:
    """Milliseconds of CPU that a task takes to read the manifest of an input with so many parts."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        step = chain(n_parts)[0]
        records = {one.name: one for one in told(step, n_parts, 0).records}
        store.finish(runner.made_manifest(step, records))
        began = cpu_seconds()
        for _ in range(3):
            store.manifest(step.address)
        return (cpu_seconds() - began) / 3 * 1e3


def wait_us(n_out: int) -> float:
    """Microseconds that `ray.wait` for one of so many tasks takes."""
    import ray

    if not ray.is_initialized():
        ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level="error",
                 _node_ip_address="127.0.0.1")  # fmt: skip
    sleep = ray.remote(lambda seconds: time.sleep(seconds))
    ended = ray.put(0)
    out = [sleep.remote(600) for _ in range(n_out)]
    ray.wait([*out, ended], num_returns=1)
    n, began = 20, time.process_time()
    for _ in range(n):
        ray.wait([*out, ended], num_returns=1)
    cpu = time.process_time() - began
    for one in out:
        ray.cancel(one, force=True)
    return cpu / n * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--parts", type=int, nargs="+", default=[1000, 4000, 16000])
    parser.add_argument("--no-ray", action="store_true")
    chosen = parser.parse_args()
    print(
        "| parts of a table | tasks out | driver, us of CPU a part | manifest read by a task, ms |\n|---|---|---|---|"
    )
    for n_parts in chosen.parts:
        for n_out in N_OUT[: 1 if n_parts < 4000 else 3]:
            print(f"| {n_parts} | {n_out} | {driver_us(n_parts, n_out):.0f} | {manifest_ms(n_parts):.1f} |", flush=True)
    if not chosen.no_ray:
        print("\n| tasks out | ray.wait, us of CPU |\n|---|---|")
        for n_out in N_OUT:
            print(f"| {n_out} | {wait_us(n_out):.0f} |", flush=True)


if __name__ == "__main__":
    main()
