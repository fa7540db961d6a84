"""From built tables to the hand-over: gate, certificate, export, report, and the way back to a catalogue row."""

import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from PIL import Image

from catalogs.dataset import CutoutRecipe, Dataset, Published
from catalogs.survey import Survey
from curation.engine.parts import as_part
from curation.engine.store import Store
from curation.release.built import opened
from curation.release.certificate import FILE_OF, MESSAGES_OF, verify
from curation.release.export import export, plain_json
from curation.release.gates import GateResult, between_checks, counts, nulls_of_bytes, run_gates, table_checks
from curation.release.report import OF_WORDS, report
from curation.release.samples import SampleConfig, samples
from curation.release.why import chain, told
from curation.truth.splits import CUTOUT_COLUMNS, SOURCE_COLUMNS, SplitConfig, splits
from schemas.errors import RecipeError, StoreError, TableError
from schemas.fingerprint import content_id, fingerprint
from schemas.llava import read_llava
from schemas.manifest import Manifest, Part
from schemas.rejection import REJECTED, Rejection, Sieved, sieved
from schemas.table import Table
from schemas.tables import (
    CONVERSATIONS,
    CORPUS_TABLES,
    CUTOUTS,
    DESCRIPTIONS,
    ENTRIES,
    MATCHES,
    MOSAICS,
    OBJECTS,
    QUALITY,
    SEALED,
    SOURCES,
    TWINS,
    WINDOWS,
)  # fmt: skip

SIDE_PX = 96
CSV = "catalogs/tiny.csv"


class Shelf:
    """A store in memory: what `built.Tables` asks for, and a way to plant faults."""

    def __init__(self) -> None:
        self.tables: dict[str, Sieved] = {}
        self.addresses: dict[str, list[str]] = {}
        self.inputs: dict[str, str | None] = {}

    def put(self, step: str, dataset: str, made: Sieved, first_input: str | None = None) -> None:
        address = f"{step}/{dataset}/{fingerprint([step, dataset])[:12]}"
        self.tables[address] = made
        self.addresses.setdefault(step, []).append(address)
        self.inputs[address] = first_input

    def dataset(self, address: str) -> ds.Dataset:
        return ds.dataset(self.tables[address].kept)

    def rejected(self, address: str) -> pa.Table:
        return self.tables[address].rejected

    def manifest(self, address: str) -> Manifest:
        made = self.tables[address]
        first = self.inputs[address]
        return Manifest(
            address=address, table=address.split("/")[0].upper(), recipe={}, inputs=[first] if first else [],
            counts="rows", n_in=made.n_in, n_kept=made.kept.num_rows, n_rejected=made.rejected.num_rows,
            reasons=made.reasons, parts=[Part(name="part-00000.parquet", n_rows=made.kept.num_rows, sha256="0" * 64)],
            rejected=[], versions={"pyarrow": pa.__version__}, commit="", made_at="now", made_by="a test",
        )  # fmt: skip

    def addresses_of(self, folder: str = "") -> Iterator[str]:
        return (one for one in sorted(self.tables) if one.startswith(f"{folder}/"))

    def change(self, step: str, change: Callable[[pa.Table], pa.Table], k: int = 0) -> None:
        """Change a table in its place, keeping its counts true."""
        address = self.addresses[step][k]
        kept = change(self.tables[address].kept)
        rejected = self.tables[address].rejected
        self.tables[address] = Sieved(kept, rejected, kept.num_rows + rejected.num_rows)


def kept(table: Table, rows: list[dict[str, Any]], refused: list[Rejection] | None = None) -> Sieved:
    return sieved(table.of(rows), refused or [], len(rows) + len(refused or []))


