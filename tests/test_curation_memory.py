"""What a part holds while it is made: bytes put aside once, and the same table as if they had been rows."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curation.engine.memory import keep_little
from curation.engine.parts import sealed_part
from curation.pictures.bulk import Bulk
from schemas.rejection import sieved
from schemas.table import Column, Table

SEEN = Table("SEEN", "a thing", ("name",), (Column("name", pa.int64(), "Which"), Column("seen", pa.binary(), "Bytes")))


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=30), st.randoms(use_true_random=False))
def test_bytes_put_aside_are_the_column_that_rows_would_be_in_any_order(values, random):
    rows = [{"name": k, "seen": value} for k, value in enumerate(values)]
    bulk = Bulk(("seen",))
    kept = [bulk.put(row) for row in rows]
    assert all("seen" not in row for row in kept)
    order = list(range(len(rows)))
    random.shuffle(order)
    some = order[: random.randint(0, len(order))] if random.random() < 0.5 else sorted(order)
    chosen = [kept[k] for k in some]
    made = SEEN.of(chosen, bulk.columns(chosen))
    plain = SEEN.of([rows[k] for k in some])
    assert made.equals(plain)
    both = [bytes(sealed_part("part", sieved(one, [], len(some)), "")[0]) for one in (made, plain)]
    assert both[0] == both[1]


def test_memory_from_the_library_changes_no_byte_of_a_part():
    table = SEEN.of([{"name": k, "seen": bytes([k % 256]) * 50_000} for k in range(300)])
    before = bytes(sealed_part("part", sieved(table, [], 300), "")[0])
    pool = pa.default_memory_pool()
    keep_little.cache_clear()
    try:
        keep_little()
        assert pa.default_memory_pool().backend_name == "system"
        assert bytes(sealed_part("part", sieved(table, [], 300), "")[0]) == before
    finally:
        pa.set_memory_pool(pool)


def test_a_column_of_another_length_is_refused():
    bulk = Bulk(("seen",))
    row = bulk.put({"name": 1, "seen": b"x"})
    columns = bulk.columns([row])
    with pytest.raises(pa.ArrowInvalid):
        SEEN.of([], columns)
