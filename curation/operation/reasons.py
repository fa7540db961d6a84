"""Why a table is to be made, and what that will cost: its recipe against that of the newest table of the same step."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from curation.engine.steps import Step
from curation.engine.store import Store
from curation.operation.history import History
from schemas.errors import DamageError
from schemas.fingerprint import canonical_json
from schemas.manifest import DoorFile, Manifest

MOST_TOLD = 6
MOST_LETTERS = 40
NAMED_BY = ("mosaic", "file", "name")
"""Keys by which the entries of a list in a recipe are known."""


@dataclass(frozen=True)
class ToDo:
    """A table that is to be made."""

    why: tuple[str, ...]
    """What differs from the newest table of the same step, most plainly first."""
    n_rows: int | None
    """Rows that come in, where the first input is there."""
    task_s: float | None
    """Seconds that one worker will be at it, by what the newest build of the step took, a row; None: nobody knows."""


def to_do(step: Step, store: Store, known: History) -> ToDo:
    """Why a step's table is not there, and its cost. Reads manifests alone."""
    first = step.inputs[0].step.address if step.inputs else None
    n_rows = store.manifest(first).n_kept if first and store.is_done(first) else None
    took = known.tables.get(step.name)
    share = n_rows / took.n_in if took and n_rows is not None and took.n_in else 1.0
    return ToDo(tuple(_why(step, store, known)), n_rows, took.task_s * share if took else None)


def _why(step: Step, store: Store, known: History) -> list[str]:
    before = _newest(step, store, known)
    if before is None:
        return ["never made"]
    found = [*_inputs(before, step), *_doors(before.doors, step.doors), *_recipe(before, step)]
    if len(found) > MOST_TOLD:
        found = [*found[: MOST_TOLD - 1], f"and {len(found) - MOST_TOLD + 1} more"]
    return found or ["taken away"]


def _newest(step: Step, store: Store, known: History) -> Manifest | None:
    """Of the finished tables of the step's name: the one that the ledger names, else the one made last."""
    there = [f"{step.name}/{info.base_name}" for info in store.listed(step.name) if not info.base_name.startswith(".")]
    if (took := known.tables.get(step.name)) and took.address in there:
        there = [took.address]
    found = list[Manifest]()
    for address in there:
        if store.is_done(address):
            try:
                found.append(store.manifest(address))
            except DamageError:
                continue
    return max(found, key=lambda one: one.made_at, default=None)


def _inputs(before: Manifest, step: Step) -> list[str]:
    def by_name(addresses: Sequence[str]) -> dict[str, str]:
        return {address.rpartition("/")[0]: address for address in addresses}

    old, new = by_name(before.inputs), by_name([one.step.address for one in step.inputs])
    changed = [f"input {name} changed" for name in new if name in old and old[name] != new[name]]
    changed += [f"input {name} is new" for name in new if name not in old]
    return changed + [f"input {name} is no longer read" for name in old if name not in new]


def _doors(before: Sequence[DoorFile], now: Sequence[DoorFile]) -> list[str]:
    old = {(one.kind, one.name): one.sha256 for one in before}
    return [
        f"door {one.kind}/{one.name} changed"
        for one in now
        if old.get((one.kind, one.name), one.sha256) != one.sha256
    ]  # fmt: skip


def recipe_differences(before: Mapping[str, object], now: Mapping[str, object]) -> list[str]:
    """Each place where two recipes differ, but for their inputs: path, what was there, what is there now."""
    apart = ("inputs", "name")
    old, new = ({key: value for key, value in one.items() if key not in apart} for one in (before, now))
    return list(islice(_differences(old, new, ""), 10_000))


def _recipe(before: Manifest, step: Step) -> list[str]:
    now: dict[str, Any] = json.loads(canonical_json(step.recipe))
    return recipe_differences(before.recipe, now)


def _differences(old: object, new: object, path: str) -> Iterator[str]:
    """Each place where two recipes differ: its path, what was there, what is there now."""
    if old == new:
        return
    left, right = _as_dict(old), _as_dict(new)
    if left is None or right is None:
        yield f"{path}: {_short(old)} -> {_short(new)}"
        return
    for key in [*left, *(one for one in right if one not in left)]:
        below = f"{path}.{key}" if path else key
        if key not in left:
            yield f"{below}: new"
        elif key not in right:
            yield f"{below}: gone"
        else:
            yield from _differences(left[key], right[key], below)


def _as_dict(value: object) -> dict[str, object] | None:
    """An object by its keys, and a list by the names of its entries, else by their numbers."""
    if isinstance(value, dict):
        return cast(dict[str, object], value)
    if not isinstance(value, list):
        return None
    entries = cast(list[object], value)
    for key in NAMED_BY:
        named = {str(one[key]): cast(object, one) for one in entries if isinstance(one, dict) and key in one}
        if entries and len(named) == len(entries):
            return named
    return {str(i): one for i, one in enumerate(entries)}


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"