def picture(key: str, boxes: list[list[float]]) -> tuple[bytes, bytes]:
    """PNG and pixels of blobs in the middle of the boxes."""
    y, x = np.mgrid[0:SIDE_PX, 0:SIDE_PX] / SIDE_PX
    chance = np.random.default_rng(int(fingerprint(key)[:8], 16))
    image = chance.normal(20, 6, x.shape)
    for x_min, y_min, x_max, y_max in boxes or [[0.4, 0.4, 0.6, 0.6]]:
        radius = (x_max - x_min) / 5
        image += 210 * np.exp(-((x - (x_min + x_max) / 2) ** 2 + (y - (y_min + y_max) / 2) ** 2) / (2 * radius**2))
    grey = np.clip(image, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(grey).save(file, "PNG")
    return file.getvalue(), grey[::-1].astype("<f4").tobytes()


def label(name: str, state: str, row: int) -> dict[str, Any]:
    return {"scheme": "tiny", "label": name, "original": name, "state": state, "tier": "expert", "catalog": CSV,
            "row": row, "confidence": None}  # fmt: skip


def claim(kind: str, subject: str, evidence: str, **more: Any) -> dict[str, Any]:
    ordinary = {
        "kind": kind,
        "subject": subject,
        "state": "present",
        "count": None,
        "box": None,
        "evidence": [evidence],
    }
    return ordinary | more


def turn(question: str, answer: str, kind: str, *claims: dict[str, Any]) -> dict[str, Any]:
    return {"question": question, "answer": answer, "kind": kind, "question_id": kind, "claims": list(claims)}


def dataset_rows(name: str, n_rows: int, first_ra_deg: float, benchmark_every: int = 0) -> list[dict[str, Any]]:
    """One dictionary for each source, with everything the tables need."""
    found = []
    for row in range(n_rows):
        source_id = content_id("source", name, row)
        centre = 0.3 + 0.4 * ((row * 37) % 100) / 100
        boxes = [[centre - 0.1, 0.4, centre + 0.1, 0.6], [0.7, 0.1, 0.85, 0.25]][: 1 + row % 2]
        png, pixels = picture(source_id, boxes)
        is_benchmark = bool(benchmark_every) and row % benchmark_every == 0
        found.append(
            {
                "row": row, "dataset": name, "source_id": source_id, "cutout_id": content_id("cutout", source_id),
                "source_name": f"{name.upper()} {row}", "ra_deg": (first_ra_deg + 1.7 * row) % 360,
                "dec_deg": -40.0 + (11 * row) % 97, "boxes": boxes, "png": png, "pixels": pixels,
                "sha256": hashlib.sha256(png).hexdigest(), "label": ("FR-I", "FR-II")[row % 2],
                "split": "test" if is_benchmark else None, "benchmark": "b6_tiny" if is_benchmark else None,
            }
        )  # fmt: skip
    return found


def turns(row: dict[str, Any]) -> list[dict[str, Any]]:
    seen = f"label:{row['source_id']}"
    boxes = [claim("box", "source", f"object:{content_id('object', row['source_id'], k)}", box=box)
             for k, box in enumerate(row["boxes"])]  # fmt: skip
    text = "; ".join("[" + ", ".join(f"{value:.3f}" for value in box) + "]" for box in row["boxes"])
    return [
        turn("Which class is it, FR-I or FR-II?", f"{row['label']}.", "class", claim("class", row["label"], seen)),
        turn("Give the boxes of all sources.", text, "box", *boxes),
        turn("How many sources are seen?", f"{len(boxes)}.", "count",
             claim("count", "source", seen, count=len(boxes))),
    ]  # fmt: skip


def put_dataset(shelf: Shelf, rows: list[dict[str, Any]]) -> None:
    name = rows[0]["dataset"]
    ids = ("source_id", "cutout_id", "dataset")
    place = ("ra_deg", "dec_deg")
    common = {"survey": "tiny_survey", "mosaic": "images/tiny.fits"}
    origin = {"origin_catalog": CSV}

    def some(row: dict[str, Any], *names: str) -> dict[str, Any]:
        return {one: row[one] for one in names}

    no_label = Rejection(f"{CSV}:999", "no-label", "row 999 has no label <script>alert(1)</script>", {"file": "x"})
    sources = [
        some(row, "source_id", "source_name", "dataset", *place, "split", "benchmark") | origin
        | {"survey": "tiny_survey", "scheme": "tiny", "origin_row": row["row"],
           "labels": [label(one, "present" if one == row["label"] else "absent", row["row"])
                      for one in ("FR-I", "FR-II")]}
        for row in rows
    ]  # fmt: skip
    objects = [
        origin | {"object_id": content_id("object", row["source_id"], k), "object_name": f"{row['source_name']}{k}",
                  "dataset": name, "source_id": row["source_id"], "labels": [], "detector": "tiny",
                  "origin_row": row["row"], "peak_mjy_per_beam": 1.0}
        for row in rows for k in range(len(row["boxes"])) if name == "alpha"
    ]  # fmt: skip
    windows = [
        some(row, *ids) | common | {"n_mosaics": 1, "x_min_px": 10 * row["row"], "y_min_px": 5,
                                    "x_max_px": 10 * row["row"] + SIDE_PX, "y_max_px": 5 + SIDE_PX}
        for row in rows
    ]  # fmt: skip
    cutouts = [
        some(row, *ids, *place, "png", "pixels", "sha256") | common
        | {"mosaic_sha256": "a" * 64, "width_px": SIDE_PX, "height_px": SIDE_PX,
            "pixel_x_arcsec": 2.0, "pixel_y_arcsec": 2.0,
           "beam_major_arcsec": 6.0, "beam_minor_arcsec": 5.0, "beam_pa_deg": 0.0, "beam_from": "header",
           "rms_mjy_per_beam": 0.1 + 0.01 * row["row"], "peak_mjy_per_beam": 5.0 + row["row"],
           "blank_fraction": 0.02 * (row["row"] % 5), "png_side_px": SIDE_PX, "stretch": "linear; up as in FITS",
           "small": b"", "channels": [], "source_px": 0}
        for row in rows
    ]  # fmt: skip
    conversations = [
        some(row, "cutout_id", "dataset") | {"conversation_id": content_id("conversation", row["cutout_id"]),
                                             "turns": turns(row), "generator": "template"}
        for row in rows
    ]  # fmt: skip
    quality = [
        {"conversation_id": one["conversation_id"], "turn": k, "verdict": "supported", "reasons": [], "flags": []}
        for one in conversations for k in range(len(one["turns"]))
    ]  # fmt: skip
    descriptions = [{"cutout_id": row["cutout_id"], "text": f"One {row['label']}.", "claims": []} for row in rows]
    shelf.put("sources", name, kept(SOURCES, sources, [no_label]))
    shelf.put("objects", name, kept(OBJECTS, objects))
    shelf.put("windows", name, kept(WINDOWS, windows))
    shelf.put("cutouts", name, kept(CUTOUTS, cutouts))
    shelf.put("descriptions", name, kept(DESCRIPTIONS, descriptions))
    shelf.put("conversations", name, kept(CONVERSATIONS, conversations))
    shelf.put("quality", name, kept(QUALITY, quality))


def tables(shelf: Shelf, step: str) -> list[pa.Table]:
    return [shelf.tables[address].kept for address in shelf.addresses[step]]


def corpus(n_alpha: int = 40, n_beta: int = 12) -> Shelf:
    """Two datasets of one survey; every third source of beta is a benchmark's."""
    shelf = Shelf()
    mosaic = {"mosaic": "images/tiny.fits", "survey": "tiny_survey", "n_bytes": 1, "sha256": "a" * 64, "hdu": 0,
              "data_offset": 2880, "bitpix": -32, "width_px": 500, "height_px": 500, "n_axes": 2,
              "warnings": ["no BMAJ: the survey's beam was taken"]}  # fmt: skip
    shelf.put("mosaics", "tiny_survey", kept(MOSAICS, [mosaic]))
    put_dataset(shelf, dataset_rows("alpha", n_alpha, 350.0))
    put_dataset(shelf, dataset_rows("beta", n_beta, 120.0, benchmark_every=3))
    cutouts = [table.select(CUTOUT_COLUMNS) for table in tables(shelf, "cutouts")]
    shelf.put("splits", "tiny", splits(cutouts, [one.select(SOURCE_COLUMNS) for one in tables(shelf, "sources")],
                                       SplitConfig(train=0.6, validation=0.2, test=0.2)))  # fmt: skip
    (placed,) = tables(shelf, "splits")
    for k, name in enumerate(("alpha", "beta")):
        spoken, cut, judged, sources = (
            tables(shelf, one)[k] for one in ("conversations", "cutouts", "quality", "sources")
        )
        made = samples(spoken, cut, judged, placed, sources, SampleConfig("CC-BY-4.0"))
        shelf.put("samples", name, made, shelf.addresses["conversations"][k])
    return shelf


@pytest.fixture(scope="session")
def good() -> Shelf:
    """A corpus without fault; not to be changed."""
    return corpus()


def broken(shelf: Shelf) -> dict[str, int]:
    """The rules that rows break, by table and name; rules that cannot be counted give -1."""
    found = {}
    with opened(shelf, shelf.addresses) as db:
        for wanted in [*map(table_checks, CORPUS_TABLES), between_checks()]:
            counted = counts(db, wanted)
            found |= {f"{wanted.view}.{rule.name}": counted.get(rule.name, -1) for rule in wanted.rules}
    return {name: n for name, n in found.items() if n}


def setting(column: str, value: Any, row: int = 0) -> Callable[[pa.Table], pa.Table]:
    """A change of one cell."""

    def change(table: pa.Table) -> pa.Table:
        values = table[column].to_pylist()
        values[row] = value
        index = table.schema.get_field_index(column)
        return table.set_column(index, table.schema.field(column), pa.array(values, table.schema.field(column).type))

    return change


def without(row: int = 0) -> Callable[[pa.Table], pa.Table]:
    return lambda table: pa.concat_tables([table.slice(0, row), table.slice(row + 1)])


def test_a_corpus_without_fault_breaks_no_rule(good: Shelf):
    assert broken(good) == {}


def other_split(table: pa.Table) -> pa.Table:
    benchmark = table["benchmark"].to_pylist()
    row = next(k for k, one in enumerate(benchmark) if one)
    return setting("split", "train", row)(table)


FAULTS = [
    ("sources", setting("ra_deg", float("nan")), "sources.ra_deg_finite"),
    ("sources", setting("dec_deg", -91.0), "sources.dec_deg_least"),
    ("sources", setting("split", "tset"), "sources.split_one_of"),
    ("sources", lambda table: pa.concat_tables([table, table.slice(0, 1)]), "sources.key_unique"),
    ("sources", without(), "between_tables.cutout_has_source"),
    ("sources", lambda table: table.drop_columns(["source_name"]), "sources.columns_as_defined"),
    ("sources", lambda table: table.slice(0, 0), "sources.every_dataset_has_rows"),
    ("objects", setting("source_id", content_id("source", "nobody")), "between_tables.object_has_source"),
    ("windows", without(), "between_tables.cutout_has_window"),
    ("cutouts", without(), "between_tables.conversation_has_cutout"),
    ("cutouts", setting("mosaic_sha256", "b" * 64), "between_tables.cutout_has_mosaic"),
    ("cutouts", setting("ra_deg", 1.0), "between_tables.split_has_cutout"),
    ("cutouts", setting("sha256", "b" * 64), "between_tables.sample_has_picture"),
    ("descriptions", setting("cutout_id", content_id("cutout", "x")), "between_tables.description_has_cutout"),
    ("quality", without(), "between_tables.turn_has_verdict"),
    ("quality", setting("turn", 9), "between_tables.quality_has_turn"),
    ("quality", setting("verdict", "contradicted"), "between_tables.nothing_contradicted"),
    ("splits", other_split, "between_tables.leak_benchmark"),
    ("splits", setting("patch_id", content_id("patch", 0)), "between_tables.sample_has_split"),
    ("samples", setting("patch_id", content_id("patch", 0)), "between_tables.sample_has_split"),
    ("samples", setting("origin_row", 77), "between_tables.sample_has_origin"),
    ("samples", setting("image", "images/../../x.png"), "samples.image_pattern"),
    ("samples", setting("licence", "unknown"), "between_tables.licence_known"),
    ("samples", setting("conversations", [{"from": "human", "value": "<image>\nWhat?"}]),
     "between_tables.sample_has_words"),
    ("samples", without(), "between_tables.nothing_lost_between_steps"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "fault", "rule"), FAULTS, ids=[rule for _, _, rule in FAULTS])
def test_a_planted_fault_breaks_its_rule(step: str, fault: Callable[[pa.Table], pa.Table], rule: str):
    shelf = corpus(24, 6)
    shelf.change(step, fault)
    assert rule in broken(shelf)


def test_a_source_picture_or_patch_in_two_splits_is_a_leak(good: Shelf):
    shelf = corpus(24, 6)

    def torn(table: pa.Table) -> pa.Table:
        names = ("source_id", "png_sha256")
        for name in names:
            table = setting(name, table[name][1].as_py())(table)
        two = {"train", "test"} - {table["split"][1].as_py()}
        return setting("split", min(two))(table)

    shelf.change("samples", torn)

    def moved(table: pa.Table) -> pa.Table:
        trained = table["split"].to_pylist().index("train")
        patch = table["patch_id"][trained].as_py()
        return setting("split", "validation", trained - 1)(setting("patch_id", patch, trained - 1)(table))

    shelf.change("splits", moved)
    leaks = {f"between_tables.leak_{name}" for name in ("source", "picture", "patch")}
    assert leaks <= set(broken(shelf))


def test_rows_that_vanish_without_a_reason_are_told():
    shelf = corpus(24, 6)
    address = shelf.addresses["cutouts"][0]
    honest = shelf.manifest
    shelf.manifest = lambda one: honest(one).model_copy(update={"n_kept": 23} if one == address else {})  # type: ignore[method-assign]
    assert broken(shelf) == {
        "between_tables.in_is_kept_and_rejected": 1,
        "between_tables.nothing_lost_between_steps": 1,
    }


def test_every_rule_file_says_what_holds():
    rules = between_checks().rules
    assert len(rules) >= 20
    assert all(rule.meaning[0].islower() and not rule.meaning.startswith("severity") for rule in rules)


def test_no_rule_opens_a_list_beside_a_join_which_costs_the_square_of_the_rows(good: Shelf):
    """DuckDB keeps what a list stands beside (its "delim") and joins it back: 16 s for 53,000 turns, 0.04 without."""
    words = [(one.label, one.query) for one in OF_WORDS]
    rules = [(one.rule.name, one.offenders) for one in between_checks().by_query]
    with opened(good, good.addresses) as db:
        plans = {name: db.execute(f"EXPLAIN {query}").fetchall()[0][1] for name, query in rules + words}
        joined = "samples JOIN conversations USING (conversation_id)"
        beside = f"SELECT sample_id, claim FROM {joined}, unnest(turns) AS t(turn), unnest(turn.claims) AS c(claim)"
        assert "delim" in db.execute(f"EXPLAIN {beside}").fetchall()[0][1]
    assert len(plans) > 40
    assert [name for name, plan in plans.items() if "__duckdb_delim" in plan] == []


def test_the_gate_opens_for_a_good_corpus_and_writes_the_same_twice(good: Shelf, tmp_path):
    result = run_gates(good, good.addresses, tmp_path / "one")
    run_gates(good, good.addresses, tmp_path / "two")
    assert result.ok and result.refusals == ()
    assert result.n_rules == result.n_judged > 200
    for name in ("gate.json", "offenders.parquet"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "one" / "data_docs" / "index.html").is_file()


def test_a_shut_gate_names_rule_and_offenders(tmp_path):
    shelf = corpus(24, 6)
    shelf.change("quality", setting("verdict", "contradicted"))
    shelf.change("sources", lambda table: table.drop_columns(["source_name"]))
    result = run_gates(shelf, shelf.addresses, tmp_path)
    rules = {f"{one.table}.{one.rule}": one for one in result.refusals}
    assert not result.ok
    assert rules["between_tables.nothing_contradicted"].found == "1 row breaks it"
    line = (
        "critical: between_tables: no turn of a sample contradicts what is known of its sky: 1 row breaks it, such as "
    )
    assert any(one.startswith(line) for one in result.lines) and result.folder == tmp_path
    offenders = pq.read_table(tmp_path / "offenders.parquet").to_pylist()
    (one,) = [row for row in offenders if row["rule"] == "nothing_contradicted"]
    assert one["row_key"].startswith("sample-") and one["row_key"].endswith(" turn 0")
    assert "source_name: found no such column" in str(offenders)


def nothing(*_: object) -> Sieved:
    raise AssertionError("nobody reads a catalogue here")


def door(name: str) -> Dataset:
    said = Published("Nobody 2026, table 1", 40, {"FR-I": 20, "FR-II": 21})
    return Dataset(name, f"The {name} sources", "tiny", "tiny_survey", f"Somebody 2026, {name}", {}, CutoutRecipe(),
                   said, nothing, None)  # fmt: skip


SURVEY = Survey(name="tiny_survey", title="A tiny survey", frequency_mhz=1400, files=("*.fits",),
                licence="CC-BY-4.0", cite="Nobody 2026", acknowledgement="We thank {nobody}.")  # fmt: skip


@dataclass(frozen=True)
class Doors:
    dataset: Dataset
    survey: Survey = SURVEY


@dataclass(frozen=True)
class Names:
    name: str = "tiny"
    title: str = "A tiny sky <b>&</b> its sources"


@dataclass(frozen=True)
class Made:
    """What a graph says of a built corpus."""

    shelf: Shelf
    handover: str = "llava/tiny/0123456789ab"
    corpus: Names = Names()
    doors: tuple[Any, ...] = ()
    withdrawn: tuple[Any, ...] = ()

    @property
    def of(self) -> dict[str, Doors]:
        return {name: Doors(door(name)) for name in ("alpha", "beta")}

    def addresses(self) -> dict[str, list[str]]:
        return self.shelf.addresses


def exported(shelf: Shelf, out: Path, address: str = "llava/tiny/0123456789ab") -> dict[str, Any]:
    return export(shelf, Made(shelf, address), out)


@pytest.fixture
def handover(good: Shelf, tmp_path: Path) -> Path:
    exported(good, tmp_path / "handover")
    return tmp_path / "handover"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_provenance_is_the_same_in_however_many_runs_it_is_made(
    good: Shelf, handover: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("curation.release.export.SAMPLES_A_RUN", 7)
    exported(good, tmp_path / "out")
    once, in_runs = (pq.read_table(one / "provenance.parquet") for one in (handover, tmp_path / "out"))
    assert once.num_rows > 2 * 7 and in_runs.equals(once)


def test_the_training_file_holds_training_records_only_sorted_and_twice(good: Shelf, handover: Path):
    records = json.loads((handover / "llava.json").read_text())
    rows = {row["sample_id"]: row for one in tables(good, "samples") for row in one.to_pylist()}
    assert [record["id"] for record in records] == sorted(k for k, row in rows.items() if row["split"] == "train")
    assert [json.loads(line) for line in (handover / "llava.jsonl").read_text().splitlines()] == records
    others = [json.loads((handover / f"llava-{name}.json").read_text()) for name in ("validation", "test")]
    assert len(records) + sum(map(len, others)) == len(rows)
    assert {rows[one["id"]]["benchmark"] for one in others[1]} == {None, "b6_tiny"}
    for record in [*records, *others[0], *others[1]]:
        assert hashlib.sha256((handover / record["image"]).read_bytes()).hexdigest() in record["image"]


def test_two_exports_are_the_same_bytes_and_the_second_into_one_folder_does_nothing(good: Shelf, tmp_path: Path):
    first = exported(good, tmp_path / "one")
    assert exported(good, tmp_path / "elsewhere" / "two") == first
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two")
    (tmp_path / "one" / "README.md").write_text("a person's own words")
    assert exported(good, tmp_path / "one") == first
    assert contents(tmp_path / "one") == contents(tmp_path / "elsewhere" / "two")  # not whole: made again
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "one"]


def test_the_manifest_lists_every_file_and_no_clock_host_or_path(handover: Path):
    manifest = json.loads((handover / "_manifest.json").read_text())
    assert {name: one["sha256"] for name, one in manifest["files"].items()} == {
        name: hashlib.sha256(body).hexdigest() for name, body in contents(handover).items() if name != "_manifest.json"
    }
    everything = b"".join(body for name, body in contents(handover).items() if not name.endswith(".png"))
    assert str(handover.parent).encode() not in everything and b"now" not in (handover / "_manifest.json").read_bytes()


def test_provenance_leads_from_a_sample_to_its_catalogue_row(good: Shelf, handover: Path):
    row = pq.read_table(handover / "provenance.parquet").to_pylist()[0]
    assert row["origin_catalog"] == CSV and row["source_name"].split()[1] == str(row["origin_row"])
    assert row["turns"][0]["claims"][0]["evidence"] == [f"label:{row['source_id']}"]
    assert row["x_max_px"] - row["x_min_px"] == SIDE_PX and row["guard_arcsec"] == 12.0


def test_the_card_tells_counts_splits_and_licences(handover: Path):
    card = (handover / "README.md").read_text()
    assert "52 samples with 156 turns" in card and "sealed for b6_tiny: 4 cutouts" in card
    assert (
        "Licence of the pixels: CC-BY-4.0." in card
        and "@misc{survey_tiny_survey" in (handover / "ATTRIBUTION.bib").read_text()
    )


def test_the_folder_is_a_dataset_for_hugging_face_and_for_llama_factory(handover: Path, tmp_path: Path):
    import datasets

    found = datasets.load_dataset(str(handover), cache_dir=str(tmp_path / "cache"))
    for split, name in FILE_OF.items():
        assert found[split].to_list() == json.loads((handover / name).read_text())
    messages = datasets.load_dataset(str(handover), "messages", cache_dir=str(tmp_path / "cache"))
    for split, name in MESSAGES_OF.items():
        records = [*read_llava(handover / FILE_OF[split])]
        assert messages[split].to_list() == [one.as_messages() for one in records]
        assert [json.loads(line) for line in (handover / name).read_text().splitlines()] == messages[split].to_list()
    listed = json.loads((handover / "dataset_info.json").read_text())
    assert {one["file_name"] for one in listed.values()} == set(FILE_OF.values())
    assert all(one["columns"] == {"messages": "conversations", "images": "image"} for one in listed.values())


def test_what_is_in_the_way_is_not_overwritten_but_an_older_hand_over_is(good: Shelf, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("precious")
    with pytest.raises(StoreError, match="something that is no hand-over"):
        exported(good, tmp_path / "mine")
    exported(good, tmp_path / "out", "llava/tiny/older")
    assert exported(good, tmp_path / "out")["address"] == "llava/tiny/0123456789ab"
    with pytest.raises(StoreError, match="of corpus 'tiny', not 'other'"):
        export(good, Made(good, "llava/other/1", Names("other")), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


def test_a_picture_that_is_not_what_its_digest_names_leaves_no_hand_over(tmp_path: Path):
    shelf = corpus(12, 3)
    shelf.change("cutouts", setting("png", b"another"))
    with pytest.raises(TableError, match="is not the PNG that its digest names"):
        exported(shelf, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
    shelf.change("cutouts", setting("sha256", "0" * 64))
    with pytest.raises(TableError, match="1 pictures of records are in no table of pictures, such as [0-9a-f]{64}"):
        exported(shelf, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("footers", "found"), [((True, True), {"png_given": 4}), ((True, False), {}), ((), None)])
def test_pictures_that_are_not_there_are_counted_by_footers_where_these_say(tmp_path: Path, footers, found):
    """One that does not say has the rows read, by the same rule."""
    table = pa.table({"png": [b"a", None, None], "sha256": ["x"] * 3})
    for k, says in enumerate(footers):
        pq.write_table(table.slice(k), tmp_path / f"{k}.parquet", write_statistics=says)

    class Parts:
        def dataset(self, address: str) -> ds.Dataset:
            files = [*map(str, sorted(tmp_path.iterdir()))]
            return ds.dataset(files, format="parquet") if files else ds.dataset(table)

    of_pictures = next(one for one in CORPUS_TABLES if one.name == "CAPTIONS")
    assert nulls_of_bytes(Parts(), of_pictures, ["samples/a"]) == (found or {})


def test_a_record_that_breaks_the_contract_leaves_no_hand_over(tmp_path: Path):
    shelf = corpus(12, 3)
    shelf.change("samples", setting("conversations", [{"from": "human", "value": "<image>\nWhat?"}]))
    with pytest.raises(TableError, match="is no record"):
        exported(shelf, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def resealed(handover: Path) -> None:
    """What a careful forger does: bring the manifest's digests up to date."""
    manifest = json.loads((handover / "_manifest.json").read_text())
    for name in manifest["files"]:
        manifest["files"][name]["sha256"] = hashlib.sha256((handover / name).read_bytes()).hexdigest()
    (handover / "_manifest.json").write_text(plain_json(manifest))


def planted(handover: Path, change: Callable[[list[dict[str, Any]]], None]) -> list[dict[str, Any]]:
    """Change the rows of provenance.parquet, and seal the hand-over again."""
    table = pq.read_table(handover / "provenance.parquet")
    rows = table.to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, table.schema), handover / "provenance.parquet")
    resealed(handover)
    return rows


def first(rows: list[dict[str, Any]], split: str) -> dict[str, Any]:
    return next(row for row in rows if row["split"] == split and not row["benchmark"])


def test_an_untouched_hand_over_verifies(handover: Path):
    assert verify(handover) == []


def test_a_planted_pair_three_arcsec_apart_is_found_and_named(handover: Path):
    def plant(rows: list[dict[str, Any]]) -> None:
        train, test = first(rows, "train"), first(rows, "test")
        train["ra_deg"], train["dec_deg"] = test["ra_deg"], test["dec_deg"] + 3 / 3600

    rows = planted(handover, plant)
    train, test = first(rows, "train"), first(rows, "test")
    problems = verify(handover)
    (named,) = [one for one in problems if "apart" in one]
    assert train["sample_id"] in named and test["sample_id"] in named
    assert '3.0" apart; 283.5" are required' in named


def test_a_pair_across_ra_zero_or_a_pole_is_found(handover: Path):
    for left, right in (((0.0002, 0.0), (359.9998, 0.0)), ((10.0, 89.9999), (190.0, 89.9999))):

        def plant(rows: list[dict[str, Any]], left=left, right=right) -> None:
            for row, place in ((first(rows, "train"), left), (first(rows, "validation"), right)):
                row["ra_deg"], row["dec_deg"] = place

        planted(handover, plant)
        assert any("apart" in one for one in verify(handover))


def test_a_picture_in_two_splits_is_found(handover: Path):
    def plant(rows: list[dict[str, Any]]) -> None:
        first(rows, "train").update({name: first(rows, "test")[name] for name in ("image", "png_sha256")})

    planted(handover, plant)
    assert any(one.startswith("picture ") and "two splits" in one for one in verify(handover))


def test_training_sky_that_is_sealed_is_found_even_without_a_sample_of_the_benchmark(handover: Path):
    sealed = json.loads((handover / "split_certificate.json").read_text())["sealed"]["b6_tiny"]
    gone = sealed[0]["cutout_id"]
    for name in ("llava-test.json",):
        records = json.loads((handover / name).read_text())
        rows = {row["sample_id"]: row for row in pq.read_table(handover / "provenance.parquet").to_pylist()}
        left = [one for one in records if rows[one["id"]]["cutout_id"] != gone]
        (handover / name).write_text(plain_json(left))

    def plant(rows: list[dict[str, Any]]) -> None:
        rows[:] = [row for row in rows if row["cutout_id"] != gone]
        first(rows, "train").update(ra_deg=sealed[0]["ra_deg"], dec_deg=sealed[0]["dec_deg"])

    planted(handover, plant)
    assert any("lies in the sealed sky of b6_tiny" in one for one in verify(handover))


def test_a_changed_byte_a_strange_file_and_a_lost_one_are_found(handover: Path):
    picture = next((handover / "images").rglob("*.png"))
    picture.write_bytes(picture.read_bytes() + b"x")
    (handover / "note.txt").write_text("hello")
    (handover / "ATTRIBUTION.bib").unlink()
    problems = "\n".join(verify(handover))
    assert f"{picture.name}: SHA-256 is" in problems and "is not the picture it was" in problems
    assert "note.txt: not in the manifest" in problems
    assert "ATTRIBUTION.bib: the manifest lists it, but it is not there" in problems


def test_a_test_record_smuggled_into_the_training_file_is_found(handover: Path):
    train, test = (json.loads((handover / name).read_text()) for name in ("llava.json", "llava-test.json"))
    (handover / "llava.json").write_text(plain_json([*train, test[0]]))
    resealed(handover)
    problems = verify(handover)
    assert f"sample {test[0]['id']} is in llava.json, but provenance says its split is test" in problems
    assert "llava.jsonl does not hold the records of llava.json" in problems
    assert "messages.jsonl does not hold the records of llava.json" in problems


def test_messages_that_say_more_than_the_records_are_found(handover: Path):
    assert verify(handover) == []
    with (handover / "messages.jsonl").open("a") as out:
        out.write((handover / "messages-test.jsonl").read_text().splitlines(keepends=True)[0])
    (handover / "messages-validation.jsonl").write_text("{\n")
    resealed(handover)
    assert [one for one in verify(handover) if one.startswith("messages")] == [
        "messages.jsonl does not hold the records of llava.json",
        "messages-validation.jsonl does not hold the records of llava-validation.json",
    ]


def test_words_changed_after_the_fact_are_found(handover: Path):
    train = json.loads((handover / "llava.json").read_text())
    train[0]["conversations"][1]["value"] = "An alien."
    (handover / "llava.json").write_text(plain_json(train))
    resealed(handover)
    assert any(train[0]["id"] in one and "not those of its provenance" in one for one in verify(handover))


def test_a_certificate_that_says_other_numbers_is_found(handover: Path):
    promise = json.loads((handover / "split_certificate.json").read_text())
    promise["nearest"]["margin_arcsec"] += 5
    promise["splits"]["train"]["n_patches"] += 1
    (handover / "split_certificate.json").write_text(plain_json(promise))
    resealed(handover)
    problems = "\n".join(verify(handover))
    assert "the smallest margin is" in problems and "train has {'n_cutouts': 30" in problems


def test_a_folder_that_is_no_hand_over_is_one_clear_line(tmp_path: Path):
    (problem,) = verify(tmp_path)
    assert "cannot be verified" in problem


OPEN = GateResult(True, (), 295, 295, Path())


@pytest.fixture(scope="session")
def page(good: Shelf, tmp_path_factory: pytest.TempPathFactory) -> str:
    return report(good, Made(good), OPEN, tmp_path_factory.mktemp("page") / "report.html").read_text()


def test_the_report_is_the_same_bytes_twice(good: Shelf, page: str, tmp_path: Path):
    assert report(good, Made(good), OPEN, tmp_path / "new" / "report.html").read_text() == page
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["report.html", "report.json"]


def test_the_report_fetches_nothing_and_runs_nothing(page: str):
    addresses = re.findall(r"(?:src|href)=[\"']([^\"']+)", page)
    beside = {"gate/data_docs/index.html", "report.json"}
    assert all(one.startswith(("#", "data:image/webp;base64,")) for one in set(addresses) - beside)
    assert "<script" not in page and "@import" not in page and not re.search(r"url\((?!#)", page)
    assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in page


def test_what_a_catalogue_says_is_shown_and_never_run(page: str):
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "A tiny sky &lt;b&gt;&amp;&lt;/b&gt; its sources" in page


def test_the_numbers_of_the_report_are_those_of_the_tables(good: Shelf, page: str):
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "52 samples 52 pictures 156 questions answered 2 datasets 4 sealed for benchmarks 2 rows refused" in text
    assert "pictures 40 40 0 FR-I 20 20 0 FR-II 21 20 -1" in text
    assert "295 of 295 rules judged, 0 not held" in text and "Gate open" in text
    assert "no-label" in text and "ALPHA 0" not in text.split("Lineage")[-1]
    n_boxes = sum(len(one["claims"]) for row in tables(good, "conversations")[0].to_pylist() for one in row["turns"]
                  if one["kind"] == "box")  # fmt: skip
    assert n_boxes == 60 and "78 values" in text


def test_boxes_stand_where_the_answers_say(good: Shelf, page: str):
    x_min, y_min, x_max, y_max = (0.7, 0.1, 0.85, 0.25)
    drawn = f'x="{x_min:.4f}" y="{y_min:.4f}" width="{x_max - x_min:.4f}" height="{y_max - y_min:.4f}"'
    assert drawn in page


def test_a_shut_gate_stands_at_the_top(good: Shelf, tmp_path: Path):
    from schemas.expectations import Refusal

    refusal = Refusal("samples", "leak", "critical", "3 rows break it", "no leak")
    shut = GateResult(False, (refusal,), 295, 295, Path())
    text = report(good, Made(good), shut, tmp_path / "report.html").read_text()
    assert "Gate shut" in text and "3 rows break it" in text and text.index("Gate shut") < text.index("no leak")


def test_a_corpus_without_samples_still_has_a_report(tmp_path: Path):
    shelf = corpus(3, 3)
    for step in ("samples", "splits", "objects"):
        for k in range(len(shelf.addresses[step])):
            shelf.change(step, lambda table: table.slice(0, 0), k)
    assert "0 <" not in report(shelf, Made(shelf), OPEN, tmp_path / "report.html").read_text()[:100]


class Listed:
    """The shelf as a store that can be searched, with the inputs of every table."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf, self.dataset, self.rejected = shelf, shelf.dataset, shelf.rejected

    def addresses(self, folder: str = "") -> Iterator[str]:
        return self.shelf.addresses_of(folder)

    def manifest(self, address: str) -> Manifest:
        step, dataset, _ = address.split("/")
        others = [one for one in self.shelf.tables if step == "samples" and dataset in one and one != address]
        return self.shelf.manifest(address).model_copy(update={"inputs": others})


def test_why_leads_from_a_sample_to_the_rows_it_rests_on(good: Shelf):
    sample = tables(good, "samples")[0].slice(3, 1).to_pylist()[0]
    found = chain(sample["sample_id"], Listed(good))
    json.dumps(found)
    text = "\n".join(told(found))
    row = sample["origin_row"]
    assert f"row     {CSV}, data row {row} (0-based)" in text
    assert f"pixels  x {10 * row} to {10 * row + SIDE_PX}, y 5 to {5 + SIDE_PX}" in text
    assert f"because object ALPHA {row}0 (tiny): {CSV}, data row {row}" in text
    assert f"picture SHA-256 {sample['png_sha256']}" in text and "(box; supported)" in text
    present, absent = ("FR-I", "FR-II") if row % 2 == 0 else ("FR-II", "FR-I")
    assert f"label   {present} is present, says expert: {CSV}, data row {row}\n  absent  {absent}\n" in text
    assert all(one in text for one in good.addresses["cutouts"][:1])


def test_why_of_an_unknown_sample_says_what_is_wanted(good: Shelf):
    with pytest.raises(RecipeError, match="no sample 'sample-0' in 2 tables of samples; .* such as sample-"):
        chain("sample-0", Listed(good))
    with pytest.raises(RecipeError, match="this store has no samples yet"):
        chain("sample-0", Listed(Shelf()))


def test_a_store_of_parquet_gives_the_hand_over_and_the_page_that_memory_gave(good: Shelf, page: str, tmp_path: Path):
    store = Store(str(tmp_path / "store"))
    for address, made in good.tables.items():
        half = made.kept.num_rows // 2
        parts = [Sieved(made.kept.slice(half), made.rejected, made.kept.num_rows - half + made.rejected.num_rows)]
        parts.insert(0, Sieved(made.kept.slice(0, half), made.rejected.slice(0, 0), half))
        records = [store.publish_part(address, k, part) for k, part in enumerate(parts)]
        rejected = [Part(name=one.name, n_rows=one.n_rejected, sha256=one.rejected_sha256) for one in records
                    if one.n_rejected]  # fmt: skip
        update = {"parts": [as_part(one) for one in records], "rejected": rejected}
        store.finish(good.manifest(address).model_copy(update=update))
    export(store, Made(good), tmp_path / "from_store")
    exported(good, tmp_path / "from_memory")
    assert contents(tmp_path / "from_store") == contents(tmp_path / "from_memory")
    digests = re.compile(r'(?<=mono soft">)[0-9a-f]{12}')  # of parts: memory has none
    text = report(store, Made(good), OPEN, tmp_path / "report.html").read_text()
    assert digests.sub("", text) == digests.sub("", page)


def test_a_line_separator_inside_words_does_not_end_a_line_of_the_hand_over(tmp_path: Path):
    shelf = corpus(12, 3)
    words = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "One\u2028two\u2029three\nfour."}]
    row = tables(shelf, "samples")[0]["split"].to_pylist().index("train")
    shelf.change("samples", setting("conversations", words, row))
    exported(shelf, tmp_path / "out")
    records = [json.loads(line) for line in (tmp_path / "out" / "llava.jsonl").read_text().splitlines()]
    assert records == json.loads((tmp_path / "out" / "llava.json").read_text())


# -- twins, sealed sky, cross-matches --------------------------------------------------------------------------------


def twin(left: dict[str, Any], right: dict[str, Any], conflicts: list[str]) -> dict[str, Any]:
    left, right = sorted((left, right), key=lambda one: one["cutout_id"])
    sides = {f"{side}_{name}": one[name] for side, one in (("left", left), ("right", right))
             for name in ("dataset", "survey")}  # fmt: skip
    return {"left_id": left["cutout_id"], "right_id": right["cutout_id"], **sides, "separation_arcsec": 3.0,
            "overlap": 0.9, "conflicts": conflicts}  # fmt: skip


def piece(ra_deg: float, dec_deg: float, name: str = "b2_elsewhere") -> dict[str, Any]:
    return {"sealed_id": content_id("sealed", name, ra_deg), "benchmark": name, "source_name": f"3C {ra_deg:.0f}",
            "dataset": "elsewhere", "ra_deg": ra_deg, "dec_deg": dec_deg, "radius_arcsec": 100.0,
            "origin_catalog": CSV, "origin_row": 0}  # fmt: skip


def entry(row: int) -> dict[str, Any]:
    return {"entry_id": content_id("entry", row), "catalog": "wise", "name": f"G{row}", "ra_deg": 0.0, "dec_deg": 0.0,
            "x": 1.0, "y": 0.0, "z": 0.0, "labels": [], "cells": "{}", "origin_catalog": "catalogs/wise.csv",
            "origin_row": row}  # fmt: skip


def pair(left_id: str, right_id: str) -> dict[str, Any]:
    return {"left_id": left_id, "right_id": right_id, "separation_arcsec": 1.0, "is_best": True,
            "is_mutual_best": True, "n_candidates": 1}  # fmt: skip


def of_split(shelf: Shelf, dataset: str, split: str) -> list[dict[str, Any]]:
    (placed,) = tables(shelf, "splits")
    ids = [row["cutout_id"] for row in placed.to_pylist() if (row["dataset"], row["split"]) == (dataset, split)]
    cutouts = tables(shelf, "cutouts")[("alpha", "beta").index(dataset)].drop_columns(["png", "pixels"]).to_pylist()
    return [row for row in cutouts if row["cutout_id"] in ids]


def with_neighbours() -> Shelf:
    """The corpus with everything that looks beyond one dataset, and no fault."""
    shelf = corpus()
    left, right = of_split(shelf, "alpha", "train")[0], of_split(shelf, "beta", "train")[0]
    sources = tables(shelf, "sources")[0]["source_id"].to_pylist()
    shelf.put("twins", "tiny", kept(TWINS, [twin(left, right, ["FR-I: one says so, two denies it"])]))
    shelf.put("sealed", "tiny", kept(SEALED, [piece(200.0, 85.0), piece(210.0, 86.0), piece(3.0, 88.0, "b6_tiny")]))
    shelf.put("entries", "wise", kept(ENTRIES, [entry(0), entry(1)]))
    for name in ("near", "far"):  # both find the same pair
        shelf.put("matches", name, kept(MATCHES, [pair(sources[0], content_id("entry", 0))]))
    objects = tables(shelf, "objects")[0]
    merged = [Rejection("object-0", "merged", "is another", {})] * 3
    shelf.put("objects_as_read", "alpha", Sieved(objects.slice(2), REJECTED.empty_table(), objects.num_rows - 2))
    shelf.put("detections", "alpha", kept(OBJECTS, objects.slice(0, 5).to_pylist()))
    address = shelf.addresses["objects"][0]
    shelf.tables[address] = sieved(objects, merged, objects.num_rows + 3)
    return shelf


@pytest.fixture(scope="session")
def neighbours() -> Shelf:
    """Not to be changed."""
    return with_neighbours()


def test_a_corpus_with_twins_seals_and_matches_breaks_no_rule(neighbours: Shelf):
    assert broken(neighbours) == {}


def put_first(table: str, row: dict[str, Any]) -> Callable[[Shelf], None]:
    return lambda shelf: shelf.change(table, lambda now: pa.concat_tables([now.slice(1), TABLE_OF[table].of([row])]))


TABLE_OF = {"twins": TWINS, "sealed": SEALED, "matches": MATCHES}


def torn_twin(shelf: Shelf) -> None:
    put_first("twins", twin(of_split(shelf, "alpha", "train")[0], of_split(shelf, "alpha", "test")[0] | {
        "dataset": "beta"}, []))(shelf)  # fmt: skip


def trained_in_sealed_sky(shelf: Shelf) -> None:
    one = of_split(shelf, "alpha", "train")[0]
    put_first("sealed", piece(one["ra_deg"], one["dec_deg"] + 60 / 3600))(shelf)


def across_ra_zero(shelf: Shelf) -> None:
    one = next(row for row in of_split(shelf, "alpha", "train") if row["ra_deg"] < 2)
    shelf.change("splits", lambda table: moved(table, one["cutout_id"], 0.001))
    put_first("sealed", piece(359.999, one["dec_deg"]))(shelf)


def moved(table: pa.Table, cutout_id: str, ra_deg: float) -> pa.Table:
    return setting("ra_deg", ra_deg, table["cutout_id"].to_pylist().index(cutout_id))(table)


def matched_nobody(shelf: Shelf) -> None:
    put_first("matches", pair(content_id("source", "nobody"), content_id("entry", 0)))(shelf)


def matched_twice(shelf: Shelf) -> None:
    shelf.change("matches", lambda table: pa.concat_tables([table, table]))


def labelled_by_no_entry(shelf: Shelf) -> None:
    said = label("FR-I", "present", 77) | {"tier": "match", "catalog": "catalogs/wise.csv"}
    shelf.change("sources", setting("labels", [said]))


def twin_of_nobody(shelf: Shelf) -> None:
    left = of_split(shelf, "alpha", "train")[0]
    put_first("twins", twin(left, left | {"cutout_id": content_id("cutout", 0), "dataset": "beta"}, []))(shelf)


NEIGHBOUR_FAULTS = [
    (torn_twin, "between_tables.leak_twin"), (trained_in_sealed_sky, "between_tables.leak_sealed"),
    (across_ra_zero, "between_tables.leak_sealed"), (matched_nobody, "between_tables.match_has_rows"),
    (matched_twice, "matches.key_unique"), (labelled_by_no_entry, "between_tables.matched_label_has_entry"),
    (twin_of_nobody, "between_tables.twin_has_cutouts"),
]  # fmt: skip


@pytest.mark.parametrize(("fault", "rule"), NEIGHBOUR_FAULTS, ids=[fault.__name__ for fault, _ in NEIGHBOUR_FAULTS])
def test_a_fault_between_datasets_breaks_its_rule(fault: Callable[[Shelf], None], rule: str):
    shelf = with_neighbours()
    fault(shelf)
    assert rule in broken(shelf)


def test_a_kind_of_step_that_nobody_knows_is_refused(good: Shelf):
    with pytest.raises(TableError, match="no such table: detektions; known: mosaics"), opened(good, {"detektions": []}):
        pass


def test_the_hand_over_has_a_coverage_map_of_each_split_survey_and_benchmark(neighbours: Shelf, tmp_path: Path):
    exported(neighbours, tmp_path / "one")
    promise = json.loads((tmp_path / "one/split_certificate.json").read_text())
    assert [path.stem for path in sorted((tmp_path / "one/moc").iterdir())] == sorted(promise["sky"]) == [
        "sealed-b2_elsewhere", "sealed-b6_tiny", "survey-tiny_survey", "test", "train", "validation",
    ]  # fmt: skip
    area = {name: one["area_deg2"] for name, one in promise["sky"].items()}
    assert area["survey-tiny_survey"] == pytest.approx(area["train"] + area["validation"] + area["test"], rel=1e-3)
    n_train = promise["splits"]["train"]["n_cutouts"]
    assert area["train"] == pytest.approx(n_train * (SIDE_PX * 2 / 3600) ** 2, rel=0.25)  # cells of 13" on 192"
    assert area["sealed-b2_elsewhere"] == pytest.approx(2 * np.pi * (100 / 3600) ** 2, rel=0.15)
    assert [one["source_name"] for one in promise["sealed_sky"]["b2_elsewhere"]] == ["3C 200", "3C 210"]
    assert verify(tmp_path / "one") == []
    exported(neighbours, tmp_path / "two")
    assert all((tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes() == path.read_bytes()
               for path in (tmp_path / "one/moc").iterdir())  # fmt: skip
    card = (tmp_path / "one/README.md").read_text()
    assert "sky sealed for b2_elsewhere: 2 places" in card and "`moc/train.fits`:" in card


def test_a_training_sample_in_sky_sealed_for_a_dataset_that_is_not_here_is_found(neighbours: Shelf, tmp_path: Path):
    exported(neighbours, tmp_path / "out")
    rows = planted(tmp_path / "out", lambda rows: first(rows, "train").update(ra_deg=200.0, dec_deg=85.0 + 20 / 3600))
    problems = verify(tmp_path / "out")
    sample = first(rows, "train")["sample_id"]
    assert any(one.startswith(f"sample {sample} (train) lies in the sealed sky of b2_elsewhere: 20.0\" from 3C 200;")
               for one in problems)  # fmt: skip
    assert f"sample {sample} (train) lies in moc/sealed-b2_elsewhere.fits, which is sealed" in problems
    assert f"sample {sample} (train) lies outside moc/train.fits" in problems


def test_a_coverage_map_of_other_sky_is_found(neighbours: Shelf, tmp_path: Path):
    exported(neighbours, tmp_path / "out")
    moc = tmp_path / "out/moc"
    (moc / "sealed-b2_elsewhere.fits").write_bytes((moc / "validation.fits").read_bytes())
    resealed(tmp_path / "out")
    assert any(one.startswith("moc/sealed-b2_elsewhere.fits: covers") for one in verify(tmp_path / "out"))
    (moc / "test.fits").write_bytes(b"no map")
    resealed(tmp_path / "out")
    (problem,) = verify(tmp_path / "out")
    assert "cannot be verified: OSError" in problem


def test_the_report_shows_twins_conflicts_seals_and_completed_objects(neighbours: Shelf, page: str, tmp_path: Path):
    file = report(neighbours, Made(neighbours), OPEN, tmp_path / "report.html")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", file.read_text()))
    n_objects = tables(neighbours, "objects")[0].num_rows
    assert f"alpha {n_objects - 2} 5 3 {300 / (n_objects - 2):.1f} % 2 {n_objects}" in text
    assert "tiny_survey alpha tiny_survey beta 1 0.90 3.0″ 1" in text
    assert "FR-I: one says so, two denies it" in text
    assert re.search(r"b2_elsewhere elsewhere 2 0 0 0\.00\d", text) and re.search(r"b6_tiny beta 0 4 0 ", text) is None
    assert re.search(r"b6_tiny elsewhere 1 4 0 0\.\d+", text)
    assert "Twins" not in page


def test_published_counts_of_a_completed_dataset_stand_beside_those_found(neighbours: Shelf, tmp_path: Path):
    shelf = Shelf()
    shelf.tables, shelf.inputs = dict(neighbours.tables), dict(neighbours.inputs)
    shelf.addresses = {step: list(some) for step, some in neighbours.addresses.items()}
    for step in ("objects_as_read", "detections", "objects"):
        old = shelf.addresses[step][0]
        new = old.replace("/alpha/", "/emu_pilot_rgcat/")
        shelf.tables[new], shelf.inputs[new] = shelf.tables[old], None
        shelf.addresses[step][0] = new
    file = report(shelf, Made(shelf), OPEN, tmp_path / "report.html")
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", file.read_text()))
    assert "published: Riggi et al. 2025, A.2 185,294 – – about 78 % 46,145 231,439" in text
