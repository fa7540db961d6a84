"""What is made of a table is made once, and goes with it."""

import pyarrow as pa

from schemas.remembered import per_table


def test_each_table_is_asked_once_and_nothing_outlives_it():
    asked = []

    @per_table
    def total(table):
        asked.append(table.num_rows)
        return sum(table["n"].to_pylist())

    one, other = (pa.table({"n": [1, 2, k]}) for k in (3, 4))
    assert [total(one), total(other), total(one), total(other)] == [6, 7, 6, 7]
    assert len(asked) == 2
    for k in range(50):  # addresses are given out again: what stood there before must be forgotten
        del one
        one = pa.table({"n": [k]})
        assert total(one) == k
    assert len(asked) == 52
