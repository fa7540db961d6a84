"""How often a build asks its store, which may be an object store far away; and what Ray says above it."""

import importlib.util
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pytest

from curation.engine import ray_words, run
from curation.engine.parts import part_name
from curation.engine.patience import Trouble
from curation.engine.run import _Progress, build
from curation.engine.steps import Input, Step
from curation.engine.store import Store
from schemas.rejection import REJECTED, Sieved, sieved
from schemas.table import Column, Table

NUMBERS = Table("NUMBERS", "a number", ("n",), (Column("n", pa.int64(), "A number"),))
N_PARTS = 60


def count(n: int) -> Sieved:
    return sieved(NUMBERS.of({"n": k} for k in range(n)), [], n)


def same(numbers: pa.Table) -> Sieved:
    return Sieved(numbers, REJECTED.empty_table(), numbers.num_rows)


def chain() -> list[Step]:
    steps = [Step("numbers", count, NUMBERS, config=(N_PARTS,), rows_per_part=1)]
    for k in range(3):
        steps.append(Step(f"same_{k}", same, NUMBERS, inputs=(Input(steps[-1], by_part=True),)))
    return steps


@pytest.fixture
def asked(monkeypatch) -> Counter[str]:
    """How often a store was asked what, by method."""
    counts = Counter[str]()
    for name in ("is_done", "part_record", "manifest", "listed"):
        ours = getattr(Store, name)

        def counted(*given, name=name, ours=ours):
            counts[name] += 1
            return ours(*given)

        monkeypatch.setattr(Store, name, counted)
    return counts


def test_the_store_is_asked_for_tables_when_one_is_finished_and_not_for_each_part(tmp_path, asked):
    steps = chain()
    assert build(steps, Store(str(tmp_path)), workers=0, say=print) == len(steps)
    assert asked["is_done"] < N_PARTS  # of 180 parts that ended
    assert asked["manifest"] < N_PARTS  # a process reads a manifest once, however many parts of its table it makes
    assert asked["part_record"] == 0  # nothing was there: one look into the folder tells


def test_parts_that_an_earlier_build_left_are_found_by_a_look_into_the_folder_and_kept(tmp_path, asked):
    store, steps = Store(str(tmp_path)), chain()
    build(steps[:1], store, workers=0, say=print)
    kept = {7, 30}
    for k in kept:
        store.publish_part(steps[1].address, k, same(store.read_part(steps[0].address, k)))
    build(steps[:2], store, workers=0, say=print)
    assert asked["part_record"] == len(kept)
    assert [part.name for part in store.manifest(steps[1].address).parts] == [part_name(k) for k in range(N_PARTS)]
    assert store.read(steps[1].address)["n"].to_pylist() == list(range(N_PARTS))


def test_an_object_store_is_asked_for_no_folders(monkeypatch):
    from benchmarks.scale_costs import KEYS, counted_objects

    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    with counted_objects() as (where, asked_of_s3):
        store = Store(where)
        store.publish("cutouts/x/1", b"1")
        asked_of_s3.clear()
        store.publish("cutouts/x/2", b"2")
        # Aside by parts (create, one part, complete), copied to its name, the one aside deleted, and Arrow's own mark.
        assert asked_of_s3 == {"POST": 2, "PUT": 3, "DELETE": 1}
        assert [one.base_name for one in store.listed("cutouts/x")] == ["1", "2"]


def test_a_part_that_rests_lets_others_pass_and_comes_when_it_has_rested():
    waiting = _Progress(chain()[1], 3, [0, 1, 2])
    waiting.trouble[0] = Trouble()
    waiting.trouble[0].again()
    now = waiting.trouble[0].not_before
    assert [waiting.next_part(now - 0.1) for _ in range(3)] == [1, 2, None]
    assert (waiting.next_part(now), waiting.waiting) == (0, [])


def test_steps_that_are_ready_share_the_tasks_that_may_be_out(tmp_path, monkeypatch):
    """A step that waits for a model keeps others from nothing, however many parts it has."""
    first = chain()[0]
    asking, drawing = (
        Step(name, same, NUMBERS, inputs=(Input(first, by_part=True),)) for name in ("asking", "drawing")
    )
    at_a_time: list[Counter[str]] = []

    @contextmanager
    def four_at_once(where: str, _: int | None) -> Iterator[run._Tasks]:
        def ended(handles: list, _: float | None):
            at_a_time.append(Counter(step.name for step, _ in handles))
            return handles[0], run.attempt(*handles[0], where)

        yield run._Tasks(lambda step, k: (step, k), ended, 4)

    monkeypatch.setattr(run, "_ray", four_at_once)
    store = Store(str(tmp_path))
    build([first], store, workers=0, say=print)
    build([asking, drawing], store, workers=1, say=print)
    shared = at_a_time[: 2 * N_PARTS - 4]
    assert all(counts == {"asking": 2, "drawing": 2} for counts in shared)


def test_what_ray_says_of_a_dead_node_is_a_line_and_another_ray_keeps_its_words(capsys):
    worker = SimpleNamespace(print_to_stdstream=print)
    ray_words.briefly(SimpleNamespace(_private=SimpleNamespace(worker=worker)))
    said = {"lines": ["A node died.\n[state-dump] much\n*** StackTrace"], "is_err": False}
    worker.print_to_stdstream(said, ignore_prefix=False)
    assert capsys.readouterr() == ("", "Ray: A node died.\n")
    ray_words.briefly(SimpleNamespace())
    ray_words.briefly(SimpleNamespace(_private=SimpleNamespace(worker=SimpleNamespace())))


def test_the_ray_that_is_installed_says_it_where_that_is_changed():
    spec = importlib.util.find_spec("ray")
    if spec is None:
        pytest.skip("Ray is not installed")
    text = (Path(spec.origin).parent / "_private/worker.py").read_text(encoding="utf-8")
    listening = text.partition("def listen_error_messages(")[2].partition("\ndef ")[0]
    assert f"def {ray_words.PRINTS}(data, ignore_prefix" in text and f"{ray_words.PRINTS}(" in listening
