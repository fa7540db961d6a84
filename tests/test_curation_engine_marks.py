"""One builder at a time: heartbeats outlive errors, a living process keeps its claim, a lost one is noticed."""

import json
import multiprocessing
import os
import time

import pytest

from curation.engine import marks
from curation.engine.marks import Builder, claim, holder, own_mark
from curation.engine.store import Store
from schemas.errors import StoreError


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(str(tmp_path / "store"))


def waited_for(what) -> bool:
    """Whether something becomes true within ten minutes."""
    end = time.monotonic() + 600
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.01)
    return False


def test_a_heartbeat_outlives_errors_of_the_store(store, monkeypatch):
    real, failed = store.publish, []

    def publish(name, body):
        if len(failed) < 3:
            failed.append(name)
            raise StoreError("the network disk is away")
        return real(name, body)

    with Builder(store, beat_s=0.01) as builder:
        builder.take("count/x")
        before = holder(store, "count/x")
        monkeypatch.setattr(store, "publish", publish)
        assert waited_for(lambda: len(failed) == 3 and holder(store, "count/x") != before)
        assert builder.lost("count/x") is None


def test_a_builder_of_this_host_keeps_its_claim_however_long_it_was_paused(store):
    old = {**own_mark(), "beat": f"{time.time() - 3600:.1f}"}
    store.publish("count/x/_building.json", json.dumps(old).encode())
    assert claim(store, "count/x", own_mark()) == old


def test_a_builder_of_another_host_loses_its_claim_after_a_minute_without_a_beat(store):
    far = {**own_mark(), "host": "elsewhere", "beat": f"{time.time() - 30:.1f}"}
    store.publish("count/x/_building.json", json.dumps(far).encode())
    assert claim(store, "count/x", own_mark()) == far
    store.publish("count/x/_building.json", json.dumps({**far, "beat": f"{time.time() - 61:.1f}"}).encode())
    assert claim(store, "count/x", own_mark()) is None


def test_a_builder_that_lost_its_claim_is_told_and_does_not_take_the_others_away(store):
    with Builder(store, beat_s=0.01) as builder:
        builder.take("count/x")
        other = own_mark()
        for _ in range(3):  # a beat that had read the mark before may be writing: once, not again
            store.publish("count/x/_building.json", json.dumps({**other, "beat": f"{time.time():.1f}"}).encode())
            assert waited_for(lambda: builder.lost("count/x") is not None)
            now = holder(store, "count/x")
            assert now is not None
            if now["id"] == other["id"]:
                break
        time.sleep(0.05)
        assert holder(store, "count/x")["id"] == other["id"]  # no beat of ours has written over it
    assert holder(store, "count/x") is not None


def test_marks_are_gone_when_the_builder_is(store):
    with Builder(store) as builder:
        builder.take("count/x")
        builder.take("count/y")
        builder.give_back("count/y")
        assert not store.exists("count/y/_building.json")
        assert store.exists("count/x/_building.json")
    assert not store.exists("count/x/_building.json")


def test_a_mark_that_is_no_mark_holds_nothing(store):
    for body in (b"", b"{}", b"[]", b"\xff", b'{"host": 1, "pid": "x"}'):
        store.publish("count/x/_building.json", body)
        assert holder(store, "count/x") is None


def claimed_by_one_of_many(where: str, gate, won) -> None:
    gate.wait(60)
    won.put(claim(Store(where), "count/x", own_mark()) is None)
    gate.wait(60)  # a claim ends with its process


@pytest.mark.parametrize("n_round", range(5))
def test_of_many_processes_that_claim_at_once_one_wins(store, n_round):
    context = multiprocessing.get_context("fork")
    gate, won = context.Barrier(4), context.Queue()
    racers = [context.Process(target=claimed_by_one_of_many, args=(store.where, gate, won)) for _ in range(4)]
    for one in racers:
        one.start()
    outcomes = [won.get(timeout=600) for _ in racers]
    for one in racers:
        one.join()
    assert sorted(outcomes) == [False, False, False, True]


def test_the_process_that_tests_is_alive():
    assert marks.process_started(os.getpid())
    assert not marks.process_started(2**22 + 1)


def test_a_store_that_is_away_says_nothing_of_who_builds(store, monkeypatch):
    assert claim(store, "count/x", own_mark()) is None

    def away(name):
        raise StoreError(f"cannot read {name}: no answer")

    monkeypatch.setattr(store, "read_bytes", away)
    with pytest.raises(StoreError, match="no answer"):
        claim(store, "count/x", own_mark())


def test_a_builder_whose_store_is_away_asks_it_once_and_ends(store, monkeypatch):
    asked = []

    def away(name):
        asked.append(name)
        raise StoreError(f"cannot read {name}: no answer")

    with Builder(store) as builder:
        assert [builder.take(f"count/{k}") for k in range(3)] == [None, None, None]
        monkeypatch.setattr(store, "read_bytes", away)
    assert len(asked) == 1
