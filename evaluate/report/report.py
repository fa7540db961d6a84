"""The report: a page that needs no network, its tables as Markdown, CSV and LaTeX, its figures as SVG and PNG.

Every number is one of SCORES; no model is asked, and no clock goes in: the same scores give the same bytes.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import jinja2

from curation.engine.store import Store
from evaluate.report import figures, more_tables, tables
from evaluate.report.blind import Blind, blind_controls
from evaluate.report.figures import Drawing, Point
from evaluate.report.worst import Sheet, sheets, wanted
from evaluate.scoring.compare import Comparison, compared, together
from evaluate.scoring.numbers import Number, ScoredRun, blinds_of, headlines, plainest, scored_runs
from evaluate.standard.forgetting import Forgotten
from evaluate.tasks.benchmark import Benchmark
from schemas.errors import RecipeError, StoreError
from schemas.tables import STATUSES

HERE = Path(__file__).parent
NUMBER = re.compile(r"–|[+−-]?[\d,.]+(?:e[+-]?\d+)?(?: \[.*\])?")
FORM = 2  # of scores.json; raised when it changes


@dataclass(frozen=True)
class Contents:
    """All that a report is made of."""

    runs: Sequence[ScoredRun]
    comparisons: Sequence[Comparison] = ()
    forgotten: Sequence[Forgotten] = ()
    points: Sequence[Point] = ()
    worst: Sequence[Sheet] = ()
    blind: Sequence[Blind] = ()
    base: str | None = None
    """The model that the others are held against; colours go by it."""
    counts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a benchmark, what is to be said of its number of pictures."""
    titles: Mapping[str, str] = field(default_factory=dict[str, str])
    """Of a benchmark, what it asks."""


def write_report(contents: Contents, out: Path) -> Path:
    """Write the page and everything beside it; gives the page. RecipeError where there are no scores."""
    if not contents.runs:
        raise RecipeError("no scores to report; `python -m evaluate run` makes them")
    shown = [one for one in report_tables(contents) if one.rows]
    drawn = drawings(contents)
    files: dict[str, str | bytes] = {
        "report.html": _page(contents, shown, drawn),
        "report.md": "# How well the models do\n\n" + "\n".join(one.markdown() for one in shown),
        "scores.json": json.dumps(scores_json(contents.runs), indent=1, sort_keys=True) + "\n",
    }
    files["scores.schema.json"] = (HERE / "scores.schema.json").read_text(encoding="utf-8")
    for one in shown:
        files |= {f"tables/{one.name}.csv": one.csv(), f"tables/{one.name}.tex": one.latex()}
    for one in drawn:
        files |= {f"figures/{one.name}.svg": one.svg, f"figures/{one.name}.png": one.png}
    for name, body in files.items():
        _publish(out / name, body.encode() if isinstance(body, str) else body)
    return out / "report.html"


def report_tables(contents: Contents) -> list[tables.Table]:
    """Every table, also those without rows."""
    runs = contents.runs
    return [
        tables.summary(runs), tables.asked(runs, contents.titles, contents.counts), more_tables.blind(contents.blind),
        tables.comparisons(contents.comparisons), tables.forgetting(contents.forgotten), more_tables.thresholds(runs),
        more_tables.examples(runs), more_tables.band(runs), tables.dropping(runs), more_tables.retries(runs),
        tables.rules(runs), tables.per_class(runs), tables.statuses(headlines(runs), STATUSES),
    ]  # fmt: skip


def drawings(contents: Contents) -> list[Drawing]:
    """The figures that there are numbers for."""
    looked, plain = headlines(contents.runs), plainest(contents.runs)
    names = list(dict.fromkeys(one.benchmark for one in looked))
    panels = [[one for one in plain if one.benchmark == name] for name in names]
    found = [
        figures.classes_figure(
            "classes", "F1 of each class and their mean (AVG), strict, with 95 % intervals", panels, base=contents.base
        )
    ]
    if contents.comparisons:
        rows = [(one.benchmark, one.ours, _as_number(one)) for one in contents.comparisons]
        found.append(figures.differences_figure("differences", f"Macro-F1 against {contents.base or 'the base'}", rows))
    if any(one.run["prompt_variant"] != "fixed" for one in looked):
        caption = "Macro-F1 by benchmark; the structured prompt is dashed"
        found.append(figures.variants_figure("variants", caption, looked))
    likely = [[one for one in panel if "choice" in one.scorings] for panel in panels]
    if any(likely):
        caption = "How often the most likely answer is right, by the probability it was given; on the line: calibrated"
        some = [panel for panel in likely if panel]
        found.append(figures.calibration_figure("calibration", caption, some, base=contents.base))
    if contents.points:
        found.append(figures.merge_figure("merging", "Merged models: radio against general", contents.points))
    return found


def scores_json(runs: Sequence[ScoredRun]) -> dict[str, Any]:
    """Every number, for machines; scores.schema.json is its form."""
    return {
        "form": FORM,
        "runs": [
            {
                **one.run,
                "numbers": [
                    {
                        "truth_rule": rule, "scoring": scoring, "of": of, "predicted_as": predicted_as,
                        "metric": metric, "value": number.value, "low": number.low, "high": number.high, "n": number.n,
                    }
                    for (rule, scoring, of, predicted_as, metric), number in one.numbers.items()
                ],
            }
            for one in runs
        ],
    }  # fmt: skip


