"""How a claim of speed is measured: CPU time, interleaved rounds, slopes between two sizes, earlier versions."""

import gc
import resource
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


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


def against(ratios: Mapping[str, float], goals: Mapping[str, float]) -> dict[str, dict[str, float | bool]]:
    """Each ratio beside its goal, by name."""
    return {
        name: {"ratio": ratio, "goal": goals[name], "is_met": ratio >= goals[name]} for name, ratio in ratios.items()
    }


def ratio_lines(of_what: str, ratios: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What `against` found, as the lines of a Markdown table."""
    return ["", f"| {of_what} | found | goal |", "|---|---|---|"] + [
        f"| {name} | **{one['ratio']:.2f}x** | {one['goal']:g}x{'' if one['is_met'] else ' (missed)'} |"
        for name, one in ratios.items()
    ]


def taken_out(commit: str, folder: Path) -> Path:
    """The sources of a commit, out of git into a folder that is made. Ends the run where there is no such commit."""
    packed = subprocess.run(["git", "-C", ROOT, "archive", commit], capture_output=True, check=False)
    if packed.returncode:
        sys.exit(f"commit {commit}: {packed.stderr.decode()[-300:].strip()}")
    folder.mkdir()
    subprocess.run(["tar", "-x", "-C", folder], input=packed.stdout, check=True)
    return folder
