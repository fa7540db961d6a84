"""Which records make which row of which step: decided before the run, from (seed, epoch, id) alone.

The order of the records does not depend on the number of processes, nor on how they are packed; nor does which records
share an optimiser step. Only how the rows of a step are dealt to ranks does. A run is one long list of rows, so going
on after a stop means to begin at another row: nothing is read twice, nothing is drawn again.
"""

import hashlib
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from finetune.data.samples import Samples
from finetune.recipe import Recipe
from finetune.rows.encode import Encoder
from finetune.rows.encoded import Encoded, without_weight
from finetune.rows.lengths import Lengths, checked
from finetune.rows.pack import bins, row_of
from schemas.errors import RecipeError


@dataclass(frozen=True)
class Row:
    """Records that share a row, by number. A filler repeats a row without weight, to complete an epoch's last step.

    `n_tokens` is what the row holds: of records of the same pictures the pictures once.
    """

    epoch: int
    numbers: tuple[int, ...]
    n_tokens: int
    is_filler: bool = False


@dataclass(frozen=True)
class Position:
    """How far a run is; kept in the checkpoint and compared on resuming."""

    step: int
    epoch: int
    n_records: int
    order: str


@dataclass(frozen=True)
class Plan:
    """All rows of a run in the order in which a sequential loader deals them: by micro-step, then by rank."""

    rows: tuple[Row, ...]
    rows_per_step: int
    n_processes: int
    per_device: int
    steps_of_epoch: tuple[int, ...]
    order: str
    """A digest of the records' order in all epochs; the same for any number of processes and any packing."""

    @property
    def n_steps(self) -> int:
        """Optimiser steps of the whole run."""
        return len(self.rows) // self.rows_per_step

    def position(self, step: int) -> Position:
        """Where a run is after `step` optimiser steps; `epoch` counts from 0, and is the one of the next row."""
        ends = np.cumsum(self.steps_of_epoch).tolist()
        n_records = self._n_records[min(step, self.n_steps)]
        return Position(step, min(bisect_right(ends, step), len(ends) - 1), n_records, self.order)

    def slowest_rank_factor(self) -> float:
        """How much longer the slowest rank's rows are than the average: 1 where nobody waits."""
        at_once = self.per_device * self.n_processes
        table = (
            np.array([row.n_tokens for row in self.rows], float)
            .reshape(-1, self.n_processes, self.per_device)
            .sum(axis=2)
        )
        return float(table.max(axis=1).sum() / table.mean(axis=1).sum()) if at_once and len(table) else 1.0

    @cached_property
    def _n_records(self) -> list[int]:
        counts = [0 if row.is_filler else len(row.numbers) for row in self.rows]
        steps = np.array(counts, np.int64).reshape(-1, self.rows_per_step).sum(axis=1)
        return [0, *np.cumsum(steps).tolist()]


