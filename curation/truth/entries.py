"""ENTRIES: the rows of a published catalogue, each with its direction, extent and what it says in a label scheme.

Reads the catalogue's own file. Riggi et al. 2025, A.1 and A.2, for the catalogues that labels are completed from.
"""

import json
import math
import struct
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from catalogs.catalog import RADIUS, Catalog, file_digest, read_catalog
from catalogs.positions import POSITION, ROW
from catalogs.row_labels import said
from catalogs.sky import unit_vectors
from catalogs.statements import Said, all_labels
from curation.engine.steps import Step
from curation.truth.as_indexed import as_indexed
from schemas.errors import CatalogError, RecipeError
from schemas.fingerprint import content_id, sha256_of
from schemas.labels import LabelScheme, Truth, label_scheme
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import ENTRIES
from schemas.touches import only

PREFIX, LAST_RANK = "entry", "f" * 8
SMALLEST_INT, LARGEST_INT = -(2**31), 2**31 - 2
TOLD = (ROW, "name", *POSITION, RADIUS)  # columns of ENTRIES themselves; all others are cells


@dataclass(frozen=True)
class CatalogFacts:
    """What decides a catalogue's entries beside its door: the content of its file, and its vocabulary."""

    catalog: str
    sha256: str
    scheme: LabelScheme | None


def catalog_facts(catalog: Catalog, raw: Path) -> CatalogFacts:
    """The facts as found. Raises CatalogError for a file that is absent or not the pinned one."""
    if not catalog.has_positions:
        raise RecipeError(f"catalogue {catalog.name} has no positions, so it has no entries; {catalog.door}")
    scheme = only(label_scheme(catalog.labels.scheme), "entries") if catalog.labels else None
    return CatalogFacts(catalog.name, file_digest(catalog, raw), scheme)


def entries(catalog: Catalog, facts: CatalogFacts, *, raw: Path) -> Sieved:
    """ENTRIES in the order of the file; *in* are the rows of the file.

    Refused: whatever the catalogue's reader refuses; `unknown-class`, a class that neither scheme nor door knows;
    `negative-extent`. Among entries at one place the one that the door's `rank` puts first has the lowest id.
    """
    file = raw / catalog.file
    with as_indexed(facts.sha256, lambda: sha256_of(file), f"catalogue {catalog.name}"):
        read = read_catalog(file, catalog)
    refused, rows = list(read.rejections), list[dict[str, Any]]()
    cells = read.table.to_pylist()
    vectors = unit_vectors([one["ra_deg"] for one in cells], [one["dec_deg"] for one in cells]).tolist()
    names = [_name(catalog, one) for one in cells]
    repeated = {name for name, n in Counter(names).items() if n > 1}
    says = partial(_labels, catalog, facts.scheme, {}) if facts.scheme else lambda _: []
    for one, vector, name in zip(cells, vectors, names, strict=True):
        made = _entry(catalog, one, says)
        if isinstance(made, Rejection):
            refused.append(made)
            continue
        what = one[ROW] if name in repeated else name
        entry_id = content_id(PREFIX + _rank(catalog, one), catalog.name, catalog.file, what)
        rows.append({**made, "entry_id": entry_id, "name": name, **dict(zip("xyz", vector, strict=True))})
    return sieved(ENTRIES.of(rows), refused, read.n_in)


def entries_step(catalog: Catalog, raw: Path) -> Step:
    """The step that makes `entries/<catalog>`; its address holds the door and the content of its file."""
    return Step(
        name=f"entries/{catalog.name}",
        make=partial(entries, raw=raw),
        table=ENTRIES,
        config=(only(catalog, "entries"), catalog_facts(catalog, raw)),
        counts="rows of the file",
        version=2,  # tables are read with undefined values as null and whole numbers to their last digit
    )


def _entry(
    catalog: Catalog, cells: dict[str, Any], says: Callable[[dict[str, Any]], list[dict[str, Any]]]
) -> dict[str, Any] | Rejection:
    """A row of ENTRIES without what depends on other rows, or its refusal."""
    where = f"{catalog.file}:{cells[ROW]}"
    try:
        labels = says(cells)
    except CatalogError as error:
        return Rejection(where, "unknown-class", str(error), cells)
    radius = cells.get(RADIUS)
    if radius is not None and radius < 0:
        hint = f"a number that means none goes into columns.{RADIUS}.missing of {catalog.door}"
        return Rejection(where, "negative-extent", f"found {radius} arcsec; {hint}", cells)
    more = {} if catalog.accuracy_arcsec is None else {"accuracy_arcsec": catalog.accuracy_arcsec}
    rest = {name: value for name, value in cells.items() if name not in TOLD} | more
    return {
        "catalog": catalog.name,
        "ra_deg": cells["ra_deg"],
        "dec_deg": cells["dec_deg"],
        RADIUS: radius,
        "labels": labels,
        "cells": json.dumps(rest, sort_keys=True, ensure_ascii=False, allow_nan=False),
        "origin_catalog": catalog.file,
        "origin_row": cells[ROW],
    }


def _name(catalog: Catalog, cells: dict[str, Any]) -> str:
    """The row's name, else its key, else its number."""
    name = cells.get("name")
    if name is None and catalog.key is not None:
        name = cells[catalog.key]
    return f"row {cells[ROW]}" if name is None else str(name)


def _labels(
    catalog: Catalog, scheme: LabelScheme, known: dict[str, list[dict[str, Any]]], cells: dict[str, Any]
) -> list[dict[str, Any]]:
    """Every label of the scheme with its truth, none without `labels`; CatalogError for a class that nobody knows.

    `known` keeps the statements of each class, for there are few classes and many rows.
    """
    rule = catalog.labels
    if rule is None:
        return []
    words = said(rule, scheme, cells)
    words = {label: catalog.columns[word].name if word in rule.flags else word for label, word in words.items()}
    key = json.dumps(sorted(words.items()))
    if key not in known:
        is_single = scheme.kind == "single" and words
        truths = dict.fromkeys(scheme.labels if is_single else (), Truth.ABSENT) | dict.fromkeys(words, Truth.PRESENT)
        originals = dict.fromkeys(scheme.labels, next(iter(words.values()))) if is_single else words
        known[key] = all_labels(scheme, truths, originals, Said(rule.tier, catalog.file))
    confidence = cells[rule.confidence] if rule.confidence else None
    return [{**one, "row": cells[ROW], "confidence": confidence} for one in known[key]]


def _rank(catalog: Catalog, cells: dict[str, Any]) -> str:
    """Eight digits for each column of the rank, so that ids sort as the rows rank; null ranks last."""
    return "".join(_sortable(cells[one.lstrip("-")], falling=one.startswith("-")) for one in catalog.rank)


def _sortable(value: float | None, *, falling: bool) -> str:
    """Eight hexadecimal digits that sort as the number does: an int as it is, a real to single precision."""
    if value is None:
        return LAST_RANK
    value = -value if falling else value
    if isinstance(value, int):
        if not SMALLEST_INT <= value <= LARGEST_INT:
            raise RecipeError(f"rank by {value}: expected an integer of 32 bits")
        return f"{value - SMALLEST_INT:08x}"
    bits = struct.unpack(">I", struct.pack(">f", value))[0]
    # IEEE 754 sorts as its bits do, but negative numbers backwards and below.
    return f"{bits ^ 0xFFFFFFFF if math.copysign(1, value) < 0 else bits | 0x80000000:08x}"
