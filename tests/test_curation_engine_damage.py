"""Damage: every flipped bit is noticed, a part that was left is verified, what depends on damage is made again."""

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation.engine.damage import damage_of, drop_damaged
from curation.engine.run import make_parts
from curation.engine.store import Store
from schemas.errors import DamageError, StoreError
from tests.bit_flips import flip_bit
from tests.test_curation_engine import counting, finish, odd_step


@pytest.fixture
def built(tmp_path):
    """A store with two tables, the second made of the first; with their steps in order."""
    store, numbers = Store(str(tmp_path / "store")), counting()
    odds = odd_step(numbers)
    finish(numbers, store, make_parts(numbers, 0, store))
    finish(odds, store, [make_parts(odds, k, store)[0] for k in range(3)])
    return store, [numbers, odds]


def files(store: Store) -> list[Path]:
    return sorted(path for path in Path(store.root).rglob("*") if path.is_file())


def addresses(steps) -> list[str]:
    return [step.address for step in steps]


def test_every_flipped_bit_of_every_file_is_noticed(built):
    store, steps = built
    dice = random.Random(12)
    assert damage_of(store, addresses(steps)) == []
    for path in files(store):
        whole = path.read_bytes()
        for _ in range(12):
            flip_bit(path, dice)
            (found,) = damage_of(store, addresses(steps))
            assert found.file == str(path.relative_to(store.root))
            path.write_bytes(whole)


def test_a_part_with_a_flipped_bit_is_not_taken_up(built):
    store, (_, odds) = built
    dice = random.Random(3)
    for name in ("part-00001.parquet", "_rejected/part-00001.parquet"):
        path = Path(store.root) / odds.address / name
        whole = path.read_bytes()
        for _ in range(40):
            flip_bit(path, dice)
            with pytest.raises(DamageError, match="damaged"):
                store.part_record(odds.address, 1)
            path.write_bytes(whole)
    assert store.part_record(odds.address, 1) is not None


@pytest.mark.parametrize("hurt", ["missing", "cut"])
def test_a_part_that_is_missing_or_cut_is_one_line_that_says_what_to_do(built, hurt):
    store, (numbers, _) = built
    path = Path(store.root) / numbers.address / "part-00001.parquet"
    if hurt == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-30])
    for read in (lambda: store.read(numbers.address), lambda: store.read_part(numbers.address, 1)):
        with pytest.raises(DamageError, match="--repair") as caught:
            read()
        assert "\n" not in str(caught.value)
    (found,) = damage_of(store, [numbers.address])
    assert "part-00001.parquet" in found.told
    (counted,) = damage_of(store, [numbers.address], quick=True)
    assert counted.file == found.file


def test_a_flipped_bit_of_the_pages_is_noticed_by_who_reads_them(built):
    store, (numbers, _) = built
    path = Path(store.root) / numbers.address / "part-00000.parquet"
    column = pq.read_metadata(path).row_group(0).column(0)
    start = min(filter(None, (column.dictionary_page_offset, column.data_page_offset)))
    body = bytearray(path.read_bytes())
    body[start + column.total_compressed_size - 1] ^= 1  # the last byte of its last page
    path.write_bytes(bytes(body))
    with pytest.raises(DamageError):
        store.read(numbers.address)


def test_what_depends_on_damage_is_made_again_and_what_is_whole_of_the_table_stays(built):
    store, steps = built
    numbers, odds = steps
    before = {step.address: store.manifest(step.address).content for step in steps}
    flip_bit(Path(store.root) / numbers.address / "part-00001.parquet", random.Random(1))
    again = drop_damaged(store, steps, damage_of(store, addresses(steps)))
    assert again == addresses(steps)
    assert not store.is_done(odds.address)
    assert [store.exists(f"{numbers.address}/part-0000{k}.parquet") for k in range(3)] == [True, False, True]
    assert not any(store.exists(f"{odds.address}/part-0000{k}.parquet") for k in range(3))
    finish(numbers, store, make_parts(numbers, 0, store))
    finish(odds, store, [make_parts(odds, k, store)[0] for k in range(3)])
    assert damage_of(store, addresses(steps)) == []
    assert {step.address: store.manifest(step.address).content for step in steps} == before


def test_damage_of_what_others_use_leaves_what_does_not_depend_on_it(built):
    store, steps = built
    flip_bit(Path(store.root) / steps[1].address / "_manifest.json", random.Random(2))
    assert drop_damaged(store, steps, damage_of(store, addresses(steps))) == [steps[1].address]
    assert store.is_done(steps[0].address)


def test_a_damaged_manifest_is_told_with_what_to_do(built):
    store, (numbers, _) = built
    flip_bit(Path(store.root) / numbers.address / "_manifest.json", random.Random(5))
    with pytest.raises(StoreError, match="--repair"):
        store.manifest(numbers.address)


@pytest.mark.parametrize(
    "changed", [lambda table: table.rename_columns(["m"]), lambda table: table.slice(1),
                lambda table: table.cast(pa.schema([pa.field("n", pa.int32(), nullable=False)]))],
)  # fmt: skip
def test_a_footer_that_says_something_else_is_damage_and_makes_no_table(built, changed):
    store, (numbers, odds) = built
    path = Path(store.root) / numbers.address / "part-00000.parquet"
    pq.write_table(changed(pq.read_table(path)), path)
    with pytest.raises(DamageError, match="its columns or rows are not those that were written"):
        make_parts(odds, 0, store)
