"""What `plan` gives as reasons and cost, what `gc` takes away and what it never does; on stores written by hand."""

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path

import psutil
import pytest

from curation.corpus import Corpus, Graph
from curation.engine.marks import claim, own_mark
from curation.engine.record import made_manifest
from curation.engine.run import build
from curation.engine.steps import Input, Step
from curation.engine.store import Store
from curation.operation.history import Took, history, keep, took
from curation.operation.listening import listening
from curation.operation.metrics import metrics_text, write_metrics
from curation.operation.reasons import to_do
from curation.operation.state import state
from curation.operation.unreached import take_away, unreached
from schemas.errors import DamageError, RecipeError, StoreError
from schemas.rejection import REJECTED, Sieved
from schemas.tables import QUOTAS
from schemas.whole import write_manifest

OLD_S = 30 * 86_400.0
DAYS_7 = {"grace_s": 7 * 86_400.0, "n_handovers": None}


def rows() -> Sieved:
    return Sieved(QUOTAS.schema.empty_table(), REJECTED.empty_table(), 0)


def step(name: str, *inputs: Step, config: tuple = (), version: int = 1) -> Step:
    read = tuple(Input(one) for one in inputs)
    return Step(name, lambda *_: rows(), QUOTAS, config=config, inputs=read, version=version, counts="rows")


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path / "store"))


def put(store: Store, *steps: Step, old: bool = True) -> None:
    """Finished tables, without parts; a month old."""
    for one in steps:
        store.finish(made_manifest(one, {}))
        if old:
            age(store, one.address)


def age(store: Store, name: str) -> None:
    for file in [one for one in Path(store.path(name)).rglob("*") if one.is_file()]:
        os.utime(file, (time.time() - OLD_S,) * 2)


def handover(store: Store, name: str, *tables: Step, days: float = 30) -> str:
    folder = Path(store.path(name))
    folder.mkdir(parents=True)
    kinds = {one.name.split("/")[0]: [one.address] for one in tables}
    write_manifest(folder, {"address": name, "corpus": "mine", "tables": kinds})
    os.utime(folder / "_manifest.json", (time.time() - days * 86_400,) * 2)
    return name


def graph_of(*steps: Step) -> Graph:
    return Graph(Corpus(name="mine", title="mine", datasets=("none",)), beside=steps)


def found(store: Store, *graphs: Graph, **how) -> list[str]:
    return [one.address for one in unreached(graphs, store, Path(store.root), **{**DAYS_7, **how})]


# -- plan -----------------------------------------------------------------------------------------------------------


def test_reasons_name_the_input_the_door_and_the_place_in_the_recipe(store):
    files = [{"mosaic": "a.fits", "sha256": "1" * 64}, {"mosaic": "b.fits", "sha256": "2" * 64}]
    first = step("mosaics/x", config=(files,))
    before = step("cutouts/x", first, config=({"stretch": "asinh"},))
    put(store, first, before)
    told = to_do(step("mosaics/y"), store, history(store, "mine"))
    assert (told.why, told.task_s) == (("never made",), None)
    now = step("mosaics/x", config=([{**files[0], "sha256": "3" * 64}, files[1], {"mosaic": "c.fits"}],))
    why = to_do(now, store, history(store, "mine")).why
    assert [one.split(":")[0] for one in why] == ["config.0.a.fits.sha256", "config.0.c.fits"]
    why = to_do(step("cutouts/x", now, config=({"stretch": "log"},), version=2), store, history(store, "mine")).why
    assert why[0] == "input mosaics/x changed"
    assert set(why[1:]) == {"version: 1 -> 2", 'config.0.stretch: "asinh" -> "log"'}
    many = step("mosaics/x", config=([{"mosaic": f"{i}.fits"} for i in range(40)],))
    assert to_do(many, store, history(store, "mine")).why[-1] == "and 37 more"


