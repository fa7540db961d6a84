"""What the rows of a dataset's table say in its scheme, as rows of the `labels` column.

Only what is known to be absent is: a label that nobody speaks of, a null flag and a class that means "not known" leave
it unknown.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from catalogs.catalog import Catalog
from catalogs.dataset_door import DatasetLabels
from catalogs.positions import ROW
from catalogs.row_labels import in_doubt, word_of
from catalogs.statements import Said, all_labels
from schemas.errors import CatalogError
from schemas.labels import LabelScheme, Truth, plain_label

Cells = Mapping[str, Any]
Statements = list[dict[str, Any]]


@dataclass(frozen=True)
class Saying:
    """What one row says: truth and original word by label; labels that are left out are unknown."""

    truths: dict[str, Truth] = field(default_factory=dict[str, Truth])
    originals: dict[str, str] = field(default_factory=dict[str, str])
    fault: tuple[str, str] | None = None
    """Reason and detail, where the row cannot be believed: it is refused as a source, its object is of no class."""
    word: str = ""
    """What stands in the row, for an object whose class is not known."""


@dataclass
class Sayings:
    """What rows of `catalog` say by `rule`; the statements of each class are made once, for classes are few."""

    rule: DatasetLabels
    scheme: LabelScheme
    catalog: Catalog
    made: dict[str, Statements] = field(default_factory=dict[str, Statements])
    labels: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def of(self, cells: Cells | None) -> Saying:
        """What a row says; None: there is no row that could."""
        found = Saying() if cells is None or in_doubt(self.rule, cells) else self._read(cells)
        if self.rule.required and not found.truths and found.fault is None:
            columns = [*self.rule.template_columns, *self.rule.flags, *([self.rule.listed] if self.rule.listed else [])]
            empty = f"{', '.join(columns)}: empty, in doubt or unknown; expected a label of {self.scheme.name}"
            return Saying(fault=("no-label", empty), word=found.word)
        return found

    def of_source(self, saying: Saying, cells: Cells | None) -> Statements:
        """A statement for every label of the scheme."""
        return self._said(saying.truths, saying.originals, cells)

    def of_object(self, saying: Saying, cells: Cells | None) -> Statements:
        """A statement for each class that the object has; where none is known, every label unknown with its word."""
        present = {label: Truth.PRESENT for label, state in saying.truths.items() if state == Truth.PRESENT}
        if not present:
            return self._said({}, dict.fromkeys(self.scheme.labels, saying.word), cells)
        every = self._said(present, saying.originals, cells)
        return [one for one in every if one["label"] in present]

    def _said(self, truths: Mapping[str, Truth], originals: Mapping[str, str], cells: Cells | None) -> Statements:
        key = json.dumps([sorted(truths.items()), sorted(originals.items())])
        if key not in self.made:
            self.made[key] = all_labels(self.scheme, truths, originals, Said(self.rule.tier, self.catalog.file))
        if cells is None:
            return self.made[key]
        confidence = cells[self.rule.confidence] if self.rule.confidence else None
        return [{**one, "row": cells[ROW], "confidence": confidence} for one in self.made[key]]

    def _read(self, cells: Cells) -> Saying:
        rule, scheme = self.rule, self.scheme
        flags = {label: cells[column] for column, label in self._flags.items()}
        columns = {label: self.catalog.columns[column].name for column, label in self._flags.items()}
        words, is_open = dict[str, str](), False
        given = list(_words(rule, cells))
        for word in given:
            try:
                label = self._label_of(word)
            except CatalogError as error:
                return Saying(fault=("unknown-class", str(error)), word=word)
            is_open |= label is None
            words |= {label: word} if label else {}
        said = {label: columns[label] for label, is_set in flags.items() if is_set} | words
        if scheme.kind == "single" and len(said) > 1:
            detail = f"found {', '.join(said)}, but exactly one label of scheme {scheme.name} holds"
            return Saying(fault=("label-conflict", detail), word=", ".join(said.values()))
        is_closed = bool(given) and not is_open
        truths = self._truths(set(said), flags, is_closed=is_closed)
        return Saying(truths, self._originals(said, columns, truths), word=", ".join(given))

    def _truths(self, said: set[str], flags: Mapping[str, bool | None], *, is_closed: bool) -> dict[str, Truth]:
        """`is_closed`: whether the words of the row are all known, so that they can be all there is."""
        rule, scheme = self.rule, self.scheme
        if scheme.kind == "single" and said:
            return {label: Truth.PRESENT if label in said else Truth.ABSENT for label in scheme.labels}
        present = scheme.with_implied(said)
        absent = {label for label, others in self._absent_where.items() if present & others}
        if rule.exhaustive:
            absent |= {label for label, is_set in flags.items() if is_set is False}
            absent |= {label for label in scheme.labels if label not in flags} if is_closed else set()
        return {label: Truth.PRESENT if label in present else Truth.ABSENT
                for label in scheme.labels if label in present | absent}  # fmt: skip

    def _originals(
        self, said: Mapping[str, str], columns: Mapping[str, str], truths: Mapping[str, Truth]
    ) -> dict[str, str]:
        """Their words: of a flag the column's name, set or not; of what an exhaustive row says by silence, our name."""
        if self.scheme.kind == "single" and said:
            return dict.fromkeys(self.scheme.labels, next(iter(said.values())))
        silent = {label: label for label in truths} if self.rule.exhaustive else {}
        return {**silent, **columns, **said}

    def _label_of(self, word: str) -> str | None:
        """The scheme's label for a word; None for one that means "not known", or that says nothing in this scheme."""
        if word not in self.labels:
            is_unknown = plain_label(word) in {plain_label(one) for one in self.rule.unknown}
            ours = "" if is_unknown else self.rule.names.get(word, word)
            self.labels[word] = self.scheme.harmonised(ours) if ours else None
        return self.labels[word]

    @cached_property
    def _flags(self) -> dict[str, str]:
        return {column: self.scheme.harmonised(label) for column, label in self.rule.flags.items()}

    @cached_property
    def _absent_where(self) -> dict[str, set[str]]:
        harmonised = self.scheme.harmonised
        return {
            harmonised(label): {harmonised(one) for one in others} for label, others in self.rule.absent_where.items()
        }


def _words(rule: DatasetLabels, cells: Cells) -> Iterator[str]:
    """The classes that stand in a row, as they are written."""
    if rule.listed:
        yield from (str(one) for one in cells[rule.listed] or () if one is not None and str(one).strip())
        return
    word = word_of(rule, cells)
    if word is not None and word.strip():
        yield word
