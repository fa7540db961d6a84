"""What the command line does with finished runs: reports, comparisons, scores made again, tasks for others."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from curation.engine.run import build
from curation.engine.steps import Step
from curation.engine.store import Store
from curation.settings import settings, store_place
from evaluate.report import tables
from evaluate.report.figures import Point
from evaluate.report.report import Contents, Scored, blind_in, compared_in, scored_in, worst_in, write_report
from evaluate.scoring.scores import scores_step
from evaluate.scoring.thresholds import kept
from evaluate.standard.forgetting import Forgotten, forgotten
from evaluate.standard.lmms_task import export_task
from evaluate.standard.standard import STANDARDS, check_base, read_result
from evaluate.tasks.benchmark import Benchmark, benchmarks, pictures
from evaluate.tasks.inputs import tables_of, wanted, with_inputs
from evaluate.tasks.picture_set import PictureSet, picture_sets
from schemas.errors import CatalogError, RecipeError
from schemas.tables import PREDICTIONS


def report_of(
    names: Sequence[str], models: Sequence[str], store: str | None, out: Path, *, base: str | None,
    standard_base: Path | None, standard_tuned: Path | None, points: Path | None, no_pictures: bool,
) -> Path:  # fmt: skip
    """The page of the runs in a store."""
    place, doors = Store(store_place(store)), _doors(names)
    kept = [*models, base] if models and base and base not in models else models
    scored = scored_in(place, list(doors) if names else (), kept)
    contents = Contents(
        runs=[one.run for one in scored],
        comparisons=compared_in(place, scored, doors, base) if base else (),
        forgotten=forgotten_of(standard_base, standard_tuned, base),
        points=read_points(points) if points else (),
        blind=blind_in(place, scored, doors),
        worst=() if no_pictures else worst_in(place, scored, doors),
        base=base,
        counts=_counts(scored, doors),
        titles={name: door.title for name, door in doors.items()},
    )
    return write_report(contents, out)


def comparisons_of(
    names: Sequence[str], models: Sequence[str], store: str | None, base: str
) -> tuple[tables.Table, list[dict[str, Any]]]:
    """The differences to a base, as a table and for machines."""
    place, doors = Store(store_place(store)), _doors(names)
    kept = [*models, base] if models else ()
    found = compared_in(place, scored_in(place, list(doors) if names else (), kept), doors, base)
    return tables.comparisons(found), [asdict(one) for one in found]


def scores_again(names: Sequence[str], store: str | None, say: Callable[[str], None]) -> list[dict[str, str]]:
    """SCORES of every PREDICTIONS in the store whose benchmark stands in the same version.

    With thresholds where the store has some for the model and wording; none are fitted.
    """
    place, doors = Store(store_place(store)), _doors(names)
    steps: list[tuple[str, Step]] = []
    for address in place.addresses("predictions"):
        recipe = place.manifest(address).recipe
        name = address.split("/")[1]
        if name not in doors:
            continue
        door = doors[name]
        asked = recipe["config"][0]["benchmark"]  # type: ignore[index]
        if asked["version"] != door.version:
            say(f"{address}: asked by version {asked['version']} of {name}, which now is {door.version}; left alone")
            continue
        run = place.read(address, ("model_sha", "prompt_variant")).slice(0, 1).to_pylist()
        thresholds = kept(place, door, **run[0]) if run else None
        steps.append((address, scores_step(door, _Made(address), thresholds)))
    build([step for _, step in steps], place, say=say)
    return [{"predictions": address, "scores": step.address} for address, step in steps]


def exported(name: str, variant: str, named: str | None, raw: str | None, store: str | None, out: Path) -> Path:
    """A benchmark as a task of lmms-eval."""
    place = settings(raw, store)
    found = Store(place.store)
    ((door, inputs),) = with_inputs(wanted([name]), place.raw, found, named)
    build(list(inputs), found)
    return export_task(door, door.tasks(pictures(*tables_of(inputs, found, has_pixels=True))), out, variant)


def forgotten_of(base: Path | None, tuned: Path | None, card: str | None) -> list[Forgotten]:
    """The losses of every standard benchmark that both folders have. GateError where the base misses its card."""
    if base is None or tuned is None:
        return []
    both = [task for task in STANDARDS if (base / task).is_dir() and (tuned / task).is_dir()]
    if not both:
        raise RecipeError(f"{base} and {tuned}: no task of `python -m evaluate standard` that both have")
    before = [read_result(base / task, task) for task in both]
    if card:
        check_base(before, card)
    return [forgotten(one, read_result(tuned / one.task, one.task)) for one in before]


def read_points(file: Path) -> list[Point]:
    """Merged models, by a CSV with name, share, radio, general (percent)."""
    with file.open(newline="", encoding="utf-8") as opened:
        rows = list(csv.DictReader(opened))
    try:
        return [Point(row["name"], *(float(row[key]) for key in ("share", "radio", "general"))) for row in rows]
    except (KeyError, ValueError, TypeError) as error:
        raise CatalogError(f"{file}: expected columns name, share, radio, general with numbers: {error}") from error


class _Made(Step):
    """A table that is there: known by its address alone."""

    def __init__(self, address: str) -> None:
        super().__init__(name=address, make=_never, table=PREDICTIONS)

    @property
    def address(self) -> str:
        """Where it is."""
        return self.name


def _never() -> Any:
    raise CatalogError("a table that was there is gone; run it again")


def _doors(names: Sequence[str]) -> dict[str, Benchmark]:
    if not names:
        return benchmarks() | {name: one.asked for name, one in picture_sets().items()}
    return {one.name: one.asked if isinstance(one, PictureSet) else one for one in wanted(names)}


def _counts(scored: Sequence[Scored], doors: dict[str, Benchmark]) -> dict[str, str]:
    """Where a benchmark has another number of pictures than the paper's: how many, and why."""
    found: dict[str, str] = {}
    for one in scored:
        door, n = doors.get(one.run.benchmark), one.run.number("coverage", "all", "all").n
        if door and door.expected_images not in (None, n):
            known = {some.images: some.reason for some in door.known_shortfall}
            found[door.name] = f"{n:,} of {door.expected_images:,} pictures; " + known.get(
                n, "see the run for the reason"
            )
    return found