# -- from the store ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scored:
    """A table of scores with the table of predictions that it was made of."""

    run: ScoredRun
    predictions: str
    cutouts: str


def scored_in(store: Store, names: Sequence[str] = (), models: Sequence[str] = ()) -> list[Scored]:
    """The runs in a store, of the benchmarks and models wanted (none: of all), the newest of equal ones."""
    addresses = sorted(store.addresses("scores"), key=lambda one: (store.manifest(one).made_at, one))
    found: dict[str, tuple[Any, str]] = {}
    for address in addresses:
        table = store.read(address)
        if table.num_rows and (not names or table["benchmark"][0].as_py() in names):
            found[table["run_id"][0].as_py()] = (table, store.manifest(address).inputs[0])
    runs = scored_runs(table for table, _ in found.values())
    kept = [one for one in runs if not models or one.run["model"] in models]
    return [Scored(one, found[one.run["run_id"]][1], _cutouts(store, found[one.run["run_id"]][1])) for one in kept]


def worst_in(store: Store, scored: Sequence[Scored], doors: Mapping[str, Benchmark]) -> list[Sheet]:
    """The worst pictures of each model's plainest run."""
    found: list[Sheet] = []
    shown = {one.run["run_id"] for one in plainest([one.run for one in scored])}
    for one in scored:
        if one.run.run["run_id"] not in shown or one.run.benchmark not in doors:
            continue
        rows, door = store.read(one.predictions).to_pylist(), doors[one.run.benchmark]
        found += sheets(rows, _pictures(store, one.cutouts, wanted(rows, door)), door, one.run.label)
    return found


def blind_in(store: Store, scored: Sequence[Scored], doors: Mapping[str, Benchmark]) -> list[Blind]:
    """Each run that has a blind control, with what it sees more."""
    runs = [one.run for one in scored]
    wanted = {some.run["run_id"] for one in runs for pair in [blinds_of(one, runs)] if pair for some in (one, *pair)}
    read = {one.run.run["run_id"]: store.read(one.predictions) for one in scored if one.run.run["run_id"] in wanted}
    return blind_controls(runs, read, doors)


def compared_in(store: Store, scored: Sequence[Scored], doors: Mapping[str, Benchmark], base: str) -> list[Comparison]:
    """Every model against the base, on the same pictures, asked in the same way; p raised over all of them."""
    of_base = {(one.run.benchmark, one.run.manner): one for one in scored if one.run.run["model"] == base}
    if not of_base:
        raise RecipeError(f"--base {base}: no run of it; there are {', '.join(_models(scored)) or 'none'}")
    pairs = [
        (one, of_base[one.run.benchmark, one.run.manner])
        for one in scored
        if one.run.run["model"] != base
        and (one.run.benchmark, one.run.manner) in of_base
        and one.run.run["shown"] == "picture"
    ]
    return together([
        compared(store.read(ours.predictions), store.read(theirs.predictions), doors[ours.run.benchmark])
        for ours, theirs in pairs
    ])  # fmt: skip


def _cutouts(store: Store, predictions: str) -> str:
    return next(one for one in store.manifest(predictions).inputs if one.startswith("cutouts/"))


def _pictures(store: Store, cutouts: str, ids: set[str]) -> dict[str, bytes]:
    """The pictures by id, a part at a time; an id whose picture is gone has none."""
    found = dict.fromkeys(sorted(ids), b"")
    for k in range(len(store.manifest(cutouts).parts)):
        part = store.read_part(cutouts, k, ("cutout_id", "png")).to_pylist()
        found |= {row["cutout_id"]: row["png"] for row in part if row["cutout_id"] in ids}
    return found


def _models(scored: Sequence[Scored]) -> list[str]:
    return sorted({str(one.run.run["model"]) for one in scored})


# -- writing ----------------------------------------------------------------------------------------------------------


def _page(contents: Contents, shown: Sequence[tables.Table], drawn: Sequence[Drawing]) -> str:
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    share: Callable[[int, int], str] = lambda part, whole: f"{100 * part / whole:.0f} %" if whole else "–"  # noqa: E731
    templates.filters["share"], templates.filters["parted"], templates.filters["aligned"] = share, _parted, _is_number
    looked = plainest(contents.runs)
    return templates.get_template("report.html").render(
        tables=shown,
        drawings=drawn,
        runs=contents.runs,
        matrices=[(one, one.matrix()) for one in looked],
        worst=contents.worst,
        models=sorted({str(one.run["model"]) for one in contents.runs}),
        benchmarks=list(dict.fromkeys(one.benchmark for one in contents.runs)),
        n_answers=sum(one.number("coverage", "all", "all").n for one in contents.runs),
    )


def _parted(cell: str) -> tuple[str, str]:
    """A number and its interval apart."""
    number, bracket, rest = cell.partition(" [")
    return number, bracket.strip() + rest


def _is_number(rows: Sequence[Sequence[str]], column: int) -> bool:
    """Whether a column holds numbers alone, and is read from the right."""
    return all(NUMBER.fullmatch(row[column]) for row in rows)


def _as_number(one: Comparison) -> Number:
    return Number(one.difference.value, one.difference.low, one.difference.high, one.n)


def _publish(file: Path, body: bytes) -> None:
    aside = file.with_name(f".{file.name}.{uuid4().hex}.aside")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        aside.write_bytes(body)
        aside.replace(file)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StoreError(f"cannot write {file}: {error}") from error
