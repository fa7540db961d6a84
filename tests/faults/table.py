"""What the rounds are told as: a line each, and the table of docs/reliability.md."""

from collections.abc import Sequence
from pathlib import Path

from tests.faults.kinds import STAGES
from tests.faults.rounds import Fault, Round

HEAD = "<!-- written by `make faults` -->"


def line(one: Round, seconds: float) -> str:
    """A round in a line, and a line for each of its faults that something came of."""
    n = sum(fault.has_happened for fault in one.faults)
    told = [
        f"{seconds:6.0f} s  round {one.number}: {n} faults, {one.n_launches} commands, {one.n_repeated} calls repeated"
    ]
    for fault in one.faults:
        if not fault.has_happened:
            told.append(f"    not met: {where(fault)}")
        told += [f"    WRONG: {where(fault)}: {problem}" for problem in fault.problems]
    return "\n".join(told)


def where(fault: Fault) -> str:
    """A fault and its point."""
    return f"{fault.kind.name} at {fault.stage}{f', {fault.what}' if fault.what else ''}"


def summary(done: Sequence[Round], seconds: float) -> str:
    """All of it in a few lines."""
    faults = [fault for one in done for fault in one.faults if fault.has_happened or fault.problems]
    bad = [fault for fault in faults if fault.problems]
    kinds, stages = {fault.kind.name for fault in faults}, {fault.stage for fault in faults}
    return (
        f"{len(faults)} faults of {len(kinds)} kinds at {len(stages)} stages in {len(done)} rounds and "
        f"{sum(one.n_launches for one in done)} builds, {seconds / 60:.0f} minutes: {len(faults) - len(bad)} survived, "
        f"{len(bad)} did not; {sum(one.n_repeated for one in done)} calls of the model repeated, of "
        f"{sum(one.n_lost for one in done)} that were in flight when something died"
    )


def write(file: Path, done: Sequence[Round], seed: int, told: str) -> None:
    """Put the tables under the file's mark; what stands above it is kept."""
    above = file.read_text(encoding="utf-8").split(HEAD)[0] if file.exists() else ""
    faults = [fault for one in done for fault in one.faults if fault.has_happened or fault.problems]
    lines = [HEAD, "", f"Seed {seed}: {told}.", "", "| kind of fault | injected | survived | bytes equal | stages |",
             "|---|---|---|---|---|"]  # fmt: skip
    for name in dict.fromkeys(fault.kind.name for fault in faults):
        some = [fault for fault in faults if fault.kind.name == name]
        stages = sorted({fault.stage for fault in some}, key=lambda one: (*STAGES, "replies").index(one))
        counts = len(some), sum(not one.problems for one in some), sum(_is_equal(one) for one in some)
        lines.append(f"| {name} | {counts[0]} | {counts[1]} | {counts[2]} | {', '.join(stages)} |")
    bad = [f"* {where(fault)}: {problem}" for fault in faults for problem in fault.problems]
    lines += ["", *(["What did not survive:", "", *bad] if bad else []), ""]
    file.write_text(above + "\n".join(lines), encoding="utf-8")


def _is_equal(fault: Fault) -> bool:
    return not any(problem.startswith(("in the end", "published")) for problem in fault.problems)
