"""The report: one HTML page that needs no network, no script and no other file.

Every number is an aggregate of the tables, counted by DuckDB when the page is written; nothing is adjusted to what
was published. No clock goes in: the same tables give the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import jinja2
import numpy as np

from catalogs.database import read_sql
from curation.exams import figures as exam
from curation.release import captions_report, stretches_report, words_report
from curation.release.built import Built, Tables, opened
from curation.release.certificate import promised
from curation.release.figures import PALETTE, histogram, sky_map, sky_near
from curation.release.gates import GateResult
from curation.release.montage import Tile, tile
from curation.release.published import lines
from curation.release.review import Decision
from curation.truth.relabel import COMPLETIONS
from schemas.errors import StoreError

HERE = Path(__file__).parent
NUMBERS = HERE / "numbers"
N_BINS = 36
TURNS = "SELECT conversation_id, unnest(turns) AS turn FROM conversations"  # before any join, else it costs the square
OF_BOXES = f"""
SELECT samples.dataset, claim.box AS box
FROM (SELECT conversation_id, unnest(turn.claims) AS claim FROM ({TURNS})) JOIN samples USING (conversation_id)
WHERE claim.kind = 'box' AND claim.state = 'present'
"""


@dataclass(frozen=True)
class Quantity:
    """Something to draw a histogram of: a query that gives dataset and value."""

    label: str
    query: str
    log: bool = False
    whole: bool = False


OF_PICTURES = (
    Quantity("noise (rms) / mJy per beam", "SELECT dataset, rms_mjy_per_beam AS value FROM cutouts", log=True),
    Quantity("peak / mJy per beam", "SELECT dataset, peak_mjy_per_beam AS value FROM cutouts", log=True),
    Quantity("peak / noise", "SELECT dataset, peak_mjy_per_beam / rms_mjy_per_beam AS value FROM cutouts", log=True),
    Quantity("blank share of the picture", "SELECT dataset, blank_fraction AS value FROM cutouts"),
)
OF_WORDS = (
    Quantity("longer side of a box / side of the picture",
             f"SELECT dataset, greatest(box[3] - box[1], box[4] - box[2]) AS value FROM ({OF_BOXES})"),
    Quantity("turns in a conversation", "SELECT dataset, n_turns AS value FROM samples", whole=True),
    Quantity("words in an answer",
             "SELECT samples.dataset, len(string_split_regex(trim(turn.answer), '\\s+')) AS value "
             f"FROM ({TURNS}) JOIN samples USING (conversation_id)", whole=True),
)  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A drawing and what it leaves out."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Gallery:
    """The pictures shown of a dataset, and one of its conversations in full."""

    dataset: str
    tiles: tuple[Tile, ...]
    example: Tile
    turns: Sequence[Mapping[str, Any]]


def report(store: Tables, made: Built, gate: GateResult, file: Path, decisions: Sequence[Decision] = ()) -> Path:
    """Write the page of a built corpus, in a folder that nobody reads yet; gives its path.

    `decisions`: what people said of samples, where they did.
    """
    with opened(store, made.addresses()) as db:
        page = _page(db, store, made, gate, decisions)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(page, encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(f"cannot write the report {file}: {error}") from error
    return file


def _page(
    db: duckdb.DuckDBPyConnection, store: Tables, made: Built, gate: GateResult, decisions: Sequence[Decision]
) -> str:
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    templates.filters["n"] = lambda value: f"{value:,}"
    templates.filters["share"] = lambda part, whole: f"{100 * part / whole:.1f} %" if whole else "–"
    templates.filters["percent"] = lambda value: "–" if value is None else f"{100 * value:.1f} %"
    templates.filters["interval"] = words_report.interval
    numbers = {file.stem: _rows(db, file) for file in sorted(NUMBERS.glob("*.sql")) if file.stem != "shown"}
    datasets = [made.of[name].dataset for name in made.of]
    return templates.get_template("report.html").render(
        corpus=made.corpus,
        address=made.handover,
        gate=gate,
        totals=numbers["totals"][0],
        numbers=numbers,
        exam=exam.stored(),
        exam_ways=exam.WAYS,
        exam_figure=exam.figure,
        published=[(one, lines(one, numbers)) for one in datasets],
        promise=promised(db)[0],
        completions=COMPLETIONS,
        sky=sky_map(numbers["sky"]) if numbers["sky"] else "",
        sky_near=sky_near(numbers["sky_near"]) if numbers["sky_near"] else "",
        pictures=_figures(db, OF_PICTURES),
        stretches=stretches_report.every_stretch(db),
        n_stretched=stretches_report.N_CUTOUTS,
        words=_figures(db, OF_WORDS),
        scores=_figures(db, [Quantity(*one, whole=True) for one in words_report.score_queries(numbers["judged"])]),
        lifts=words_report.lifts(numbers["judge_lift"]),
        agreement=words_report.agreement(db, decisions),
        caption_figures=_figures(db, [Quantity(*one, whole=True) for one in captions_report.SCORES])
        + _figures(db, [Quantity(*one, log=True) for one in captions_report.WORDS]),
        captions_taken=captions_report.taken(db),
        captions_cut=captions_report.cut(db),
        galleries=_galleries(db, numbers["chosen"]),
        colours=PALETTE,
        lineage=[store.manifest(address) for some in made.addresses().values() for address in some],
        versions=_versions(store, made),
        doors=made.doors,
        credits=sorted({(one.dataset.cite, one.survey.cite, one.dataset.title) for one in made.of.values()}),
    )


def _rows(db: duckdb.DuckDBPyConnection, file: Path) -> list[dict[str, Any]]:
    return db.sql(read_sql(file)).to_arrow_table().to_pylist()


def _figures(db: duckdb.DuckDBPyConnection, wanted: Sequence[Quantity]) -> list[Figure]:
    return [figure for one in wanted for figure in [_figure(db, one)] if figure is not None]


def _figure(db: duckdb.DuckDBPyConnection, wanted: Quantity) -> Figure | None:
    """A histogram over all values; with a logarithmic axis, over the positive ones. None where there are none."""
    value = "ln(value)" if wanted.log else "value"
    values = f"SELECT dataset, value::DOUBLE AS value FROM ({wanted.query})"
    fits = "isfinite(value) AND value > 0" if wanted.log else "isfinite(value)"
    fitting = f"SELECT dataset, {value} AS v FROM ({values}) WHERE {fits}"
    ((n_all,),) = db.sql(f"SELECT count(*) FROM ({values})").fetchall()
    ((low, high, n_shown),) = db.sql(f"SELECT min(v), max(v), count(*) FROM ({fitting})").fetchall()
    if not n_shown:
        return None
    if wanted.whole or high == low:
        low, high = low - 0.5, high + 0.5
    n_bins = min(N_BINS, round(high - low)) if wanted.whole else N_BINS
    placed = f"least(floor((v - $low) / ($high - $low) * {n_bins}), {n_bins - 1})::INTEGER"
    query = f"SELECT dataset, {placed} AS place, count(*) AS n FROM ({fitting}) GROUP BY ALL ORDER BY ALL"
    counts: dict[str, list[int]] = {}
    for dataset, place, n in db.execute(query, {"low": low, "high": high}).fetchall():
        counts.setdefault(dataset, [0] * n_bins)[place] = n
    edges = np.linspace(low, high, n_bins + 1)
    unfit = "unknown or not positive" if wanted.log else "unknown"
    caption = f"{n_shown:,} values" + (f"; {n_all - n_shown:,} {unfit}" if n_shown < n_all else "")
    svg = histogram(counts, list(np.exp(edges) if wanted.log else edges), wanted.label, log=wanted.log)
    return Figure(svg, caption)


def _galleries(db: duckdb.DuckDBPyConnection, chosen: Sequence[Mapping[str, Any]]) -> list[Gallery]:
    ids = [row["sample_id"] for row in chosen]
    query = read_sql(NUMBERS / "shown.sql")
    rows = {row["sample_id"]: row for row in db.sql(query, params={"sample_ids": ids}).to_arrow_table().to_pylist()}
    found = list[Gallery]()
    for dataset in sorted({row["dataset"] for row in chosen}):
        some = [row for row in chosen if row["dataset"] == dataset and row["sample_id"] in rows]
        tiles = tuple(tile(rows[row["sample_id"]], row["extreme"]) for row in some)
        # The one with most to say among those chosen by key.
        example = max(some, key=lambda row: (len(rows[row["sample_id"]]["turns"]), row["sample_id"]))["sample_id"]
        found.append(Gallery(dataset, tiles, tile(rows[example]), rows[example]["turns"]))
    return found


def _versions(store: Tables, made: Built) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for some in made.addresses().values():
        for address in some:
            for name, version in store.manifest(address).versions.items():
                found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(found[name])) for name in sorted(found)}
