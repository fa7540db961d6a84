"""A build from the first mosaic to the report: tables, budget, gate, hand-over, report; each only if missing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.corpus import Graph, check_budget
from curation.engine.run import build
from curation.engine.store import Store
from curation.release.export import example_id, export, is_exported
from curation.release.gates import GateResult, run_gates
from curation.release.report import report
from schemas.errors import GateError, RecipeError


def build_corpus(made: Graph, store: Store, *, workers: int | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Everything that is missing, in order. Raises BudgetError and GateError before anything is exported."""
    n_made = build(made.steps, store, workers=workers, say=say)
    check_budget(made, store)
    folder = handover_folder(made, store)
    fresh = not is_exported(folder)
    if fresh:
        gate = run_gate(made, store)
        if not gate.ok:
            raise GateError("\n".join([*gate.lines, f"all of it: {gate.folder}"]))
        export(store, made, folder)
        page = write_report(made, store, gate)
        store.tag(f"latest-{made.corpus.name}", made.handover)
    else:
        page = report_file(made, store)
        if not page.exists():
            page = write_report(made, store, run_gate(made, store))
    return {
        "corpus": made.corpus.name,
        "n_tables": len(made.steps),
        "n_made": n_made,
        "exported": fresh,
        "handover": str(folder),
        "report": str(page),
        "example": example_id(folder),
    }


def handover_folder(made: Graph, store: Store) -> Path:
    """Where the hand-over goes: a folder of plain files, so on a local path."""
    return _local(store) / made.handover


def report_file(made: Graph, store: Store) -> Path:
    """Where the report goes."""
    return _local(store) / "reports" / made.handover.removeprefix("llava/") / "report.html"


def run_gate(made: Graph, store: Store) -> GateResult:
    """Hold every table of the corpus against its rules, and leave the record beside the report."""
    return run_gates(store, made.addresses(), report_file(made, store).parent / "gate")


def write_report(made: Graph, store: Store, gate: GateResult) -> Path:
    """The HTML page of a finished build."""
    return report(store, made, gate, report_file(made, store))


def _local(store: Store) -> Path:
    if not store.is_local:
        raise RecipeError(
            f"{store.where}: tables are there, but a hand-over is a folder of plain files: "
            "read the store through a mounted path, or build with --store FOLDER"
        )
    return Path(store.root)
