"""SEALED: the sky of benchmarks, also of those whose dataset is no part of the corpus.

Reads the SOURCES of each benchmark's dataset, and MOSAICS for the size of pictures that are shown whole. Splits give
nothing to training that comes near this sky.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, SkipValidation

from catalogs.benchmark import Benchmark
from catalogs.dataset import Dataset
from curation.engine.steps import Input, Step
from curation.truth.sources import sources_step
from schemas.errors import CatalogError
from schemas.fingerprint import content_id
from schemas.rejection import Rejection, Sieved, sieved
from schemas.tables import SEALED
from schemas.touches import only

SOURCE_COLUMNS = (
    "source_id", "source_name", "dataset", "ra_deg", "dec_deg", "image_path", "side_arcsec", "split", "benchmark",
    "origin_catalog", "origin_row",
)  # fmt: skip
MOSAIC_COLUMNS = ("mosaic", "width_px", "height_px", "pixel_arcsec")
BENCHMARK_SOURCES = "benchmark_sources"
"""The kind of step that holds SOURCES of a dataset of which only the benchmark's sky counts."""
Row = dict[str, Any]


class SealConfig(BaseModel):
    """Which benchmarks, in the order of their tables, and how wide where nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    benchmarks: SkipValidation[tuple[Benchmark, ...]] = Field(min_length=1)
    unknown_radius_arcsec: float = Field(default=600.0, gt=0)
    """For a picture of unknown size: too much sky is sealed rather than too little."""


def sealed(sources: Sequence[pa.Table], mosaics: Sequence[pa.Table], config: SealConfig) -> Sieved:
    """SEALED, one row for each benchmark and source; *in* are the rows that benchmarks test on.

    One table of SOURCES and one of MOSAICS for each benchmark. Refused: `no-position`, a picture whose sky nobody
    knows. Raises CatalogError for a benchmark without any row: its sky would look sealed and not be.
    """
    kept, refused, empty = list[Row](), list[Rejection](), list[str]()
    for benchmark, source_table, mosaic_table in zip(config.benchmarks, sources, mosaics, strict=True):
        sizes = {one["mosaic"]: one for one in mosaic_table.select(MOSAIC_COLUMNS).to_pylist()}
        rows = [one for one in source_table.select(SOURCE_COLUMNS).to_pylist() if _is_tested(one, benchmark)]
        if not rows:
            empty.append(
                f"benchmark {benchmark.name}: dataset {benchmark.dataset} has no row of split {benchmark.split} with a "
                f"benchmark{f' {benchmark.rows}' if benchmark.rows else ''}, so there is nothing to seal; "
                "fetch the list of its test pictures, or take it out of `seal`"
            )
        for one in rows:
            if one["ra_deg"] is None or one["dec_deg"] is None:
                detail = f"{benchmark.name}: {one['source_name']} has no place on the sky"
                refused.append(Rejection(one["source_id"], "no-position", detail, one))
            else:
                radius = _radius_arcsec(one, sizes) or config.unknown_radius_arcsec
                kept.append(_row(one, benchmark, radius))
    if empty:
        raise CatalogError("\n".join(empty))
    return sieved(SEALED.of(sorted(kept, key=lambda one: one["sealed_id"])), refused, len(kept) + len(refused))


def sealed_step(corpus_name: str, wanted: Sequence[tuple[Benchmark, Step, Step]]) -> Step:
    """The whole step over every benchmark's (door, sources, mosaics of its dataset's survey)."""
    return Step(
        f"sealed/{corpus_name}",
        _sealed_of_all,
        SEALED,
        config=(SealConfig(benchmarks=tuple(only(door, "sealed") for door, _, _ in wanted)),),
        inputs=(
            *(Input(sources, columns=SOURCE_COLUMNS) for _, sources, _ in wanted),
            *(Input(mosaics, columns=MOSAIC_COLUMNS) for _, _, mosaics in wanted),
        ),
        counts="rows that benchmarks test on",
    )


def benchmark_sources_step(dataset: Dataset, mosaics_step: Step, raw: Path) -> Step:
    """`benchmark_sources/<dataset>`: the sources of a benchmark's dataset that is no part of the corpus."""
    return replace(sources_step(dataset, mosaics_step, raw), name=f"{BENCHMARK_SOURCES}/{dataset.name}")


def _sealed_of_all(*tables_and_config: Any) -> Sieved:
    *tables, config = tables_and_config
    return sealed(tables[: len(tables) // 2], tables[len(tables) // 2 :], config)


def _is_tested(source: Row, benchmark: Benchmark) -> bool:
    named = source["benchmark"] == benchmark.rows if benchmark.rows else source["benchmark"] is not None
    return named and source["split"] == benchmark.split and source["dataset"] == benchmark.dataset


def _radius_arcsec(source: Row, sizes: Mapping[str, Row]) -> float | None:
    """Half the diagonal of the square wanted, else of the whole picture; None where its size is not known."""
    if source["side_arcsec"] is not None:
        return source["side_arcsec"] * math.sqrt(2) / 2
    size = sizes.get(source["image_path"] or "")
    if size is None or size["pixel_arcsec"] is None:
        return None
    return math.hypot(size["width_px"], size["height_px"]) * size["pixel_arcsec"] / 2


def _row(source: Row, benchmark: Benchmark, radius_arcsec: float) -> Row:
    names = ("source_name", "dataset", "ra_deg", "dec_deg", "origin_catalog", "origin_row")
    return {
        "sealed_id": content_id("sealed", benchmark.name, source["source_id"]),
        "benchmark": benchmark.name,
        "radius_arcsec": radius_arcsec,
        **{name: source[name] for name in names},
    }
