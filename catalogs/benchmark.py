"""A benchmark: rows of a dataset that models are tested on. A door: one TOML file each in `benchmarks/`.

What it asks and how it is scored stands elsewhere; here it is a list of pictures, whose sky nothing may be trained on.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from schemas.folder import one_door, read_doors
from schemas.touches import Touches

HERE = Path(__file__).parent / "benchmarks"


class Benchmark(BaseModel):
    """Which rows of which dataset it tests on. Several benchmarks may share rows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: Annotated[str, Touches()]
    dataset: str
    split: str = Field(default="test", pattern="^(train|validation|test)$")
    """The published split that it tests on; of that, the rows with a benchmark."""
    rows: str = ""
    """Only the rows with this name in SOURCES.benchmark; empty: with any."""
    cite: str = Field(exclude=True)


def benchmarks() -> Mapping[str, Benchmark]:
    """Every benchmark, by the name of its file."""
    return read_doors(Benchmark, "benchmarks", HERE)


def benchmark(name: str) -> Benchmark:
    """One benchmark; raises RecipeError, listing the known ones, for another name."""
    return one_door(benchmarks(), name, "benchmark")