def plan_of_run(
    samples: Samples, lengths: Lengths, encoder: Encoder, *, n_processes: int, dropped: Collection[int] = ()
) -> Plan:
    """The rows of all epochs for a number of processes. `dropped` are records that are left out, by number.

    Raises RecipeError when the processes do not make up the recipe's global batch, CatalogError when a record could
    not be encoded.
    """
    recipe, costs = encoder.recipe, checked(lengths).whole.tolist()
    check_processes(recipe, n_processes)
    rows: list[Row] = []
    steps, digest = [], hashlib.sha256()
    for epoch in range(recipe.run.epochs):
        order = order_of(samples, recipe, epoch, dropped)
        digest.update("\n".join([f"epoch {epoch}", *(samples.ids[number] for number in order)]).encode())
        if recipe.turns.turns_per_image:  # other turns in every epoch
            kept = {number: encoder.kept_turns(samples[number], epoch) for number in order}
            costs = [lengths.of(number, kept.get(number)) for number in range(len(samples))]
        groups = _groups(order, costs, samples, lengths, recipe)
        found = _rows_of_epoch(groups, costs, recipe, epoch)
        steps.append(len(found) // recipe.batch.global_batch)
        rows += _dealt(found, recipe, n_processes)
    n_rows = (recipe.run.max_steps or sum(steps)) * recipe.batch.global_batch
    return Plan(
        tuple(rows[:n_rows]), recipe.batch.global_batch, n_processes, recipe.batch.per_device, tuple(steps),
        digest.hexdigest(),
    )  # fmt: skip


def check_processes(recipe: Recipe, n_processes: int) -> None:
    """Raise RecipeError unless the processes make up the recipe's global batch."""
    batch = recipe.batch
    if n_processes * batch.per_device * batch.accumulate != batch.global_batch:
        fits = batch.global_batch / (batch.per_device * n_processes)
        remedy = f"--set batch.accumulate={fits:.0f}" if fits == int(fits) else f"{batch.n_gpus} GPUs"
        raise RecipeError(
            f"{n_processes} processes x per_device {batch.per_device} x accumulate {batch.accumulate} make "
            f"{n_processes * batch.per_device * batch.accumulate} rows a step, the recipe's global_batch is "
            f"{batch.global_batch}: use {remedy}"
        )


def order_of(samples: Samples, recipe: Recipe, epoch: int, dropped: Collection[int] = ()) -> list[int]:
    """Numbers of the records of an epoch, by the hash of (seed, epoch, id). Shares of sources are exact to a record."""
    left_out = set(dropped)
    of_source: dict[str, list[int]] = {tag: [] for tag in recipe.tags}
    for number, source in enumerate(samples.sources):
        if number not in left_out:
            of_source[source].append(number)
    empty = [tag for tag, numbers in of_source.items() if not numbers]
    if empty:
        raise RecipeError(f"no training record has the tag {', '.join(empty)}")
    counts = _counts(recipe, {tag: len(numbers) for tag, numbers in of_source.items()})
    keyed = [
        (_key(recipe.run.seed, epoch, samples.ids[number], again), number)
        for tag, numbers in of_source.items()
        for number, again in _taken(samples, numbers, counts[tag], recipe.run.seed, epoch)
    ]
    return [number for _, number in sorted(keyed)]


class Rows:
    """The rows of a plan by number, as a map-style dataset: encoded records, to be collated."""

    def __init__(self, samples: Samples, encoder: Encoder, plan: Plan) -> None:
        self.samples, self.encoder, self.plan = samples, encoder, plan

    def __len__(self) -> int:
        return len(self.plan.rows)

    def __getitem__(self, number: int) -> list[Encoded]:
        row = self.plan.rows[number]
        samples = [self.samples[one] for one in row.numbers]
        is_shared = self.encoder.recipe.turns.share_pictures
        encode = self.encoder.encode
        records = (
            self.encoder.encode_row(samples, row.epoch) if is_shared else [encode(one, row.epoch) for one in samples]
        )
        return [without_weight(one) for one in records] if row.is_filler else records


@dataclass(frozen=True)
class Collate:
    """The rows of one micro-step of one process as one row. With `tags`, `source` numbers each learned token's tag."""

    tags: tuple[str, ...] = ()

    def __call__(self, rows: Sequence[list[Encoded]]) -> dict[str, Any]:
        import torch

        records = [one for row in rows for one in row]
        row: dict[str, Any] = row_of(records)
        if self.tags:
            sources = [np.full(one.n_supervised, self.tags.index(one.source)) for one in records]
            row["source"] = torch.from_numpy(np.concatenate(sources))
        return row


def _counts(recipe: Recipe, there: dict[str, int]) -> dict[str, int]:
    """Records of each source in an epoch."""
    fixed = {one.tag: one.count or there[one.tag] for one in recipe.data if one.weight is None}
    shares = {one.tag: one.weight for one in recipe.data if one.weight is not None}
    whole = sum(fixed.values()) / (1 - sum(shares.values())) if fixed else sum(there.values())
    return {**fixed, **{tag: max(1, round(share * whole)) for tag, share in shares.items()}}


def _taken(samples: Samples, numbers: Sequence[int], count: int, seed: int, epoch: int) -> Iterator[tuple[int, int]]:
    """Numbers and how often each was taken before: whole passes, then those that come first by another hash."""
    n_passes, rest = divmod(count, len(numbers))
    yield from ((number, again) for again in range(n_passes) for number in numbers)
    if rest:
        chosen = sorted(numbers, key=lambda number: _key(seed, epoch, samples.ids[number], -1))
        yield from ((number, n_passes) for number in chosen[:rest])


def _key(seed: int, epoch: int, sample_id: str, again: int) -> bytes:
    said = f"{seed}:{epoch}:{sample_id}" + (f":{again}" if again else "")
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


@dataclass
class _Group:
    """Records of an epoch that stand together, and their tokens together."""

    numbers: list[int]
    n_tokens: int


def _groups(
    order: Sequence[int], costs: Sequence[int], samples: Samples, lengths: Lengths, recipe: Recipe
) -> list[_Group]:
    """Records of the same pictures together, where the first of them stands, as many as a row holds; others alone."""
    capacity = recipe.turns.pack_tokens if recipe.turns.share_pictures else None
    groups: list[_Group] = []
    open_of: dict[int, _Group] = {}  # by how they begin
    for number in order:
        prefix = int(lengths.prefixes[number]) if capacity else 0
        group = open_of.get(samples.beginnings[number]) if prefix else None
        if group and capacity and group.n_tokens + costs[number] - prefix <= capacity:
            group.numbers.append(number)
            group.n_tokens += costs[number] - prefix
            continue
        groups.append(_Group([number], costs[number]))
        if prefix:
            open_of[samples.beginnings[number]] = groups[-1]
    return groups


def _rows_of_epoch(groups: Sequence[_Group], costs: Sequence[int], recipe: Recipe, epoch: int) -> list[Row]:
    """Rows in order, fillers at the end: a whole number of steps."""
    capacity, global_batch = recipe.turns.pack_tokens, recipe.batch.global_batch
    sizes = [group.n_tokens for group in groups]
    places = bins(sizes, capacity) if capacity else [[at] for at in range(len(groups))]
    rows = [
        Row(epoch, tuple(number for at in one for number in groups[at].numbers), sum(sizes[at] for at in one))
        for one in places
    ]
    shortest = min(rows, key=lambda row: (row.n_tokens, row.numbers)).numbers[0]
    n_fillers = -len(rows) % global_batch
    return [*rows, *[Row(epoch, (shortest,), costs[shortest], is_filler=True)] * n_fillers]


def _dealt(rows: Sequence[Row], recipe: Recipe, n_processes: int) -> Iterator[Row]:
    """The rows of each step rearranged: rows of like cost at the same time, and no rank always with the longest."""
    per_device, global_batch = recipe.batch.per_device, recipe.batch.global_batch
    for start in range(0, len(rows), global_batch):
        step = sorted(rows[start : start + global_batch], key=lambda row: -row.n_tokens)
        places: list[tuple[int, int, int]] = []
        for at in range(global_batch):
            deal, rank = divmod(at, n_processes)
            places.append((deal // per_device, rank if deal % 2 == 0 else n_processes - 1 - rank, deal % per_device))
        yield from (step[at] for at in sorted(range(global_batch), key=places.__getitem__))


def records_of_source(plan: Plan, samples: Samples) -> Counter[str]:
    """Records of each source that the run reads."""
    return Counter(samples.sources[number] for row in plan.rows if not row.is_filler for number in row.numbers)
