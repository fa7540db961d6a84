"""Statements of a scheme as rows of the `labels` column: every label of the scheme, each with its truth."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.labels import Label, LabelScheme, Tier, Truth


@dataclass(frozen=True)
class Said:
    """Who says so, and where: the tier, the file relative to the raw folder, its 0-based data row, the confidence."""

    tier: Tier
    catalog: str
    row: int = -1
    confidence: float | None = None


def one_label(scheme: LabelScheme, present: str, original: str, said: Said) -> list[dict[str, Any]]:
    """A source that has exactly one label of a single-label scheme: the others are absent."""
    truths = {name: Truth.PRESENT if name == present else Truth.ABSENT for name in scheme.labels}
    return all_labels(scheme, truths, dict.fromkeys(scheme.labels, original), said)


def no_label(scheme: LabelScheme, said: Said) -> list[dict[str, Any]]:
    """A source of which nobody says anything: every label is unknown."""
    return all_labels(scheme, {}, {}, said)


def all_labels(
    scheme: LabelScheme, truths: Mapping[str, Truth], originals: Mapping[str, str], said: Said
) -> list[dict[str, Any]]:
    """Every label of the scheme in its order; unknown where `truths` has none, original empty where there is none."""
    labels = [
        Label(
            scheme=scheme.name,
            label=name,
            original=originals.get(name, ""),
            state=truths.get(name, Truth.UNKNOWN),
            tier=said.tier,
            catalog=said.catalog,
            row=said.row,
            confidence=said.confidence,
        )
        for name in scheme.labels
    ]
    return [{**label.model_dump(), "state": label.state.value, "tier": label.tier.value} for label in labels]
