"""A build from the first mosaic to the report: tables, budget, gate, hand-over, report; each only if missing."""

import shutil
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from curation.asking.replies import served_of
from curation.corpus import Graph, check_budget, keep_digests
from curation.engine.damage import damage_of
from curation.engine.files import REPAIR
from curation.engine.memory import keep_little
from curation.engine.run import build
from curation.engine.store import Store
from curation.operation.history import Took, keep, took
from curation.release.export import example_id, export, is_exported
from curation.release.gates import GateResult, run_gates
from curation.release.review import People
from schemas.errors import CorpusError, DamageError, GateError, ModelError, RecipeError
from schemas.stopping import go_on
from schemas.whole import folder_problems, is_whole, left_beside, only_one, published

GATE = "gate"  # the folder of the gate's record, beside the report


def build_corpus(
    made: Graph,
    store: Store,
    *,
    out: Path | None = None,
    workers: int | None = None,
    say: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Everything that is missing, in order. Raises BudgetError and GateError before anything is exported.

    `out` is where hand-over and report go: folders of plain files, so on a local path; None: into the store.
    """
    try:
        return _build_corpus(made, store, out, workers, say)
    except KeyboardInterrupt:
        say(_so_far(made, store, out))
        raise


def _so_far(made: Graph, store: Store, out: Path | None) -> str:
    """What of a build that was stopped is done."""
    n_done = sum(store.is_done(step.address) for step in made.steps)
    folder = "is" if is_exported(handover_folder(made, store, out)) else "is not"
    return f"stopped: {n_done} of {len(made.steps)} tables of {made.corpus.name} are done, its hand-over {folder} there"


def _build_corpus(
    made: Graph, store: Store, out: Path | None, workers: int | None, say: Callable[[str], None]
) -> dict[str, Any]:
    began, spent = time.monotonic(), dict[str, Took]()
    folder, page = handover_folder(made, store, out), report_file(made, store, out)
    for stone in made.withdrawn:
        say(f"withdrawn, and used no more: {stone.line}")
    check_models(made, store)
    keep_digests(made.digests, store)
    n_made = build(
        made.steps, store, workers=workers, say=say, on_made=lambda *table: spent.update([took(*table)])
    )  # fmt: skip
    check_budget(made, store)
    fresh = False
    if not _is_published(made, store, out) or left_beside(folder) or left_beside(page.parent):
        with only_one(folder, say, beside=page.parent):
            fresh = _publish(made, store, out)  # what another build published meanwhile stays
    wall_s = time.monotonic() - began
    if trouble := keep(store, made.corpus.name, spent, wall_s=wall_s, handover=made.handover):
        say(f"done, but not written into the ledger of builds: {trouble}")
    return {
        "corpus": made.corpus.name,
        "n_tables": len(made.steps),
        "n_made": n_made,
        "exported": fresh,
        "handover": str(folder),
        "report": str(page),
        "example": example_id(folder),
    }


def _is_published(made: Graph, store: Store, out: Path | None) -> bool:
    """Whether hand-over and report are there and whole, and a tag names the newest hand-over of the corpus."""
    page = report_file(made, store, out)
    whole = is_exported(handover_folder(made, store, out)) and page.exists() and is_whole(page.parent)
    try:
        return whole and store.tagged(made.latest) is not None
    except DamageError:
        return False


def _publish(made: Graph, store: Store, out: Path | None) -> bool:
    """Gate, hand-over, tag and report of finished tables, what is missing of it; gives whether the hand-over was made.

    The report is last: where it is whole, all else was published before it. Raises GateError, the record being there.
    """
    folder, page = handover_folder(made, store, out), report_file(made, store, out)
    if _is_published(made, store, out):
        return False
    keep_little()
    fresh = not is_exported(folder)
    with published(page.parent, _said(made)) as aside, _damage_told(made, store):
        gate = run_gates(store, made.addresses(), aside / GATE)
        if gate.ok:
            go_on()
            export(store, made, folder)
            store.tag(made.latest, made.handover)
            _write_report(store, made, gate, aside / page.name)
    if not gate.ok:
        raise GateError("\n".join([*gate.lines, f"all of it: {page.parent / GATE}"]))
    return fresh


def _write_report(store: Store, made: Graph, gate: GateResult, page: Path) -> None:
    from curation.release.report import report  # with figures that are slow to import; most builds draw none

    report(store, made, gate, page, People.of(made.reviews))


@contextmanager
def _damage_told(made: Graph, store: Store) -> Generator[None]:
    """Where anything fails and some tables are damaged, the damage is what is told: of their footers, say."""
    try:
        yield
    except CorpusError:
        raise
    except Exception as error:
        if found := damage_of(store, [step.address for step in made.steps]):
            raise DamageError("\n".join(f"{one.told}; {REPAIR}" for one in found)) from error
        raise


def _said(made: Graph) -> dict[str, Any]:
    return {"corpus": made.corpus.name, "address": made.handover}


def check_models(made: Graph, store: Store) -> None:
    """Each model that a missing table has to ask, before anything is spent.

    Raises ModelError where its server is another one, does not see pictures though it is to be shown some, or does not
    keep to the form, and where none is named though the store has no reply of the model. Replies that the store has
    need no server.
    """
    for served, steps in made.asking.items():
        missing = [step.address for step in steps if not store.is_done(step.address)]
        if missing and made.asker and made.asker.servers:
            from curation.asking import canary  # with a client that is slow to import; most builds ask nothing

            canary.check(made.asker, served, sees=served in made.seeing)
        elif missing and served not in served_of(store):
            raise ModelError(
                f"{missing[0]}: {served.model} ({served.revision}) is to be asked, the store {store.where} has none of "
                "its replies, and no server is named: give --server http://HOST:PORT/v1, or set RADIO_SERVER "
                "(`curation serve` starts one)"
            )


def handover_folder(made: Graph, store: Store, out: Path | None) -> Path:
    """Where the hand-over goes."""
    return _local(store, out) / made.handover


def report_file(made: Graph, store: Store, out: Path | None) -> Path:
    """Where the report goes."""
    return _local(store, out) / "reports" / made.handover.removeprefix("llava/") / "report.html"


def run_gate(
    made: Graph, store: Store, out: Path | None, *, say: Callable[[str], None] = print, with_report: bool = False
) -> GateResult:
    """Hold every table of the corpus against its rules, and leave the record beside the report.

    `with_report`: the report is written again too, with what people decided;
    otherwise it stays as it is. One that is damaged is written again in any case.
    """
    page = report_file(made, store, out)
    is_kept = not with_report and page.exists() and not folder_problems(page.parent)
    with_report = with_report or (page.exists() and not is_kept)
    hold = only_one(handover_folder(made, store, out), say, beside=page.parent)
    with hold, published(page.parent, _said(made)) as aside:
        with _damage_told(made, store):
            gate = run_gates(store, made.addresses(), aside / GATE)
            if with_report:
                _write_report(store, made, gate, aside / page.name)
        for one in (page, page.with_suffix(".json")) if is_kept else ():
            if one.exists():
                shutil.copyfile(one, aside / one.name)
    return replace(gate, folder=page.parent / GATE)


def _local(store: Store, out: Path | None) -> Path:
    if out is None and not store.is_local:
        raise RecipeError(
            f"{store.where}: tables go there, but a hand-over and its report are folders of plain files: "
            "say with --out FOLDER where they go"
        )
    return out or Path(store.root)
