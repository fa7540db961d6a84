"""What a row of a table says in a label scheme: which of its columns hold classes, flags, votes and doubts."""

import string
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from schemas.labels import LabelScheme, Tier, plain_label


def template_columns(template: str) -> list[str]:
    """The columns that a text such as `{n_components}C-{n_peaks}P` is made of. ValueError for one that is no such text.

    >>> template_columns("images/{field}/{file}.fits")
    ['field', 'file']
    """
    parts = [part for part in string.Formatter().parse(template) if part[1] is not None]
    names = [name or "" for _, name, _, _ in parts]
    if any(not name.isidentifier() or how or turn for name, (_, _, how, turn) in zip(names, parts, strict=True)):
        raise ValueError(
            "expected plain names of columns in braces, such as {class_name}; a brace itself is written twice"
        )
    return names


class RowLabels(BaseModel):
    """Which columns say something, by OUR names of them, and what. What a catalogue and a dataset share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tier: Tier
    label: str = ""
    """Their class: a word such as `HII`, or one made of columns of ours, `{class_name}`, `{n_components}C-{n_peaks}P`.
    A row with a null among them says nothing."""
    names: dict[str, str] = Field(default_factory=dict[str, str])
    """The scheme's label for a class of theirs, where the scheme does not know their spelling; empty: the class says
    nothing in this scheme. Any other class that the scheme does not know is refused as `unknown-class`."""
    flags: dict[str, str] = Field(default_factory=dict[str, str])
    """The scheme's label for each truth column of ours that says it is present; one that is not set says nothing."""
    confidence: str | None = None
    """The column of ours with a confidence, 0 to 1."""
    doubtful: str | None = None
    """The truth column of ours that is set where the class is in doubt: such a row says nothing."""
    votes: str | None = None
    """The list column of ours with everybody's class: a row where they differ says nothing."""

    @field_validator("label")
    @classmethod
    def _is_a_template(cls, label: str) -> str:
        template_columns(label)
        return label

    @property
    def template_columns(self) -> list[str]:
        """The columns of ours that `label` is made of."""
        return template_columns(self.label)

    @property
    def columns(self) -> list[str]:
        """All columns of ours that it reads."""
        more = (one for one in (self.confidence, self.doubtful, self.votes) if one)
        return [*self.template_columns, *self.flags, *more]


class CatalogLabels(RowLabels):
    """What a row of a catalogue says of its source, in a label scheme."""

    scheme: str


def in_doubt(rule: RowLabels, cells: Mapping[str, Any]) -> bool:
    """Whether a row says nothing, for its class is in doubt or voters differ."""
    if rule.doubtful and cells[rule.doubtful]:
        return True
    return bool(rule.votes and len({plain_label(one) for one in cells[rule.votes] or ()}) > 1)


def word_of(rule: RowLabels, cells: Mapping[str, Any]) -> str | None:
    """A row's class in the words of its table; None where there is none."""
    if not rule.label or any(cells[name] is None for name in rule.template_columns):
        return None
    return rule.label.format_map(cells)


def said(rule: RowLabels, scheme: LabelScheme, cells: Mapping[str, Any]) -> dict[str, str]:
    """The labels that a row says are present, each with their word for it, that of a flag being our column's name.

    Raises CatalogError for a class that neither the rule nor the scheme knows.
    """
    if in_doubt(rule, cells):
        return {}
    found = {scheme.harmonised(label): column for column, label in rule.flags.items() if cells[column]}
    original = word_of(rule, cells)
    label = None if original is None else rule.names.get(original, original)
    if label and original is not None:
        found[scheme.harmonised(label)] = original
    return found
