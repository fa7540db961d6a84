"""What killed builds leave is taken away by the next one; what a living builder holds or writes is not."""

import json
import os
import time
from pathlib import Path

import pytest

from curation.engine.leftovers import DEAD_S, sweep
from curation.engine.marks import claim, own_mark
from curation.engine.store import Store
from schemas.errors import StoreError

HEX = "0123456789abcdef" * 2


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path / "store"))


def mark(store: Store, name: str, **said: str) -> None:
    told = {**own_mark(), "beat": f"{time.time():.1f}", **said}
    store.publish(f"{name}/_building.json", json.dumps(told).encode())


def test_marks_of_dead_builders_on_finished_tables_go_and_those_of_living_ones_stay(store):
    mark(store, "count/dead", started="1")
    mark(store, "count/unfinished", started="1")
    mark(store, "count/elsewhere", host="elsewhere")
    mark(store, "count/elsewhere_dead", host="elsewhere", beat=f"{time.time() - 3600:.1f}")
    store.publish("count/no_mark/_building.json", b"\x00\xff{")
    assert claim(store, "count/living", own_mark()) is None
    sweep(store, [f"count/{one}" for one in ("dead", "elsewhere", "elsewhere_dead", "no_mark", "living", "none")])
    left = {one for one in ("dead", "unfinished", "elsewhere", "elsewhere_dead", "no_mark", "living")
            if store.exists(f"count/{one}/_building.json")}  # fmt: skip
    assert left == {"unfinished", "elsewhere", "living"}


def test_files_aside_go_an_hour_after_they_were_touched_and_nothing_else_does(store):
    old = ["tags/.latest.json.", "._digests.json.", "replies/m-1/fresh/.x.parquet.", "replies/m-1/ledger/.a.json."]
    kept = ["tags/latest.json", ".gitignore", "replies/m-1/x.parquet", f"count/x/.part-00000.parquet.{HEX}"]
    for name in [*(f"{one}{HEX}" for one in old), *kept]:
        store.publish(name, b"half")
        os.utime(Path(store.path(name)), (0, time.time() - DEAD_S - 60))
    store.publish(f"tags/.other.json.{HEX}", b"half")  # somebody writes it now
    sweep(store, [])
    found = {str(one.relative_to(store.root)) for one in Path(store.root).rglob("*") if one.is_file()}
    assert found == {*kept, f"tags/.other.json.{HEX}"}


def test_a_store_that_cannot_be_swept_is_left_as_it_is(store, monkeypatch):
    mark(store, "count/dead", started="1")

    def read_only(_self, name):
        raise StoreError(f"cannot remove {name}: Read-only file system")

    monkeypatch.setattr(Store, "remove", read_only)
    sweep(store, ["count/dead"])
    assert store.exists("count/dead/_building.json")
