"""SOURCES: the catalogued sources, or annotated pictures, of a dataset.

Reads MOSAICS of the dataset's survey and the dataset's own files. Riggi et al. 2025, A.1.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pyarrow as pa
from pydantic import BaseModel

from catalogs.catalog import Catalog, catalog
from catalogs.dataset import Dataset
from curation.engine.steps import Input, Step
from curation.truth.as_indexed import as_indexed
from curation.truth.withdrawn import REASON, Withdrawn
from schemas.fingerprint import fingerprint
from schemas.labels import LabelScheme, label_scheme
from schemas.rejection import REJECTED, Rejection, Sieved, rejected_table
from schemas.tables import SOURCES
from schemas.touches import only

READ_OF_MOSAICS = ("mosaic", "ra_deg", "dec_deg", "width_px", "height_px", "pixel_arcsec", "header")


@dataclass(frozen=True)
class DatasetFacts:
    """What decides a dataset's tables beside the mosaics: the content of its files, its vocabulary, and its doors."""

    dataset: str
    files: dict[str, str]
    """SHA-256 by file, relative to the raw folder."""
    scheme: LabelScheme
    schemes: tuple[LabelScheme, ...]
    """Others that its readers read."""
    door: BaseModel | None
    """What its TOML file says of the table."""
    catalogs: tuple[Catalog, ...]
    code: dict[str, str]
    """SHA-256 by name of its source, where it is written in Python."""


def dataset_facts(dataset: Dataset, raw: Path, table: str) -> DatasetFacts:
    """The facts as found, of one kind of `table`, such as `sources`.

    Raises CatalogError for files that are absent or not the pinned ones, RecipeError for a door that is not there.
    """
    door = only(dataset.door, table) if dataset.door else None
    read = tuple(only(catalog(name), table) for name in dataset.catalogs)
    scheme, *more = (only(label_scheme(name), table) for name in (dataset.scheme, *dataset.schemes))
    return DatasetFacts(dataset.name, dataset.file_digests(raw), scheme, tuple(more), door, read, dataset.code)


def sources(
    mosaics: pa.Table, facts: DatasetFacts, withdrawn: tuple[Withdrawn, ...] = (), *, dataset: Dataset, raw: Path
) -> Sieved:
    """SOURCES as the dataset's door reads them; of equal ids the first stays. *In* are the rows of its catalogue."""
    with read_as(facts, dataset, raw):
        return _without(without_repeats(dataset.read_sources(raw, mosaics), "source_id"), withdrawn)


def read_as(facts: DatasetFacts | None, dataset: Dataset, raw: Path) -> AbstractContextManager[None]:
    """Around reading a dataset's files: raises CatalogError where they are not those of the facts any more."""
    if facts is None:
        return nullcontext()
    return as_indexed(facts.files, lambda: dataset.file_digests(raw), f"dataset {dataset.name}")


def sources_step(dataset: Dataset, mosaics_step: Step, raw: Path, withdrawn: tuple[Withdrawn, ...] = ()) -> Step:
    """The step that makes `sources/<dataset>`; its address holds the content of its files and its scheme."""
    return Step(
        name=f"sources/{dataset.name}",
        make=partial(sources, dataset=dataset, raw=raw),
        table=SOURCES,
        config=(dataset_facts(dataset, raw, "sources"), *([withdrawn] if withdrawn else [])),
        inputs=(Input(mosaics_step, columns=READ_OF_MOSAICS),),
        counts="rows of the catalogue",
        version=2,  # tables are read with undefined values as null and whole numbers to their last digit
    )


def without_repeats(found: Sieved, key: str) -> Sieved:
    """The rows with an id of their own; a later row with an id that was there is refused as `duplicate-id`."""
    first, refusals = dict[str, int](), dict[int, Rejection]()
    for index, row_id in enumerate(found.kept[key].to_pylist()):
        if first.setdefault(row_id, index) != index:
            stands = found.kept.slice(first[row_id], 1).to_pylist()[0]["origin_row"]
            refusals[index] = refusal(found.kept, index, "duplicate-id", f"{key} {row_id} is also row {stands}")
    return move_to_rejected(found, refusals)


def _without(found: Sieved, withdrawn: tuple[Withdrawn, ...]) -> Sieved:
    """The rows of sources that nobody withdrew; the others are refused as `withdrawn`."""
    why, refusals = {one.id: one.reason for one in withdrawn}, dict[int, Rejection]()
    for index, source_id in enumerate(found.kept["source_id"].to_pylist() if withdrawn else []):
        if source_id in why:
            refusals[index] = refusal(found.kept, index, REASON, f"{source_id}: {why[source_id]}")
    return move_to_rejected(found, refusals)


def refusal(kept: pa.Table, index: int, reason: str, detail: str) -> Rejection:
    """Of a row of SOURCES or OBJECTS, named by its file and its row there."""
    row = kept.slice(index, 1).to_pylist()[0]
    return Rejection(f"{row['origin_catalog']}:{row['origin_row']}", reason, detail, row)


def move_to_rejected(found: Sieved, refusals: dict[int, Rejection]) -> Sieved:
    """The same rows in, but those with a refusal (by index) no longer kept."""
    if not refusals:
        return found
    kept = found.kept.filter(pa.array([index not in refusals for index in range(found.kept.num_rows)], pa.bool_()))
    rejected = pa.concat_tables([found.rejected.cast(REJECTED), rejected_table(list(refusals.values()))])
    order = sorted(rejected.to_pylist(), key=lambda one: (one["row_id"], one["reason"], fingerprint(one)))
    return Sieved(kept, pa.Table.from_pylist(order, schema=REJECTED), found.n_in)
