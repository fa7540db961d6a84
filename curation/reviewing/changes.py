"""What decisions will change of the next build, for `plan`: held against the newest hand-over, nothing is made."""

from curation.corpus import Graph
from curation.decisions.rows import Decision, Verdict
from curation.engine.store import Store
from curation.reviewing.standings import Went, new_decisions
from schemas.errors import DamageError
from schemas.whole import MANIFEST, unsealed

MOST_TOLD = 20


def change_lines(made: Graph, store: Store) -> list[str]:
    """A line for each decision that the newest hand-over does not know, or that no longer speaks, and what it changes.

    Where that hand-over lies outside the store, only how many there are.
    """
    every = {one.decision_id: one for rows in made.reviews.values() for one in rows}
    address = store.tagged(made.latest)
    if not every or address in (None, made.handover):
        return []
    manifest = f"{address}/{MANIFEST}"
    try:
        tables = unsealed(store.read_bytes(manifest), manifest)["tables"] if store.exists(manifest) else None
    except DamageError:
        tables = None
    if tables is None:
        return [f"{len(every):,} decisions of reviewers, not told apart: the newest hand-over is not in the store"]
    new, gone = new_decisions(Went(store, tables), made.reviews)
    found = [f"decision of {one.reviewer}: {_about(one)}: {_effect(one)}" for one in new]
    found += [
        f"decision of {one.reviewer} no longer: {_about(one)}: as it was before; {_made_again(one)}"
        for name in gone
        if (one := every.get(name))
    ]
    more = len(found) - MOST_TOLD
    return [*found[:MOST_TOLD], f"and {more:,} decisions more"] if more > 0 else found


def _about(one: Decision) -> str:
    return f"{one.about} {one.told}"


def _effect(one: Decision) -> str:
    what = {
        Verdict.ACCEPT: "it is marked accepted",
        Verdict.REJECT: "it leaves the hand-over, unless as many accept it",
        Verdict.CORRECT: "an expert's label, unless as many say otherwise",
    }
    return f"{what[one.verdict]}; {_made_again(one)}"


def _made_again(one: Decision) -> str:
    tables = "all words, no picture" if one.verdict is Verdict.CORRECT else "samples"
    return f"of {one.dataset} are made again: {tables}"
