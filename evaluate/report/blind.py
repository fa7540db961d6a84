"""The image-blind control: a run beside the same run with pictures that show nothing of the sky asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from evaluate.scoring.compare import Comparison, compared
from evaluate.scoring.numbers import ScoredRun, blinds_of
from evaluate.tasks.benchmark import Benchmark


@dataclass(frozen=True)
class Blind:
    """A run, its control, and the difference on the same pictures with the same draws."""

    run: ScoredRun
    control: ScoredRun
    comparison: Comparison


def blind_controls(
    runs: Sequence[ScoredRun], tables: Mapping[str, pa.Table], doors: Mapping[str, Benchmark]
) -> list[Blind]:
    """Of every run each of its controls; `tables` are PREDICTIONS by run id."""
    return [
        Blind(one, control, compared(tables[one.run["run_id"]], tables[control.run["run_id"]], doors[one.benchmark]))
        for one in runs
        for control in blinds_of(one, runs)
        if one.benchmark in doors
    ]
