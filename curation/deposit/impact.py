"""Which hand-overs and releases used something: a source, a catalogue's file, a mosaic, a paper, a survey, a door.

Reads their manifests and the names in their provenance, so that it answers where their tables are long gone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from curation.deposit.places import handover_in
from curation.release.certificate import PROVENANCE
from curation.release.export import handover_manifest
from curation.truth.withdrawn import Tombstone
from schemas.errors import RecipeError, StoreError

NAMES = ("sample_id", "conversation_id", "source_id", "source_name", "cutout_id", "mosaic", "origin_catalog",
         "dataset", "survey", "benchmark", "paper_id", "figure_id", "patch_id")  # fmt: skip
"""Columns of provenance by whose values something is found."""
MADE_OF = "mosaics"
"""The column of provenance that lists the mosaics of a picture, where a corpus has a `[frame]`."""
Row = dict[str, Any]


@dataclass(frozen=True)
class Use:
    """A hand-over that used it."""

    place: str
    """The folder."""
    address: str
    corpus: str
    tags: tuple[str, ...]
    by: tuple[str, ...]
    """Columns of provenance, or `door`."""
    n_samples: Mapping[str, int]
    """By split; those of a door are all."""
    example: str
    """The first sample of it; empty: none."""

    @property
    def line(self) -> str:
        """For people."""
        told = ", ".join(f"{split} {n:,}" for split, n in self.n_samples.items())
        named = f"  [{', '.join(self.tags)}]" if self.tags else ""
        return f"{self.address}{named}  {told} samples, by {', '.join(self.by)}, such as {self.example}  {self.place}"


def impact(what: str, handovers: Iterable[Path], tags: Mapping[str, str]) -> list[Use]:
    """Every hand-over that used `what`, in the order given; `tags`: address by tag. One that is damaged raises."""
    return [use for folder in handovers if (use := _use(what, folder, tags))]


def handovers_below(out: Path, beside: Sequence[Path] = ()) -> Iterator[Path]:
    """The hand-overs of a store or of a folder `out`, by corpus and address; then those of releases named beside.

    Raises RecipeError for a folder beside that is neither.
    """
    yield from (one.parent for one in sorted((out / "llava").glob(f"*/[!.]*/{PROVENANCE}")))
    for folder in beside:
        inner = handover_in(folder)
        if not (inner / PROVENANCE).is_file():
            raise RecipeError(f"{folder}: neither a hand-over nor a release: there is no {PROVENANCE} in it")
        yield inner


def to_withdraw(what: str, tables: Iterable[tuple[str, pa.Table]], reason: str) -> Tombstone:
    """The source or paper of that id or name. `tables`: `sources` or `papers`, and its rows.

    Raises RecipeError where there is none, or several of the name: then their ids are told.
    """
    found = dict[str, Tombstone]()
    for kind, table in tables:
        for row in table.to_pylist():
            if kind == "papers" and what == row["paper_id"]:
                found[what] = Tombstone(kind="paper", id=what, name=row["title"], reason=reason)
            elif kind == "sources" and what in (row["source_id"], row["source_name"]):
                said = {"name": row["source_name"], "dataset": row["dataset"], "reason": reason}
                found[row["source_id"]] = Tombstone(kind="source", id=row["source_id"], **said)
    if not found:
        raise RecipeError(
            f"{what!r}: no source or paper of this store has that id or name; `curation why SAMPLE` tells a sample's"
        )
    if len(found) > 1:
        told = "; ".join(f"{one.id} of {one.dataset}" for _, one in sorted(found.items()))
        raise RecipeError(f"{what!r}: several sources have that name: say which by its id: {told}")
    return next(iter(found.values()))


def _use(what: str, folder: Path, tags: Mapping[str, str]) -> Use | None:
    manifest = handover_manifest(folder)
    if manifest is None:
        raise StoreError(f"{folder}: its manifest is missing or damaged; `curation build --repair` makes it again")
    there = pq.read_schema(folder / PROVENANCE).names
    columns = [name for name in NAMES if name in there]
    made_of = [MADE_OF] if MADE_OF in there else []
    table = pq.read_table(folder / PROVENANCE, columns=list(dict.fromkeys(["sample_id", "split", *columns, *made_of])))
    masks = {name: pc.fill_null(pc.equal(table[name].cast(pa.string()), what), False) for name in columns}  # noqa: FBT003
    by = [name for name, mask in masks.items() if pc.any(mask).as_py()]
    if made_of and pc.any(mask := _is_made_of(table[MADE_OF], what)).as_py():
        masks[MADE_OF] = mask
        by.append(MADE_OF)
    is_door = what in {f"{one['kind']}/{one['name']}" for one in manifest.get("doors", ())}
    if not by and not is_door:
        return None
    used = table if is_door else table.filter(reduce(pc.or_, (masks[name] for name in by)))
    counts = sorted(pc.value_counts(used["split"]).to_pylist(), key=lambda one: one["values"])
    address = manifest["address"]
    return Use(
        str(folder),
        address,
        manifest["corpus"],
        tuple(sorted(tag for tag, named in tags.items() if named == address)),
        (*by, *(["door"] if is_door else [])),
        {one["values"]: one["counts"] for one in counts},
        used["sample_id"][0].as_py() if used.num_rows else "",
    )


def _is_made_of(mosaics: pa.ChunkedArray, what: str) -> pa.ChunkedArray:
    """Of each row whether one of its mosaics has that name."""
    rows = mosaics.to_pylist()
    return pa.chunked_array([pa.array([any(one["mosaic"] == what for one in row or ()) for row in rows], pa.bool_())])
