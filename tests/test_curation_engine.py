"""The three laws, on steps small enough to see through."""

import json
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from curation.engine.marks import claim, process_started, told
from curation.engine.run import attempt, make_parts
from curation.engine.steps import Input, Step, in_order
from curation.engine.store import Store
from schemas.errors import RecipeError, StoreError, TableError
from schemas.fingerprint import canonical_json, fingerprint
from schemas.manifest import Manifest, Part
from schemas.rejection import Rejection, Sieved, sieved
from schemas.table import Column, Table

NUMBERS = Table("NUMBERS", "a number", ("n",), (Column("n", pa.int64(), "A number"),))


@dataclass(frozen=True)
class UpTo:
    """How many numbers."""

    n: int


def count(config: UpTo) -> Sieved:
    return sieved(NUMBERS.of({"n": k} for k in range(config.n)), [], config.n)


def odd(numbers: pa.Table, *, spy: list[int] | None = None) -> Sieved:
    values = numbers["n"].to_pylist()
    if spy is not None:
        spy.append(len(values))
    refused = [Rejection(str(n), "even", f"{n} is even", {"n": n}) for n in values if n % 2 == 0]
    return sieved(NUMBERS.of({"n": n} for n in values if n % 2), refused, len(values))


def counting(n: int = 10, *, rows_per_part: int | None = 4) -> Step:
    return Step("count", count, NUMBERS, config=(UpTo(n),), rows_per_part=rows_per_part)


def odd_step(numbers: Step, **spy) -> Step:
    return Step("odd", partial(odd, **spy), NUMBERS, inputs=(Input(numbers, by_part=True),))


def finish(step: Step, store: Store, records) -> None:
    parts = [Part(name=one.name, n_rows=one.n_kept, sha256=one.sha256) for one in records]
    refused = [
        Part(name=one.name, n_rows=one.n_rejected, sha256=one.rejected_sha256) for one in records if one.n_rejected
    ]
    n_in, n_kept, n_rejected = (sum(getattr(one, name) for one in records) for name in ("n_in", "n_kept", "n_rejected"))
    store.finish(
        Manifest(
            address=step.address, table=step.table.name, recipe={}, inputs=[], counts="rows", n_in=n_in, n_kept=n_kept,
            n_rejected=n_rejected, reasons={}, parts=parts, rejected=refused, versions={}, commit="", made_at="",
            made_by="",
        )
    )  # fmt: skip


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path / "store"))


def test_the_address_moves_with_the_recipe_and_with_nothing_else():
    step = counting()
    assert step.address == counting().address
    assert replace(step, make=odd).address == step.address  # code has no stable identity
    for other in (counting(11), counting(rows_per_part=5), replace(step, version=2), replace(step, name="other")):
        assert other.address != step.address
    assert odd_step(counting(11)).address != odd_step(counting(10)).address


def test_a_reworded_meaning_moves_no_address():
    reworded = replace(NUMBERS, columns=(replace(NUMBERS.columns[0], meaning="Said otherwise"),))
    assert replace(counting(), table=reworded).address == counting().address


def test_a_recipe_refuses_what_has_no_stable_form(tmp_path):
    with pytest.raises(TypeError, match="no stable form"):
        fingerprint({"where": tmp_path})
    with pytest.raises(TypeError, match="no stable form"):
        fingerprint({"names": {"a", "b"}})
    with pytest.raises(ValueError, match="[Nn]ot JSON compliant"):
        canonical_json(float("nan"))


def test_steps_come_after_what_they_read_and_only_once():
    first = counting()
    second, third = odd_step(first), odd_step(first)
    assert [step.name for step in in_order([second, third])] == ["count", "odd"]


def test_a_whole_step_is_sliced_into_parts_and_read_back_in_order(store):
    step = counting()
    finish(step, store, make_parts(step, 0, store))
    assert [part.n_rows for part in store.manifest(step.address).parts] == [4, 4, 2]
    assert store.read(step.address)["n"].to_pylist() == list(range(10))
    assert store.read_part(step.address, 1)["n"].to_pylist() == [4, 5, 6, 7]


def test_in_equals_kept_plus_rejected_with_a_reason_for_every_row(store):
    numbers, odds = counting(), odd_step(counting())
    finish(numbers, store, make_parts(numbers, 0, store))
    records = [make_parts(odds, k, store)[0] for k in range(3)]
    finish(odds, store, records)
    found = store.manifest(odds.address)
    assert (found.n_in, found.n_kept, found.n_rejected) == (10, 5, 5)
    refused = store.rejected(odds.address).to_pylist()
    assert [row["row_id"] for row in refused] == ["0", "2", "4", "6", "8"]
    assert {row["reason"] for row in refused} == {"even"}
    assert json.loads(refused[1]["row"]) == {"n": 2}