def test_cost_is_what_the_newest_build_took_a_row_and_nothing_where_nobody_knows(store):
    first, spent = step("sources/x"), {}
    made = build([first], store, workers=0, on_made=lambda *table: spent.update([took(*table)]))
    assert made == 1 and spent["sources/x"].address == first.address and spent["sources/x"].task_s >= 0
    known = {"windows/x": Took(address="windows/x/0", n_in=100, task_s=50.0)}
    assert keep(store, "mine", {**spent, **known}, wall_s=2.0, handover="llava/mine/0") is None
    assert keep(store, "mine", {}, wall_s=0.1, handover="llava/mine/0") is None  # a build with nothing to make
    ledger = history(store, "mine")
    assert ledger.tables.keys() == {"sources/x", "windows/x"}  # what is known of tables stays
    assert ledger.last and (ledger.last.n_made, ledger.last.wall_s) == (0, 0.1)
    assert to_do(step("windows/x", first), store, ledger).task_s == 0.0  # a hundred rows then, none now
    assert to_do(step("windows/x", step("sources/z")), store, ledger).task_s == 50.0  # how many, nobody knows yet
    Path(store.path("builds/mine.json")).write_text('{"tables": 1}')
    assert history(store, "mine").last is None  # damaged: nothing is known, and nothing fails


def test_a_ledger_that_cannot_be_written_is_told_and_the_build_is_done(store, monkeypatch):
    def full(*_):
        raise StoreError("no space")

    monkeypatch.setattr(Store, "publish", full)
    assert keep(store, "mine", {}, wall_s=1.0, handover="") == "no space"


# -- metrics --------------------------------------------------------------------------------------------------------


def test_metrics_say_what_is_there_and_appear_whole_or_not_at_all(store, tmp_path):
    first, second = step("sources/x"), step("cutouts/x", step("sources/x"))
    put(store, first)
    now = state(graph_of(second), store, None)
    file = tmp_path / "mine.prom"
    write_metrics(now, file)
    said = file.read_text(encoding="utf-8")
    assert 'radio_corpus_tables{corpus="mine",state="done"} 1.0' in said
    assert 'radio_corpus_tables{corpus="mine",state="todo"} 1.0' in said
    assert 'radio_corpus_rows{corpus="mine",outcome="kept",table="sources/x"} 0.0' in said
    assert "damaged_files" not in said and "release" not in said  # nobody looked; there is none
    assert [one.name for one in tmp_path.iterdir() if one.suffix] == ["mine.prom"]
    for wrong, error in (("mine.txt", RecipeError), ("nowhere/mine.prom", StoreError)):
        with pytest.raises(error, match="--textfile"):
            write_metrics(now, tmp_path / wrong)


def test_metrics_by_http_are_the_same_text_taken_anew_and_only_for_this_machine(store, tmp_path):
    first = step("sources/x")
    with listening(lambda: metrics_text(state(graph_of(first), store, None)), 0) as server:
        assert _listens(server.server_port) == {"127.0.0.1"}
        before = _got(server.address)
        put(store, first)
        after = _got(server.address)
        for headers, path, status in (({"Host": "page.example:80"}, "/metrics", 403), ({}, "/", 404)):
            with pytest.raises(urllib.error.HTTPError, match=str(status)):
                _got(server.address.replace("/metrics", path), **headers)
        with pytest.raises(RecipeError, match=rf"--listen {server.server_port}: .*; 0 takes one that is free"):
            listening(bytes, server.server_port).__enter__()
    assert 'radio_corpus_tables{corpus="mine",state="done"} 0.0' in before
    assert 'radio_corpus_tables{corpus="mine",state="done"} 1.0' in after
    write_metrics(state(graph_of(first), store, None), tmp_path / "mine.prom")
    assert _but_when(after) == _but_when((tmp_path / "mine.prom").read_text(encoding="utf-8"))


def test_a_store_that_cannot_be_read_is_told_to_whoever_asks_for_metrics():
    def away() -> bytes:
        raise StoreError("the store is away")

    with listening(away, 0) as server, pytest.raises(urllib.error.HTTPError, match="503") as refused:
        _got(server.address)
    assert refused.value.read() == b"the store is away\n"


def _got(address: str, **headers: str) -> str:
    asked = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(asked, timeout=120) as answer:
        return answer.read().decode()


def _listens(port: int) -> set[str]:
    """On which addresses this process listens at a port."""
    found = psutil.Process().net_connections("tcp")
    return {one.laddr.ip for one in found if one.status == psutil.CONN_LISTEN and one.laddr.port == port}


def _but_when(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("radio_corpus_status_timestamp_seconds{")]


# -- gc -------------------------------------------------------------------------------------------------------------


