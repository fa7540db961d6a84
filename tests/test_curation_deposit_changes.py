"""What changed between hand-overs, who used a source, and what was withdrawn and stays out."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.captions.found import find_papers
from curation.captions.papers import papers
from curation.captions.settings import PaperChoice
from curation.corpus import corpus, graph
from curation.deposit.diff import diff
from curation.deposit.impact import handovers_below, impact, to_withdraw
from curation.engine.run import build
from curation.engine.store import Store
from curation.operation.unreached import unreached
from curation.release.export import export
from curation.truth.objects import objects
from curation.truth.withdrawn import Tombstone, Withdrawn, give_back, tombstones, withdraw
from schemas.errors import DamageError, RecipeError
from schemas.rejection import sieved
from schemas.tables import OBJECTS
from schemas.whole import published, read_manifest

CORPUS = (
    'title = "Few pictures"\ndatasets = ["demo_fanaroff"]\nquestions = ["describe"]\nseal = ["demo_fanaroff_riley"]\n'
)
Row = dict[str, Any]


# -- diff on a planted change set ------------------------------------------------------------------------------------


def written(rows: list[Row], schema: pa.Schema, folder: Path, **said: object) -> Path:
    with published(folder, {"corpus": "planted", "address": f"llava/planted/{folder.name}", **said}) as aside:
        pq.write_table(pa.Table.from_pylist(rows, schema), aside / "provenance.parquet")
    return folder


@pytest.fixture(scope="module")
def planted(demo_build, tmp_path_factory) -> tuple[Path, Path, dict[str, Row]]:
    """A hand-over before and after known changes; and by what was done, the first sample of the source."""
    table = pq.read_table(demo_build.handover / "provenance.parquet")
    rows = table.to_pylist()
    by_source: dict[str, list[Row]] = {}
    for row in rows:
        if row["dataset"] == "demo_fanaroff" and row["labels"]:
            by_source.setdefault(row["source_id"], []).append(row)
    names = ("gone", "new", "redrawn", "relabelled", "moved", "reworded", "longer")
    to = dict(zip(names, sorted(by_source), strict=False))
    before = [row for row in rows if row["source_id"] != to["new"]]
    after = [json.loads(json.dumps(row)) for row in rows if row["source_id"] != to["gone"]]
    for row in after:
        _change(row, to)
    done = {what: by_source[one][0] for what, one in to.items()}
    folder = tmp_path_factory.mktemp("planted")
    doors = [{"kind": "surveys", "name": "demo_wide", "sha256": "0" * 64}]
    a = written(before, table.schema, folder / "a", doors=doors)
    b = written(after, table.schema, folder / "b", doors=[{**doors[0], "sha256": "1" * 64}])
    return a, b, done


def _change(row: Row, to: dict[str, str]) -> None:
    if row["source_id"] == to["redrawn"]:
        row["png_sha256"], row["stretch"] = "f" * 64, "log"
    elif row["source_id"] == to["relabelled"]:
        present = next(one for one in row["labels"] if one["state"] == "present")
        present["state"] = "absent"
    elif row["source_id"] == to["moved"]:
        row["split"] = "validation" if row["split"] != "validation" else "test"
    elif row["source_id"] == to["reworded"]:
        row["turns"][0]["answer"] += " Really."
    elif row["source_id"] == to["longer"]:
        row["turns"].append({**row["turns"][0], "question_id": "planted", "question": "More?", "answer": "Yes"})


def test_the_diff_of_a_planted_change_set_is_exactly_that(planted):
    a, b, done = planted
    found = diff(a, b, None)
    n_of = {what: len(rows_of(b, row["source_id"])) for what, row in done.items()}
    counts = {kind: len(rows) for kind, rows in found.changes.items()}
    n_answers = n_of["reworded"] + n_of["longer"]
    assert counts == {"added": 1, "removed": 1, "pictures": 1, "labels": 1, "splits": 1, "answers": n_answers}
    where = {kind: {row["id"] for row in rows} for kind, rows in found.changes.items()}
    ids = {what: row["source_id"] for what, row in done.items()}
    assert where == {
        "added": {ids["new"]}, "removed": {ids["gone"]}, "pictures": {ids["redrawn"]}, "labels": {ids["relabelled"]},
        "splits": {ids["moved"]}, "answers": {ids["reworded"], ids["longer"]},
    }  # fmt: skip
    (label,) = found.changes["labels"]
    assert (label["from"], label["to"]) == ("present", "absent") and "data row" in label["why"]
    (picture,) = found.changes["pictures"]
    assert picture["why"].startswith("drawn by log, before by asinh")
    for row in found.changes["answers"]:
        is_new = row["id"] == ids["longer"]
        assert row["change"] == ("added" if is_new else "changed")
        assert row["to"] == ("Yes" if is_new else f"{row['from']} Really.")
    assert found.recipes == ["door surveys/demo_wide changed"]


def rows_of(folder: Path, source_id: str) -> list[Row]:
    rows = pq.read_table(folder / "provenance.parquet", columns=["source_id", "sample_id"]).to_pylist()
    return [row for row in rows if row["source_id"] == source_id]


def test_backwards_a_diff_says_the_opposite(planted):
    a, b, _ = planted
    there, back = diff(a, b, None).changes, diff(b, a, None).changes
    assert [row["id"] for row in there["added"]] == [row["id"] for row in back["removed"]]
    for kind in ("labels", "splits"):
        assert [(row["from"], row["to"]) for row in there[kind]] == [(row["to"], row["from"]) for row in back[kind]]


def test_a_hand_over_says_the_same_as_itself(planted):
    a, _, _ = planted
    assert diff(a, a, None).lines == ["llava/planted/a and llava/planted/a say the same of the same pictures"]


def test_the_command_tells_people_and_machines_the_same(planted, curation):
    a, b, done = planted
    told = curation("diff", a, b).stdout
    assert f"removed        1\n  {done['gone']['source_name']} ({done['gone']['source_id']})" in told
    said = json.loads(curation("diff", a, b, "--json").stdout)
    assert said["counts"]["pictures"] == 1 and said["labels"][0]["id"] == done["relabelled"]["source_id"]
    lost = curation("diff", a, "latest-nothing")
    assert lost.returncode == 2 and "neither a folder nor an address or tag" in lost.stderr


# -- impact ----------------------------------------------------------------------------------------------------------


def test_impact_names_the_hand_overs_that_used_something_and_no_other(demo_build):
    tags = Store(str(demo_build.store)).tags()
    all_of = list(handovers_below(demo_build.store))
    assert len(all_of) == 3
    row = pq.read_table(demo_build.handover / "provenance.parquet").slice(0, 1).to_pylist()[0]
    by_file = impact(row["origin_catalog"], all_of, tags)
    assert {one.corpus for one in by_file} == {"tiny", "qa_and_captions"} and by_file[0].by == ("origin_catalog",)
    assert {tag for one in by_file for tag in one.tags} == {"latest-tiny", "latest-qa_and_captions"}
    (objects_of,) = impact("demo_objects", all_of, tags)
    counted = pq.read_table(demo_build.handover / "provenance.parquet", columns=["dataset"])["dataset"].to_pylist()
    assert sum(objects_of.n_samples.values()) == counted.count("demo_objects")
    (paper,) = impact("2401.00001", all_of, tags)
    assert paper.corpus == "qa_and_captions" and paper.by == ("paper_id",)
    assert {one.corpus for one in impact("surveys/demo_wide", all_of, tags)} >= {"tiny", "qa_and_captions"}
    assert impact("source-0123456789abcdef", all_of, tags) == []


def test_the_command_of_impact_looks_beside_the_store_too(demo_build, curation, tmp_path):
    told = json.loads(curation("impact", "demo_objects", "--store", demo_build.store, "--json").stdout)
    assert [one["corpus"] for one in told["used_by"]] == ["tiny"]
    beside = curation("impact", "demo_objects", "--out", tmp_path, "--beside", demo_build.handover)
    assert beside.returncode == 0 and str(demo_build.handover) in beside.stdout
    none = curation("impact", "demo_objects", "--out", tmp_path, "--beside", tmp_path)
    assert none.returncode == 2 and "neither a hand-over nor a release" in none.stderr


# -- withdrawal ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def withdrawn(demo_build, tmp_path_factory) -> SimpleNamespace:
    """A corpus built, a source of its benchmark and one that is trained on withdrawn, and the corpus built again."""
    folder = tmp_path_factory.mktemp("withdrawn")
    (folder / "few.toml").write_text(CORPUS)
    store, raw = Store(str(folder / "store")), demo_build.out / "raw"
    before = made(folder, raw, store)
    rows = pq.read_table(folder / "store" / before.handover / "provenance.parquet").to_pylist()
    trained = next(row for row in rows if row["split"] == "train")
    tested = next(row for row in rows if row["benchmark"])
    for row, reason in ((trained, "its owner asked"), (tested, "no galaxy")):
        withdraw(store, to_withdraw(row["source_id"], known(store), reason))
    after = made(folder, raw, store)
    return SimpleNamespace(
        store=store, folder=folder, raw=raw, before=before, after=after, trained=trained, tested=tested
    )


def made(folder: Path, raw: Path, store: Store) -> Any:
    """The corpus' tables and hand-over; its gate has tests of its own."""
    found = graph(corpus(str(folder / "few.toml")), raw, store)
    build(found.steps, store, workers=0, say=lambda _: None)
    export(store, found, folder / "store" / found.handover)
    return found


