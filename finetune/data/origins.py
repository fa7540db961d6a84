"""What the model card says of the data: which version, under which licences, written by whom.

Taken from the hand-over's provenance or the SAMPLES table; what they do not say is `unknown`, and said so.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow.parquet as pq

from finetune.data.sources import PROVENANCE, Location
from schemas.fingerprint import fingerprint

UNKNOWN = "unknown"
SAID = ("licence", "generator", "survey")


@dataclass(frozen=True)
class Origin:
    """The data of one tag."""

    tag: str
    version: str
    """The address of the hand-over or tables; of a plain file its name and digest."""
    licences: tuple[str, ...]
    """Of the pixels of the training records."""
    writers: tuple[str, ...]
    """Templates and models that wrote the words."""
    surveys: tuple[str, ...]


def origins(locations: Sequence[Location]) -> list[Origin]:
    """The origin of every tag, in the recipe's order."""
    return [_origin(one) for one in locations]


def _origin(location: Location) -> Origin:
    if location.kind == "handover":
        rows = _provenance(location)
        version = str(location.manifest.get("address") or f"digest {fingerprint(location.content)[:16]}")
    elif location.kind == "samples":
        rows = [row for path in location.files for row in _rows(path)]
        version = ", ".join(manifest.address for _, manifest in location.tables)
    else:
        rows = []
        version = f"{location.files[0].name}, digest {fingerprint(location.content)[:16]}"
    licences, writers, surveys = (_distinct(rows, name) for name in SAID)
    return Origin(location.tag, version, licences, writers, surveys)


def _provenance(location: Location) -> list[dict[str, Any]]:
    chosen = location.chosen()
    rows = _rows(location.root / PROVENANCE)
    return [row for row in rows if chosen is None or row["sample_id"] in chosen]


def _rows(path: Any) -> list[dict[str, Any]]:
    """The training rows with what is said of them; a column that is not there says nothing."""
    there = set(pq.read_schema(path).names)
    wanted = [name for name in ("sample_id", "split", *SAID) if name in there]
    return [row for row in pq.read_table(path, columns=wanted).to_pylist() if row.get("split", "train") == "train"]


def _distinct(rows: Iterable[dict[str, Any]], name: str) -> tuple[str, ...]:
    """What is said, sorted; `unknown` where any row says nothing, or there is none."""
    found = {str(row.get(name) or UNKNOWN) for row in rows} or {UNKNOWN}
    return tuple(sorted(found, key=lambda one: (one == UNKNOWN, one)))
