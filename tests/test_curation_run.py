"""The runner under faults: workers that die, disks that fail once, mistakes that are not tried again."""

import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest
import ray
from ray import cloudpickle

from curation.engine.marks import holder
from curation.engine.patience import patience
from curation.engine.run import build
from curation.engine.steps import Input, Step
from curation.engine.store import Store
from schemas.errors import CatalogError, RecipeError, StepError
from schemas.rejection import Sieved, sieved
from schemas.table import Column, Table

NUMBERS = Table("NUMBERS", "a number", ("n",), (Column("n", pa.int64(), "A number"),))
N, PER_PART, N_AWAY = 40, 10, 3

pytestmark = pytest.mark.ray
cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import a test by its name


def counted() -> Sieved:
    return sieved(NUMBERS.of({"n": k} for k in range(N)), [], N)


def doubled(numbers: pa.Table, *, fault) -> Sieved:
    values = numbers["n"].to_pylist()
    fault(values[0])
    return sieved(NUMBERS.of({"n": 2 * n} for n in values), [], len(values))


def once(flag: Path, first: int) -> bool:
    """True the first time that the part beginning with `first` comes by."""
    mark = flag.with_name(f"{flag.name}-{first}")
    if mark.exists():
        return False
    mark.write_text("")
    return True


def dies(first: int, *, flag: Path) -> None:
    if once(flag, first):
        os.kill(os.getpid(), signal.SIGKILL)


def disk_fails(first: int, *, flag: Path) -> None:
    if once(flag, first):
        raise OSError(5, "Input/output error")


def disk_never_works(first: int) -> None:
    raise OSError(28, "No space left on device")


def disk_is_away_for_a_moment(first: int, *, flag: Path) -> None:
    mark = flag.with_name(f"{flag.name}-{first}")
    mark.write_text((mark.read_text() if mark.exists() else "") + "x")
    if len(mark.read_text()) <= N_AWAY:
        (flag.parent / "away" / "a.fits").read_bytes()


def file_of_a_disk_that_is_away(first: int, *, flag: Path) -> None:
    try:
        disk_is_away_for_a_moment(first, flag=flag)
    except FileNotFoundError:
        raise CatalogError("a.csv: no such file") from None


def bad_file(first: int, *, flag: Path) -> None:
    once(flag, first)
    raise CatalogError("map.fits: empty; fetch it again")


def two_steps(fault) -> Step:
    numbers = Step("count", counted, NUMBERS, rows_per_part=PER_PART)
    return Step("doubled", partial(doubled, fault=fault), NUMBERS, inputs=(Input(numbers, by_part=True),))


@pytest.fixture(scope="module", autouse=True)
def cluster():
    ray.init(address="local", num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=10**8)
    yield
    ray.shutdown()


def quiet(_: str) -> None:
    pass


@pytest.mark.parametrize("fault", [dies, disk_fails, disk_is_away_for_a_moment, file_of_a_disk_that_is_away])
def test_a_part_whose_worker_dies_or_whose_disk_fails_is_made_again_with_the_same_bytes(tmp_path, fault):
    calm, hurt = Store(str(tmp_path / "calm")), Store(str(tmp_path / "hurt"))
    step = two_steps(partial(fault, flag=tmp_path / "flag"))
    assert build([two_steps(no_fault)], calm, say=quiet) == 2
    assert build([step], hurt, say=quiet) == 2
    assert len(list(tmp_path.glob("flag-*"))) == N // PER_PART  # every part met the fault once
    assert hurt.manifest(step.address).content == calm.manifest(step.address).content
    assert hurt.read(step.address)["n"].to_pylist() == [2 * k for k in range(N)]


def no_fault(first: int) -> None:
    pass


def test_a_fault_that_does_not_pass_ends_the_build_and_keeps_what_was_made(tmp_path):
    store = Store(str(tmp_path / "store"))
    step = two_steps(disk_never_works)
    with pytest.raises(StepError, match=r"doubled, part \d: No space left on device \(tried 2 times") as told:
        build([step], store, say=quiet, patience_s=1.0)
    assert len(str(told.value).splitlines()) == 1
    assert store.is_done(step.inputs[0].step.address)
    assert not store.is_done(step.address)
    assert holder(store, step.address) is None  # its mark is gone, so that the next build can go on


def test_a_mistake_in_a_file_is_told_at_once_and_not_tried_again(tmp_path):
    store = Store(str(tmp_path / "store"))
    step = two_steps(partial(bad_file, flag=tmp_path / "flag"))
    with pytest.raises(CatalogError, match=r"doubled, part \d: map.fits: empty; fetch it again"):
        build([step], store, say=quiet)


def test_only_missing_parts_are_made_again(tmp_path):
    store = Store(str(tmp_path / "store"))
    step = two_steps(no_fault)
    build([step], store, say=quiet)
    before = {k: store.part_record(step.address, k) for k in range(4)}
    store.files.delete_file(store.path(step.address, "_manifest.json"))
    store.files.delete_file(store.path(step.address, "part-00002.parquet"))
    seen = two_steps(partial(mark, flag=tmp_path / "seen"))
    assert build([seen], store, say=quiet) == 1
    assert [path.name for path in tmp_path.glob("seen-*")] == ["seen-20"]
    assert {k: store.part_record(step.address, k) for k in range(4)} == before


def mark(first: int, *, flag: Path) -> None:
    once(flag, first)


def test_patience_is_a_number_of_seconds(monkeypatch):
    monkeypatch.setenv("RADIO_PATIENCE_S", "2.5")
    assert patience() == 2.5
    for wrong in ("soon", "-1", "inf", "nan"):
        monkeypatch.setenv("RADIO_PATIENCE_S", wrong)
        with pytest.raises(RecipeError, match="RADIO_PATIENCE_S: found"):
            patience()


def slow(first: int) -> None:
    time.sleep(0.3)


def test_two_builds_that_share_tables_wait_for_each_other_and_make_each_table_once(tmp_path):
    place, said, made = str(tmp_path / "store"), list[str](), list[int]()
    step = two_steps(slow)

    def one() -> None:
        made.append(build([step], Store(place), say=said.append))

    both = [threading.Thread(target=one) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sum(made) == 2
    assert any("waiting for it" in line for line in said)
    store = Store(place)
    assert store.read(step.address).num_rows == N
    assert not list(tmp_path.rglob("_building.json"))


def test_a_damaged_part_that_a_killed_build_left_is_made_again_and_told(tmp_path):
    store, said = Store(str(tmp_path / "store")), list[str]()
    step = two_steps(no_fault)
    build([step], store, say=quiet)
    content = store.manifest(step.address).content
    store.remove(f"{step.address}/_manifest.json")
    path = Path(store.root) / step.address / "part-00002.parquet"
    body = bytearray(path.read_bytes())
    body[len(body) // 2] ^= 1
    path.write_bytes(bytes(body))
    assert build([step], store, say=said.append) == 1
    assert any("part-00002.parquet: damaged" in line and "made again" in line for line in said)
    assert store.manifest(step.address).content == content
