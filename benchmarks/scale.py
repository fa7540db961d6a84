"""How long a corpus of some size takes on a cluster, and what saturates first: arithmetic on measured costs.

    python benchmarks/scale.py                                  # 1e6 and 1e7 cutouts on 4 to 400 nodes, as Markdown
    python benchmarks/scale.py --nodes 8 --gpus 16 --replies-per-gpu-s 25 --price-node 0.8 --price-gpu 2.5

Costs are those of `benchmarks/scale_costs.json`, written by scale_costs.py: CPU of every step at two sizes, whose slope
and rest are taken. Tables come one after another. A table by part takes as long as its slowest resource needs; a whole
one, and what the driver does by itself, takes one core. All that is assumed and not measured stands in `Assumed`.
"""

import argparse
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

COSTS = Path(__file__).with_name("scale_costs.json")
SIZES, NODES = (10**6, 10**7), (4, 16, 64, 400)
BY_DRIVER = ("gate", "hand-over", "report")
ASKING = ("generated", "judged")
INPUTS = 2.5  # tables that a task reads a part of, in the mean of the steps by part


@dataclass(frozen=True)
class Assumed:
    """What is not measured here, each with where it is from."""

    cores: int = 16
    """Of a CPU node, as in ray_cluster.yaml."""
    rows_per_part: int = 256
    """The corpus file's default."""
    gpus: int = 0
    """0: one for each CPU node."""
    replies_per_gpu_s: float = 10.0
    """No measurement: take yours from a run of `benchmarks/generation.py --server`."""
    latency_s: float = 0.05
    """Of a request to the object store; S3's own guide says 0.1 to 0.2 for the first byte of some, less is common."""
    reads_s: float = 5500.0
    """Of a prefix, by S3's own guide; each table is a prefix."""
    writes_s: float = 3500.0
    """The same."""
    tasks_s: float = 1100.0
    """That Ray starts; measured with 2.60 on two cores."""
    driver_part_s: float = 40e-6
    """CPU of our driver for a part, by scale_driver.py, up to 16,000 parts."""
    wait_task_s: float = 0.15e-6
    """CPU of `ray.wait` for each task that is out, by scale_driver.py; twice as many are out as there are cores."""
    file_s: float = 0.001
    """To make a small file on a shared disk; no measurement."""
    requests: tuple[int, int] = (6, 6)
    """To the store: to read a part of a table, to publish one; counted by tests/test_curation_engine_requests.py."""
    writes: int = 6
    """Of those to publish."""


@dataclass(frozen=True)
class Cost:
    """What a step costs: seconds of CPU, as a rest and for each cutout."""

    name: str
    kind: str
    """`part`, `whole` or `driver`."""
    rest_s: float
    cutout_s: float
    replies: float = 0.0
    """Of a served model, for each cutout."""


@dataclass(frozen=True)
class Took:
    """How long a step takes, and by what."""

    name: str
    seconds: float
    limit: str


def costs(measured: Sequence[Mapping[str, Any]]) -> list[Cost]:
    """Slope and rest between the smallest and the largest measured size."""
    few, many = min(measured, key=lambda one: one["n"]), max(measured, key=lambda one: one["n"])
    if few["n"] == many["n"]:
        raise SystemExit(f"{COSTS}: of one size only; expected two: run scale_costs.py --cutouts 500 2000")
    found: list[Cost] = []
    for name, late in many["cpu_s"].items():
        slope = max(0.0, (late - few["cpu_s"][name]) / (many["n"] - few["n"]))
        kind = "driver" if name in BY_DRIVER else "whole" if name in many["whole"] else "part"
        replies = many["rows"].get(ASKED_FOR[name], 0) / many["n"] if name in ASKED_FOR else 0.0
        found.append(Cost(name, kind, max(0.0, late - slope * many["n"]), slope, replies))
    return found


ASKED_FOR = {"generated": "cutouts", "judged": "conversations"}
"""A reply for each row of these tables."""