def known(store: Store) -> list[tuple[str, pa.Table]]:
    return [("sources", store.read(address, ["source_id", "source_name", "dataset"]))
            for address in store.addresses("sources")]  # fmt: skip


def test_a_withdrawn_source_is_gone_from_the_next_build_and_refused_with_its_reason(withdrawn):
    gone = {withdrawn.trained["source_id"], withdrawn.tested["source_id"]}
    old, new = (
        pq.read_table(withdrawn.folder / "store" / one.handover / "provenance.parquet")["source_id"].to_pylist()
        for one in (withdrawn.before, withdrawn.after)
    )
    assert set(old) - set(new) == gone
    (address,) = withdrawn.after.addresses()["sources"]
    refused = withdrawn.store.rejected(address).to_pylist()
    told = {row["detail"] for row in refused if row["reason"] == "withdrawn"}
    assert told == {
        f"{withdrawn.trained['source_id']}: its owner asked", f"{withdrawn.tested['source_id']}: no galaxy"
    }  # fmt: skip
    manifest = withdrawn.store.manifest(address)
    assert manifest.n_in == manifest.n_kept + manifest.n_rejected and manifest.reasons["withdrawn"] == 2
    said = read_manifest(withdrawn.folder / "store" / withdrawn.after.handover)["withdrawn"]
    assert {one["id"] for one in said} == gone