def test_what_a_graph_a_tag_a_handover_or_a_table_of_elsewhere_is_made_of_stays(store):
    kept = step("sources/x"), step("sources/tagged"), step("sources/handed"), step("sources/scored")
    wanted, named = step("cutouts/x", kept[0]), step("cutouts/tagged", kept[1])
    handed, scored = step("samples/handed", kept[2]), step("scores/model", kept[3])
    lost = step("sources/lost"), step("sources/both")
    gone = step("cutouts/lost", lost[0]), step("cutouts/both", lost[1])
    put(store, *kept, wanted, named, handed, scored, *lost, *gone)
    store.tag("people", named.address)
    handover(store, "llava/mine/0123456789ab", handed)
    assert found(store, graph_of(wanted)) == [
        gone[0].address, lost[0].address, gone[1].address, lost[1].address
    ]  # fmt: skip
    assert found(store, graph_of(wanted, gone[0])) == [gone[1].address, lost[1].address]


def test_of_handovers_the_newest_and_the_tagged_stay_with_all_that_they_are_made_of(store):
    tables = [step("samples/x", config=(i,)) for i in range(4)]
    put(store, *tables)
    names = [handover(store, f"llava/mine/{i:012d}", one, days=40 - i) for i, one in enumerate(tables)]
    assert found(store, graph_of(tables[3])) == []
    store.tag("trained-on", names[0])
    page = Path(store.path("reports/mine/000000000001"))
    page.mkdir(parents=True)
    expected = {names[1], names[2], tables[1].address, tables[2].address}
    out = Path(store.root)
    gone = unreached([graph_of(tables[3])], store, out, grace_s=0, n_handovers=1)
    assert {one.address for one in gone} == expected
    assert set(take_away(gone, store, out, print)) == expected
    assert not page.exists()
    assert {one.address for one in tables if store.is_done(one.address)} == {tables[0].address, tables[3].address}
    assert sorted(one.name for one in (out / "llava/mine").iterdir()) == [names[0][-12:], names[3][-12:]]
    assert sorted(one.name for one in (out / "samples/x").iterdir()) == sorted(
        one.address[-12:] for one in (tables[0], tables[3])
    )  # no empty folder is left


def test_what_is_young_or_was_never_finished_is_told_by_its_age(store):
    young, old = step("sources/young"), step("sources/old")
    put(store, young, old, old=False)
    age(store, old.address)
    store.publish("cutouts/killed/0123456789ab/part-00000.parquet", b"half")
    assert found(store, graph_of(step("sources/none"))) == [old.address]
    age(store, "cutouts/killed/0123456789ab")
    (killed,) = [
        one for one in unreached([], store, Path(store.root), **DAYS_7) if one.address.startswith("cutouts")
    ]  # fmt: skip
    assert "never finished" in killed.line
    assert take_away([killed], store, Path(store.root), print) == [killed.address]
    assert not Path(store.path("cutouts/killed/0123456789ab")).exists()


def test_nothing_goes_while_somebody_builds_and_nothing_that_is_open(store, capsys):
    lost, read = step("sources/lost"), step("sources/read")
    put(store, lost, read)
    gone = unreached([], store, Path(store.root), **DAYS_7)
    assert claim(store, "windows/other/0123456789ab", own_mark()) is None
    with pytest.raises(StoreError, match="while tables are being made"):
        take_away(gone, store, Path(store.root), print)
    assert store.is_done(lost.address) and not store.exists(f"{lost.address}/_building.json")
    store.remove("windows/other/0123456789ab/_building.json")
    with Path(store.path(read.address, "_manifest.json")).open("rb"):
        assert take_away(gone, store, Path(store.root), print) == [lost.address]
    assert f"{read.address} is in use and stays" in capsys.readouterr().out
    assert store.is_done(read.address)


def test_where_nobody_knows_what_is_reached_nothing_is_listed(store):
    put(store, step("sources/lost"))
    store.tag("latest-other", "llava/other/0123456789ab")
    with pytest.raises(RecipeError, match="latest-other names llava/other/0123456789ab, which is not here"):
        found(store)
    Path(store.path("tags/latest-other.json")).write_bytes(json.dumps({"address": "x", "sha256": "0"}).encode())
    with pytest.raises(DamageError):
        found(store)
