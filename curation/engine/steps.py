"""A step is a value; its address is the hash of its recipe.

A step is a pure function from tables to one table. Two kinds: *whole* makes its table in one task; *by part*
makes part k from part k of its leading inputs, so that any number of machines can share the work.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from schemas.errors import RecipeError
from schemas.fingerprint import fingerprint
from schemas.manifest import DoorFile
from schemas.rejection import Sieved
from schemas.table import Table

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}(/[A-Za-z0-9_][A-Za-z0-9_.-]{0,99})*")


@dataclass(frozen=True)
class Resources:
    """How much machine one task of a step takes. Not part of the recipe."""

    cpus: float = 1
    gpus: float = 0
    memory_mb: int = 500


@dataclass(frozen=True)
class Input:
    """A table that a step reads: all of it, or by part; all columns, or some (the columns are no recipe)."""

    step: "Step"
    by_part: bool = False
    columns: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Step:
    """One table of the corpus and how it is made: what counts for its address, and what does not."""

    name: str
    make: Callable[..., Sieved]
    """Called as `make(*tables, *config)`. Not in the recipe: code has no stable identity, `version` stands for it."""
    table: Table
    config: tuple[object, ...] = ()
    inputs: tuple[Input, ...] = ()
    beside: tuple[object, ...] = ()
    """What decides the table and does not come by `config` or `inputs`: in the recipe, not given to `make`."""
    doors: tuple[DoorFile, ...] = ()
    """The door files that it is made by, for people; not in the recipe, for what they say is."""
    version: int = 1
    """Raised by hand when `make` starts to mean something else."""
    rows_per_part: int | None = None
    """A whole step's table is sliced into parts of so many rows; None: one part. Part of the recipe."""
    counts: str | None = None
    """What is counted as *in*, where that is not the rows of the first input; else None."""
    resources: Resources = Resources()

    def __post_init__(self) -> None:
        """Refuse a step whose parts could not be told apart."""
        if not NAME.fullmatch(self.name) or ".." in self.name:
            raise RecipeError(
                f"step {self.name!r:.200}: its name is a folder of the store, expected letters, digits, dots, dashes "
                "and underscores, at most 100 between two slashes"
            )
        if any(one.by_part for one in self.inputs) and self.rows_per_part:
            raise RecipeError(f"step {self.name}: made by part, so its parts are those of its input")
        by_part = [one.by_part for one in self.inputs]
        if by_part != sorted(by_part, reverse=True):
            raise RecipeError(f"step {self.name}: inputs read by part must come first")

    @cached_property
    def address(self) -> str:
        """Its place in the store: the name, and twelve digits of the recipe's hash."""
        return f"{self.name}/{fingerprint(self.recipe)[:12]}"

    @property
    def recipe(self) -> dict[str, object]:
        """All that decides what the table holds, and nothing else."""
        return {
            "name": self.name,
            "version": self.version,
            "columns": [[column.name, str(column.type)] for column in self.table.schema],
            "config": self.config,
            "beside": self.beside,
            "inputs": [one.step.address for one in self.inputs],
            "rows_per_part": self.rows_per_part,
        }

    @property
    def is_by_part(self) -> bool:
        """Whether it is made part by part."""
        return bool(self.inputs) and self.inputs[0].by_part

    def run(self, tables: list[pa.Table]) -> Sieved:
        """Call `make`, and hold what it gives against the table's contract and the law in = kept + rejected."""
        sieved = self.make(*tables, *self.config)
        if self.counts is None and tables and sieved.n_in != tables[0].num_rows:
            raise RecipeError(f"step {self.name}: {tables[0].num_rows} rows came in, it counted {sieved.n_in}")
        return Sieved(self.table.check(sieved.kept), sieved.rejected, sieved.n_in)


def in_order(targets: list[Step]) -> list[Step]:
    """The targets and all they need, each after its inputs, each address once."""
    done: dict[str, Step] = {}

    def visit(step: Step) -> None:
        if step.address not in done:
            for one in step.inputs:
                visit(one.step)
            done[step.address] = step

    for target in targets:
        visit(target)
    return list(done.values())