def test_the_sky_of_a_benchmark_stays_sealed(withdrawn):
    old, new = (
        withdrawn.store.read(one.addresses()["sealed"][0], ["sealed_id", "source_name"]).to_pylist()
        for one in (withdrawn.before, withdrawn.after)
    )
    assert old == new and withdrawn.tested["source_name"] in {row["source_name"] for row in new}


def test_a_diff_tells_what_was_withdrawn_and_why(withdrawn):
    a, b = (withdrawn.folder / "store" / one.handover for one in (withdrawn.before, withdrawn.after))
    found = diff(a, b, withdrawn.store)
    why = {row["id"]: row["why"] for row in found.changes["removed"]}
    assert why[withdrawn.trained["source_id"]].startswith("sources: withdrawn: ")
    assert len(why) == 2 and not found.changes["added"] and not found.changes["pictures"]
    assert f"withdrawn: {withdrawn.trained['source_id']}: its owner asked" in found.recipes


def test_a_release_refuses_what_was_made_before_it_was_withdrawn(withdrawn, curation, tmp_path):
    file = tmp_path / "release.toml"
    file.write_text('version = "1.0.0"\ndate = 2026-12-01\npublisher = "Zenodo"\nlicence = "CC-BY-4.0"\n'
                    '[[creators]]\nname = "Doe, Jane"\n')  # fmt: skip
    folder = withdrawn.folder / "store"
    old = curation("release", folder / withdrawn.before.handover, "--about", file, "--out", tmp_path / "old")
    assert old.returncode == 3 and f"{withdrawn.trained['source_id']} was withdrawn (its owner asked)" in old.stderr
    new = curation("release", folder / withdrawn.after.handover, "--about", file, "--out", tmp_path / "new")
    assert new.returncode == 0, new.stderr
    assert "no galaxy" in (tmp_path / "new/README.md").read_text()


def test_nothing_else_moves_and_given_back_all_is_as_before(withdrawn):
    mosaics = ({*one.addresses()["mosaics"]} for one in (withdrawn.before, withdrawn.after))
    assert len(set.union(*mosaics)) == 1
    stones = tombstones(withdrawn.store)
    for one in stones:
        give_back(withdrawn.store, one)
    try:
        again = graph(corpus(str(withdrawn.folder / "few.toml")), withdrawn.raw, withdrawn.store)
        assert again.handover == withdrawn.before.handover and not again.withdrawn
    finally:
        for one in stones:
            withdraw(withdrawn.store, one)
    with pytest.raises(RecipeError, match="is not withdrawn; there are source-"):
        give_back(withdrawn.store, Tombstone(kind="source", id="source-0", reason="x"))


def test_gc_leaves_tombstones(withdrawn):
    where = withdrawn.folder / "store"
    found = unreached([withdrawn.after], withdrawn.store, where, grace_s=0, n_handovers=1)
    assert withdrawn.before.handover in {one.address for one in found}
    assert not [one.address for one in found if one.address.startswith("withdrawn")]