def took(cost: Cost, n: int, nodes: int, by: Assumed, *, files: float = 0.0) -> Took:
    """How long a step takes for `n` cutouts on so many nodes; `files` are made by the hand-over for each cutout."""
    if cost.kind != "part":
        made_s = files * n * by.file_s if cost.name == "hand-over" else 0.0
        cpu_s = cost.rest_s + cost.cutout_s * n
        told = "one core: the driver" if cost.kind == "driver" else "one core: a whole table"
        return Took(cost.name, cpu_s + made_s, "small files" if made_s > cpu_s else told)
    parts = math.ceil(n / by.rows_per_part)
    slots = nodes * by.cores
    n_requests = INPUTS * by.requests[0] + by.requests[1]
    waits_s = n_requests * by.latency_s
    a_task_s = cost.cutout_s * by.rows_per_part + waits_s
    gpus = by.gpus or nodes
    limits = {
        "cores" if a_task_s > 2 * waits_s else "latency of the store": math.ceil(parts / slots) * a_task_s,
        "tasks that Ray starts": parts / by.tasks_s,
        "the driver's loop": parts * (by.driver_part_s + 2 * slots * by.wait_task_s),
        "reads of the store": parts * (n_requests - by.writes) / by.reads_s,
        "writes of the store": parts * by.writes / by.writes_s,
        "GPUs": n * cost.replies / (gpus * by.replies_per_gpu_s),
    }
    limit = max(limits, key=lambda name: limits[name])
    return Took(cost.name, limits[limit], limit)


def build(known: Sequence[Cost], n: int, nodes: int, by: Assumed, *, files: float) -> list[Took]:
    """All steps, one after another."""
    return [took(one, n, nodes, by, files=files) for one in known]


def by_limit(steps: Sequence[Took]) -> dict[str, float]:
    """Seconds by what limits them, the longest first."""
    found: dict[str, float] = {}
    for one in steps:
        found[one.limit] = found.get(one.limit, 0.0) + one.seconds
    return dict(sorted(found.items(), key=lambda pair: -pair[1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--cutouts", type=float, nargs="+", default=SIZES)
    parser.add_argument("--nodes", type=int, nargs="+", default=NODES)
    parser.add_argument("--gpus", type=int, default=0, help="0: one for each node")
    parser.add_argument("--replies-per-gpu-s", type=float, default=Assumed.replies_per_gpu_s)
    parser.add_argument("--rows-per-part", type=int, default=Assumed.rows_per_part)
    parser.add_argument("--latency-s", type=float, default=Assumed.latency_s)
    parser.add_argument("--file-s", type=float, default=Assumed.file_s)
    parser.add_argument("--price-node", type=float, help="of a CPU node for an hour; without it no cost is told")
    parser.add_argument("--price-gpu", type=float, default=0.0, help="of a GPU for an hour")
    parser.add_argument("--no-model", action="store_true", help="a corpus that asks none")
    parser.add_argument("--steps", action="store_true", help="each step of the largest case as well")
    chosen = parser.parse_args()
    measured = json.loads(COSTS.read_text(encoding="utf-8"))
    many = max(measured, key=lambda one: one["n"])
    known = [one for one in costs(measured) if not (chosen.no_model and one.name in ASKING)]
    files = many["files"]["llava"] / many["n"]
    named = {
        name: getattr(chosen, name) for name in ("gpus", "replies_per_gpu_s", "rows_per_part", "latency_s", "file_s")
    }
    by = replace(Assumed(), **named)
    price = "" if chosen.price_node is None else " cost |"
    print(f"| cutouts | nodes | GPUs | hours | node-hours | GPU-hours |{price} what takes the time |")
    print(f"|---|---|---|---|---|---|{'---|' if price else ''}---|")
    for n in map(int, chosen.cutouts):
        for nodes in chosen.nodes:
            steps = build(known, n, nodes, by, files=files)
            hours, gpus = sum(one.seconds for one in steps) / 3600, 0 if chosen.no_model else by.gpus or nodes
            asking_h = sum(one.seconds for one in steps if one.name in ASKING) / 3600
            money = "" if chosen.price_node is None else (
                f" {hours * nodes * chosen.price_node + asking_h * gpus * chosen.price_gpu:,.0f} |"
            )  # fmt: skip
            why = ", ".join(
                f"{name} {seconds / 36 / hours:.0f} %"
                for name, seconds in by_limit(steps).items()
                if seconds / 3600 >= 0.05 * hours
            )
            print(
                f"| {n:.0e} | {nodes} | {gpus} | {hours:,.1f} | {hours * nodes:,.0f} | {asking_h * gpus:,.0f} |{money} "
                f"{why} |".replace("e+0", "e")
            )
    if chosen.steps:
        n, nodes = int(chosen.cutouts[-1]), chosen.nodes[-1]
        print(
            f"\n| step, {n:.0e} cutouts on {nodes} nodes | kind | ms of CPU a cutout | hours | limit |\n"
            "|---|---|---|---|---|"
        )
        for cost, one in zip(known, build(known, n, nodes, by, files=files), strict=True):
            print(f"| {cost.name} | {cost.kind} | {cost.cutout_s * 1e3:.2f} | {one.seconds / 3600:.2f} | {one.limit} |")


if __name__ == "__main__":
    main()
