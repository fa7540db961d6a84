"""The report: one HTML page that needs no network, no script and no other file, and beside it every number as JSON.

Every number is an aggregate of the tables, counted by DuckDB when the page is written; nothing is adjusted to what
was published. No clock goes in: the same tables give the same bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import jinja2
from markupsafe import Markup, escape

from catalogs.database import read_sql
from curation.decisions.step import REASONS
from curation.exams import figures as exam
from curation.release import captions_report, stretches_report, words_report
from curation.release.built import Built, Tables, opened
from curation.release.certificate import promised
from curation.release.figures import N_COLOURS, histogram, middle_deg, sky_map, sky_near
from curation.release.galleries import Gallery, galleries
from curation.release.gates import GateResult
from curation.release.histograms import Histogram, Quantity, histograms, separations
from curation.release.notices import notices
from curation.release.published import lines
from curation.release.report_json import as_json
from curation.release.review import People
from curation.truth.relabel import COMPLETIONS
from schemas.errors import StoreError
from schemas.tables import SPLITS_OF

HERE = Path(__file__).parent
NUMBERS = HERE / "numbers"
TURNS = "SELECT conversation_id, unnest(turns) AS turn FROM conversations"  # before any join, else it costs the square
OF_BOXES = f"""
SELECT samples.dataset, claim.box AS box
FROM (SELECT conversation_id, unnest(turn.claims) AS claim FROM ({TURNS})) JOIN samples USING (conversation_id)
WHERE claim.kind = 'box' AND claim.state = 'present'
"""
OF_PICTURES = (
    Quantity("noise (rms) / mJy per beam", "SELECT dataset, rms_mjy_per_beam AS value FROM cutouts", log=True),
    Quantity("peak / mJy per beam", "SELECT dataset, peak_mjy_per_beam AS value FROM cutouts", log=True),
    Quantity("peak / noise", "SELECT dataset, peak_mjy_per_beam / rms_mjy_per_beam AS value FROM cutouts", log=True),
    Quantity("blank share of the picture", "SELECT dataset, blank_fraction AS value FROM cutouts"),
    Quantity("saturated share of the source's pixels", "SELECT dataset, saturated_share AS value FROM cutouts",
             up_to=1.0),
    Quantity("stripes", "SELECT dataset, stripes AS value FROM cutouts"),
    Quantity("step of the noise", "SELECT dataset, noise_step AS value FROM cutouts"),
    Quantity("step of the level / noise", "SELECT dataset, level_step AS value FROM cutouts"),
    Quantity("most negative pixel / noise", "SELECT dataset, depth AS value FROM cutouts", log=True),
)  # fmt: skip
OF_WORDS = (
    Quantity("longer side of a box / side of the picture",
             f"SELECT dataset, greatest(box[3] - box[1], box[4] - box[2]) AS value FROM ({OF_BOXES})"),
    Quantity("turns in a conversation", "SELECT dataset, n_turns AS value FROM samples", whole=True),
    Quantity("words in an answer",
             "SELECT samples.dataset, len(string_split_regex(trim(turn.answer), '\\s+')) AS value "
             f"FROM ({TURNS}) JOIN samples USING (conversation_id)", whole=True),
)  # fmt: skip
PROMISED = ("rule", "splits", "nearest", "largest_patch", "n_cutouts_without_position", "sky")
"""Of the certificate, what the page tells; the hand-over has all of it."""


@dataclass(frozen=True)
class Figure:
    """A histogram, its drawing, and the place of each of its datasets among the page's colours."""

    of: Histogram
    svg: str
    colours: Mapping[str, int]


def report(store: Tables, made: Built, gate: GateResult, file: Path, people: People = People()) -> Path:
    """Write the page of a built corpus and its numbers, in a folder that nobody reads yet; gives the page's path.

    The numbers stand beside it, under its name with `.json`. `people`: what they said of samples, where they did.
    """
    with opened(store, made.addresses()) as db:
        told = _told(db, store, made, gate, people)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_page(told, file.with_suffix(".json").name), encoding="utf-8", newline="\n")
        file.with_suffix(".json").write_text(_numbers(told), encoding="utf-8", newline="\n")
    except OSError as error:
        raise StoreError(f"cannot write the report {file}: {error}") from error
    return file


def _told(
    db: duckdb.DuckDBPyConnection, store: Tables, made: Built, gate: GateResult, people: People
) -> dict[str, Any]:
    """All that the page says, under the names that its templates know."""
    numbers = {file.stem: _rows(db, file) for file in sorted(NUMBERS.glob("*.sql")) if file.stem != "shown"}
    datasets = [made.of[name].dataset for name in made.of]
    addresses, held = made.addresses(), exam.stored()
    promise = promised(db)[0]
    scores = [Quantity(*one, whole=True) for one in words_report.score_queries(numbers["judged"])]
    of_captions = [Quantity(*one, whole=True) for one in captions_report.SCORES]
    of_captions += [Quantity(*one, log=True) for one in captions_report.WORDS]
    return {
        "corpus": made.corpus,
        "address": made.handover,
        "gate": gate,
        "notices": notices(gate, numbers, exam_is_current=not held or held["is_current"]),
        "totals": numbers["totals"][0],
        "numbers": numbers,
        "exam": held,
        "published": [(one, lines(one, numbers)) for one in datasets],
        "promise": promise,
        "histograms": {
            "pictures": histograms(db, OF_PICTURES),
            "words": histograms(db, OF_WORDS),
            "separations": separations(db, numbers["matchings"]),
            "scores": histograms(db, scores),
            "captions": histograms(db, of_captions),
        },
        "stretches": stretches_report.every_stretch(store, addresses.get("cutouts", ())),
        "lifts": words_report.lifts(numbers["judge_lift"]),
        "agreement": words_report.agreement(db, people.decisions),
        "reviewers": people.pairs,
        "fates": {"counts": "counts", **REASONS},
        "captions_taken": captions_report.taken(db, store, addresses),
        "captions_cut": captions_report.cut(db, store, addresses),
        "galleries": galleries(db, store, addresses, numbers["chosen"]),
        "lineage": [store.manifest(address) for some in addresses.values() for address in some],
        "versions": _versions(store, made),
        "doors": made.doors,
        "credits": sorted({(one.dataset.cite, one.survey.cite, one.dataset.title) for one in made.of.values()}),
    }