def test_plan_says_what_stays_out(withdrawn, curation):
    words = (withdrawn.folder / "few.toml", "--raw", withdrawn.raw, "--store", withdrawn.folder / "store")
    told = curation("plan", *words, "--json")
    warnings = json.loads(told.stdout)["warnings"]
    assert f"withdrawn, and used no more: source {withdrawn.trained['source_id']} " in "\n".join(warnings)


def test_why_tells_that_a_sample_is_of_a_withdrawn_source(withdrawn, curation):
    place = ("--store", withdrawn.folder / "store")
    told = curation("why", withdrawn.trained["sample_id"], *place)
    assert told.stdout.splitlines()[-1].startswith(
        f"withdrawn, and used no more: source {withdrawn.trained['source_id']}"
    )
    said = json.loads(curation("why", withdrawn.trained["sample_id"], *place, "--json").stdout)
    assert said["withdrawn"] == "its owner asked"


def test_the_command_withdraws_by_name_and_tells_who_used_it(withdrawn, curation):
    place = ("--store", withdrawn.folder / "store")
    name = withdrawn.trained["source_name"]
    bare = curation("withdraw", name, *place)
    assert bare.returncode == 2 and "--reason: expected why" in bare.stderr
    told = json.loads(curation("withdraw", name, "--reason", "its  owner\nasked", *place, "--json").stdout)
    assert (told["id"], told["reason"]) == (withdrawn.trained["source_id"], "its owner asked")
    assert [one["address"] for one in told["used_by"]] == [withdrawn.before.handover]
    lost = curation("withdraw", "NGC 0", "--reason", "x", *place)
    assert lost.returncode == 2 and "no source or paper of this store has that id or name" in lost.stderr
    back = curation("withdraw", "NGC 0", "--undo", *place)
    assert back.returncode == 2 and "none of the withdrawn" in back.stderr


def test_of_two_sources_with_a_name_the_ids_are_asked_for():
    rows = [{"source_id": f"source-{k}", "source_name": "J1", "dataset": "d"} for k in range(2)]
    with pytest.raises(RecipeError, match="say which by its id: source-0 of d; source-1 of d"):
        to_withdraw("J1", [("sources", pa.Table.from_pylist(rows))], "x")
    papers = pa.Table.from_pylist([{"paper_id": "2401.00001", "title": "Jets"}])
    assert to_withdraw("2401.00001", [("papers", papers)], "x").kind == "paper"


def test_a_damaged_tombstone_stops_a_build_rather_than_bring_its_source_back(withdrawn):
    (stone, *_) = tombstones(withdrawn.store)
    path = Path(withdrawn.store.path(stone.file))
    body = path.read_bytes()
    try:
        path.write_bytes(body.replace(b"source-", b"source_"))
        with pytest.raises(DamageError, match="withdrawn/"):
            graph(corpus(str(withdrawn.folder / "few.toml")), withdrawn.raw, withdrawn.store)
    finally:
        path.write_bytes(body)


def test_objects_of_a_withdrawn_source_are_outlines_alone():
    label = {"scheme": "s", "label": "A", "original": "A", "state": "present", "tier": "rule", "catalog": "c", "row": 0,
             "confidence": None}  # fmt: skip
    outline = [1.0, 1.0, 2.0, 1.0, 2.0, 2.0]
    bare = {name: None for name in OBJECTS.schema.names}
    rows = [
        {**bare, "object_id": f"object-{k:016x}", "object_name": str(k), "dataset": "d",
         "source_id": f"source-{k:016x}", "sky_polygon_deg": outline, "labels": [label], "detector": "x",
         "origin_catalog": "c", "origin_row": k}
        for k in range(2)
    ]  # fmt: skip
    table = pa.Table.from_pylist(rows, OBJECTS.schema)
    door = SimpleNamespace(read_objects=lambda _raw, _mosaics: sieved(table, [], 2))
    gone = (Withdrawn("source-0000000000000000", "x"),)
    found = objects(pa.table({}), None, gone, dataset=door, raw=Path()).kept.to_pylist()
    assert [row["source_id"] for row in found] == [None, "source-0000000000000001"]
    assert [row["labels"][0]["state"] for row in found] == ["unknown", "present"]


def test_a_withdrawn_paper_is_refused(demo_build):
    wanted = corpus("qa_and_captions").captions
    there = find_papers(demo_build.out / "raw", wanted.papers, {})
    choice = PaperChoice.model_validate(wanted.papers.model_dump())
    gone = (Withdrawn("2401.00001", "its authors asked"),)
    found = papers(there.sources, there.metadata, choice, gone, raw=demo_build.out / "raw", stamps=there.stamps)
    assert "2401.00001" not in found.kept["paper_id"].to_pylist()
    refused = {(row["reason"], row["detail"]) for row in found.rejected.to_pylist()}
    assert ("withdrawn", "its authors asked") in refused