def test_a_step_that_loses_a_row_is_refused(store):
    def lossy(numbers: pa.Table) -> Sieved:
        return sieved(numbers.slice(1), [], numbers.num_rows - 1)

    with pytest.raises(TableError, match="came in"):
        sieved(NUMBERS.of([]), [], 1)
    numbers = counting()
    finish(numbers, store, make_parts(numbers, 0, store))
    losing = Step("losing", lossy, NUMBERS, inputs=(Input(numbers, by_part=True),))
    with pytest.raises(RecipeError, match="4 rows came in, it counted 3"):
        make_parts(losing, 0, store)
    assert attempt(losing, 0, store.where).error == "RecipeError"


def test_a_table_with_a_wrong_column_is_never_published(store):
    def wrong() -> Sieved:
        return sieved(pa.table({"n": pa.array([1.5])}), [], 1)

    step = Step("wrong", wrong, NUMBERS)
    outcome = attempt(step, 0, store.where)
    assert outcome.error == "TableError"
    assert "found double, expected int64" in outcome.message
    assert not store.exists(step.address)


def test_a_part_that_is_there_says_its_own_counts(store):
    numbers, odds = counting(), odd_step(counting())
    finish(numbers, store, make_parts(numbers, 0, store))
    made = make_parts(odds, 1, store)[0]
    assert store.part_record(odds.address, 1) == made
    assert store.part_record(odds.address, 0) is None


def test_equal_rows_give_equal_bytes(tmp_path):
    step, digests = counting(), set()
    for name in ("a", "b"):
        store = Store(str(tmp_path / name))
        digests.add(tuple(record.sha256 for record in make_parts(step, 0, store)))
    assert len(digests) == 1


def test_a_killed_write_leaves_nothing_under_the_final_name_and_is_swept_later(store, monkeypatch):
    step = counting()
    records = make_parts(step, 0, store)
    left = store.path(step.address, ".part-00009.parquet.killed")
    refused = store.path(step.address, "_rejected", ".part-00009.parquet.killed")
    Path(refused).parent.mkdir(exist_ok=True)
    for one in (left, refused):
        Path(one).write_bytes(b"half a part")
    finish(step, store, records)
    assert store.read(step.address).num_rows == 10
    assert not Path(left).exists() and not Path(refused).exists()


def test_a_disk_that_is_full_is_told_with_the_size_that_was_needed(store, monkeypatch, tmp_path):
    def full(path, body):
        path.write_bytes(body[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("curation.engine.store._write_through", full)
    with pytest.raises(StoreError, match="MB needed.*No space left"):
        store.publish("tags/x.json", b"{}")
    assert not store.exists("tags/x.json")
    assert not list((tmp_path / "store" / "tags").iterdir())


def test_a_second_builder_is_told_who_the_first_is_and_a_dead_one_holds_nothing(store):
    alive = {"id": "a", "pid": str(os.getpid()), "host": os.uname().nodename, "started": _started()}
    assert claim(store, "count/x", alive) is None
    assert told(claim(store, "count/x", {**alive, "id": "b"})).startswith(f"process {os.getpid()}")
    assert claim(store, "count/x", alive) is None  # one's own mark may be touched again
    store.remove("count/x/_building.json")
    assert claim(store, "count/x", {**alive, "pid": "999999999"}) is None
    assert claim(store, "count/x", {**alive, "id": "b"}) is None  # its builder is dead


def _started() -> str:
    return process_started(os.getpid())


def test_a_manifest_that_is_no_manifest_is_told_by_name(store):
    store.publish("count/x/_manifest.json", b"{}")
    with pytest.raises(StoreError, match="count/x/_manifest.json: not a manifest"):
        store.manifest("count/x")


def test_tags_point_where_a_person_put_them(store):
    store.tag("best", "count/x")
    store.tag("best", "count/y")
    assert store.tags() == {"best": "count/y"}


def test_the_store_works_on_an_object_store(object_store, tmp_path):
    store = Store(f"s3://corpus/store?{object_store}")
    numbers, odds = counting(), odd_step(counting())
    finish(numbers, store, make_parts(numbers, 0, store))
    finish(odds, store, [make_parts(odds, k, store)[0] for k in range(3)])
    assert store.read(odds.address)["n"].to_pylist() == [1, 3, 5, 7, 9]
    assert list(store.addresses("odd")) == [odds.address]
    local = Store(str(tmp_path / "local"))
    finish(numbers, local, make_parts(numbers, 0, local))
    assert store.manifest(numbers.address).content == local.manifest(numbers.address).content


def test_an_object_store_that_cannot_be_reached_may_pass_and_a_damaged_part_may_not(store, monkeypatch):
    numbers = counting()

    def away(self, *given):
        raise StoreError("cannot write s3: no answer") from OSError("AWS Error NETWORK_CONNECTION")

    monkeypatch.setattr(Store, "publish", away)
    assert attempt(numbers, 0, store.where).may_pass
    monkeypatch.setattr(Store, "publish", lambda *_: (_ for _ in ()).throw(StoreError("not a part of ours")))
    assert not attempt(numbers, 0, store.where).may_pass