def _rows(db: duckdb.DuckDBPyConnection, file: Path) -> list[dict[str, Any]]:
    return db.sql(read_sql(file)).to_arrow_table().to_pylist()


def _versions(store: Tables, made: Built) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for some in made.addresses().values():
        for address in some:
            for name, version in store.manifest(address).versions.items():
                found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(found[name])) for name in sorted(found)}


# -- the page ----------------------------------------------------------------------------------------------------------


@cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )  # fmt: skip
    templates.filters["n"] = lambda value: f"{value:,}"
    templates.filters["share"] = lambda part, whole: f"{100 * part / whole:.1f} %" if whole else "–"
    templates.filters["percent"] = lambda value: "–" if value is None else f"{100 * value:.1f} %"
    templates.filters["coded"] = _coded
    templates.filters["interval"] = words_report.interval
    return templates


def _page(told: Mapping[str, Any], numbers_file: str) -> str:
    cells, near = told["numbers"]["sky"], told["numbers"]["sky_near"]
    places = {one.name: k for k, (one, _) in enumerate(told["published"])}
    page = _templates().get_template("report.html")
    return page.render(
        **told,
        numbers_file=numbers_file,
        exam_ways=exam.WAYS,
        exam_figure=exam.figure,
        completions=COMPLETIONS,
        sky=sky_map(cells) if cells else "",
        sky_near=sky_near(near) if near else "",
        sky_middle=middle_deg(near) if near else (),
        figures={name: [_figure(one, places) for one in some] for name, some in told["histograms"].items()},
        n_stretched=stretches_report.N_CUTOUTS,
        n_colours=N_COLOURS,
        splits=SPLITS_OF,
    )


def _coded(text: str) -> Markup:
    """Text, escaped; what stands in backticks as code."""
    parts = [escape(part) for part in text.split("`")]
    return Markup("").join(Markup("<code>{}</code>").format(one) if k % 2 else one for k, one in enumerate(parts))


def _figure(found: Histogram, places: Mapping[str, int]) -> Figure:
    """A dataset has the same colour in every figure; anything else is numbered by itself."""
    known = all(name in places for name in found.counts)
    colours = {name: places[name] if known else k for k, name in enumerate(found.counts)}
    return Figure(found, histogram(found, colours), colours)


# -- the numbers -------------------------------------------------------------------------------------------------------


def _numbers(told: Mapping[str, Any]) -> str:
    """Every number of the page, and the rows that they are in, as JSON."""
    corpus, gate = told["corpus"], told["gate"]
    same = ("notices", "exam", "histograms", "stretches", "agreement", "reviewers", "captions_taken",
            "captions_cut", "versions", "doors")  # fmt: skip
    said = {name: told[name] for name in same} | {
        "corpus": {"name": corpus.name, "title": corpus.title},
        "handover": told["address"],
        "numbers": {name: rows for name, rows in told["numbers"].items() if name != "chosen"},  # `pictures` says it
        "promise": {name: told["promise"][name] for name in PROMISED},
        "gate": {
            "ok": gate.ok, "n_rules": gate.n_rules, "n_judged": gate.n_judged,
            "refusals": [{**asdict(one), "told": gate.told(one)} for one in gate.refusals],
        },
        "completions_published": {
            name: asdict(COMPLETIONS[name]) for row in told["numbers"]["completed"]
            if (name := row["dataset"]) in COMPLETIONS
        },
        "published": [
            {"dataset": one.name, **asdict(line), "difference": line.difference}
            for one, some in told["published"] for line in some
        ],
        "lifts": [{"dataset": dataset, "axis": axis, **asdict(one), "told": one.told}
                  for (dataset, axis), one in told["lifts"].items()],
        "pictures": [row for one in told["galleries"] for row in _shown(one)],
        "lineage": [
            {"address": one.address, "n_in": one.n_in, "n_kept": one.n_kept, "n_off_mosaic": one.n_off_mosaic,
             "n_refused": one.n_refused, "counts": one.counts, "content": one.content}
            for one in told["lineage"]
        ],
    }  # fmt: skip
    return json.dumps(as_json(said), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def _shown(gallery: Gallery) -> list[dict[str, Any]]:
    return [
        {"dataset": gallery.dataset, "group": group.name, "n_of_group": group.n, **asdict(one)}
        for group in gallery.groups
        for one in group.tiles
    ]
