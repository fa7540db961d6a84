"""`curation demo`: the synthetic sky written, and the demo's corpora built from it into one store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from curation.asking.rule_child import rule_server
from curation.build import build_corpus
from curation.corpus import corpus, graph
from curation.demo import write_demo
from curation.demo_papers import write_demo_papers
from curation.engine.store import Store

CORPORA = ("tiny", "paper_doors", "qa_and_captions")


def build_demo(out: Path, *, workers: int | None = None, say: Callable[[str], None] = print) -> list[dict[str, Any]]:
    """Raw files below `out/raw`, tables, hand-overs and reports below `out/store`; gives what each build gives."""
    raw, place = write_demo(out / "raw"), Store(str(out / "store"))
    write_demo_papers(raw)
    with rule_server() as address:  # all is real but the model, which answers by rule
        # Both graphs first: a mistake in the second is told before anything is spent on the first.
        made = [graph(corpus(name), raw, place, [address]) for name in CORPORA]
        return [build_corpus(one, place, workers=workers, say=say) for one in made]


def told(results: list[dict[str, Any]], store: Path) -> list[str]:
    """The lines that end the demo: where each hand-over and report is, and one command that tells a chain."""
    lines = [line for one in results for line in (
        f"{one['corpus']}", f"  hand-over: {one['handover']}", f"  report:    {one['report']}")]  # fmt: skip
    return [*lines, f"one chain:   python -m curation why {results[0]['example']} --store {store}"]
