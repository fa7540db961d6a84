"""SOURCES and OBJECTS as reviewers corrected them: the expert's word in the place of what was said before.

Words are made of these; windows, cutouts and splits of those before, so that a corrected label moves no picture.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa

from curation.decisions.rows import FOLDER
from curation.engine.steps import Input, Step
from schemas.labels import Label, LabelScheme, Tier, Truth
from schemas.rejection import Sieved, sieved
from schemas.table import Table
from schemas.tables import OBJECTS, SOURCES

Row = dict[str, Any]
DECIDED = ("decision_id", "verdict", "dataset", "subject_id", "scheme", "label", "state")


@dataclass(frozen=True)
class Vocabulary:
    """What of a label scheme decides a correction."""

    scheme: str
    is_single: bool
    labels: tuple[str, ...]

    @classmethod
    def of(cls, scheme: LabelScheme) -> "Vocabulary":
        """Of a scheme."""
        return cls(scheme.name, scheme.kind == "single", tuple(scheme.labels))


def reviewed(before: pa.Table, decisions: pa.Table, words: Vocabulary, *, table: Table, key: str) -> Sieved:
    """Every row, with the labels that reviewers gave it; *in* are the rows.

    Where exactly one label holds, the one that was given is present and all others are absent; none is known where it
    was said to be unknown. Else the statements about that label give way, and the others stay.
    """
    said: dict[str, list[Row]] = {}
    for one in decisions.select(DECIDED).to_pylist():
        if one["scheme"] == words.scheme and one["label"] in words.labels:
            said.setdefault(one["subject_id"], []).append(one)
    rows = before.to_pylist()
    for one in rows:
        for correction in said.get(one[key], ()):
            one["labels"] = corrected(one["labels"] or [], correction, words)
    return sieved(table.of(rows), [], len(rows))


def corrected(labels: list[Row], correction: Mapping[str, Any], words: Vocabulary) -> list[Row]:
    """Labels after one correction (`label`, `state`, and whose: `dataset`, `decision_id`), in the order of before."""
    told, state = correction["label"], Truth(correction["state"])
    states = {told: state}
    if words.is_single and state is not Truth.ABSENT:
        other = Truth.ABSENT if state is Truth.PRESENT else Truth.UNKNOWN
        states = {name: state if name == told else other for name in words.labels}
    where = f"{FOLDER}/{correction['dataset']}:{correction['decision_id']}"
    new = {name: _label(words.scheme, name, truth, told, where) for name, truth in states.items()}
    after, left = list[Row](), dict(new)
    for one in labels:
        if one["scheme"] != words.scheme or one["label"] not in new:
            after.append(one)
        elif one["label"] in left:
            after.append(left.pop(one["label"]))
    return [*after, *left.values()]


def reviewed_sources_step(dataset_name: str, sources: Step, decisions: Step, words: Vocabulary) -> Step:
    """`reviewed_sources/<dataset>`, whole."""
    return _step(f"reviewed_sources/{dataset_name}", SOURCES, "source_id", sources, decisions, words)


def reviewed_objects_step(dataset_name: str, objects: Step, decisions: Step, words: Vocabulary) -> Step:
    """`reviewed_objects/<dataset>`, whole."""
    return _step(f"reviewed_objects/{dataset_name}", OBJECTS, "object_id", objects, decisions, words)


def _step(name: str, table: Table, key: str, before: Step, decisions: Step, words: Vocabulary) -> Step:
    return Step(
        name=name,
        make=partial(reviewed, table=table, key=key),
        table=table,
        config=(words,),
        inputs=(Input(before), Input(decisions, columns=DECIDED)),
    )


def _label(scheme: str, name: str, state: Truth, original: str, where: str) -> Row:
    said = Label(
        scheme=scheme, label=name, original=original, state=state, tier=Tier.EXPERT, catalog=where, row=-1
    )  # fmt: skip
    return said.model_dump(mode="json")
