"""How a claim of speed is measured: CPU time, interleaved rounds, and the slope between two sizes."""

import gc
import resource
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """One way to do the work: `run(n)` does it for `n` items. `sizes`: the two that the slope lies between."""

    name: str
    run: Callable[[int], object]
    sizes: tuple[int, int]


def cpu_seconds() -> float:
    """User and system time of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def slopes_us(contenders: Sequence[Contender], rounds: int) -> dict[str, float]:
    """Microseconds of CPU per item by contender, median of the rounds (A B A B), after a run that is not counted.

    The slope between two sizes, so that imports, opening and set-up weigh nothing.
    """
    found: dict[str, list[float]] = {one.name: [] for one in contenders}
    for one in contenders:
        one.run(min(one.sizes))
    for _ in range(rounds):
        for one in contenders:
            few, many = one.sizes
            seconds = _seconds(one, many) - _seconds(one, few)
            found[one.name].append(seconds / (many - few) * 1e6)
    return {name: statistics.median(values) for name, values in found.items()}


def _seconds(contender: Contender, n: int) -> float:
    gc.collect()
    before = cpu_seconds()
    contender.run(n)
    return cpu_seconds() - before
