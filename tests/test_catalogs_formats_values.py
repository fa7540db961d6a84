"""Values of a column: what is a number, a truth or a text, and that no digit changes on the way."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogs.formats.values import typed, typed_lists

ID = 12345678901234567890
WHOLES = st.one_of(st.integers(-(2**70), 2**70), st.integers(2**53 - 3, 2**53 + 3), st.integers(2**63 - 2, 2**63 + 2))


@given(st.lists(WHOLES, min_size=1), st.sampled_from(["int", "real", "text"]))
def test_a_whole_number_of_a_text_file_is_kept_to_its_last_digit_or_refused(wholes, kind):
    try:
        made, bad = typed(pa.array([*map(str, wholes), "0"]), kind)
    except ValueError:
        raise AssertionError("0 is good") from None
    for index, (whole, one) in enumerate(zip([*wholes, 0], made.to_pylist(), strict=True)):
        assert (one is None) == (index in bad)
        assert one is None or int(one) == whole
        assert (index in bad) == (
            (kind == "int" and not -(2**63) <= whole < 2**63) or (kind == "real" and int(float(whole)) != whole)
        )


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1), st.sampled_from(["int", "real", "text"]))
def test_an_unsigned_whole_number_is_kept_to_its_last_digit_or_refused(wholes, kind):
    made, bad = typed(pa.array([*wholes, 0], pa.uint64()), kind)
    assert [one is None for one in made.to_pylist()] == [index in bad for index in range(len(wholes) + 1)]
    assert all(one is None or int(one) == whole for one, whole in zip(made.to_pylist(), [*wholes, 0], strict=True))
    assert kind != "text" or not bad


@pytest.mark.parametrize(
    ("values", "kind", "expected", "wrong"),
    [
        (pa.array([ID, 5, None], pa.uint64()), "int", [None, 5, None], {0: str(ID)}),
        (pa.array([ID, 5], pa.uint64()), "text", [str(ID), "5"], {}),
        (pa.array([2**53 + 1, 2**60, 1]), "real", [None, 2.0**60, 1.0], {0: "more digits than it holds"}),
        (pa.array([1.5, 7.0, None, 1e19]), "int", [None, 7, None, None], {0: "found 1.5", 3: "beyond 2"}),
        (pa.array([3.0, None, -4.0]), "text", ["3", None, "-4"], {}),
        (pa.array([1, 0, None, 2]), "bool", [True, False, None, None], {3: "found 2, expected bool"}),
        (pa.array([1.0, 0.0, None]), "bool", [True, False, None], {}),
        (pa.array([True, None]), "int", [1, None], {}),
        (pa.array([Decimal("1.10"), None]), "real", [1.1, None], {}),
        (pa.array([Decimal(ID), Decimal(5)]), "int", [None, 5], {0: "more digits"}),
        (pa.array([Decimal(ID), None]), "text", [str(ID), None], {}),
        (pa.array([b"ab", b"\xff", None]), "text", ["ab", None, None], {1: "expected UTF-8"}),
        (pa.array([b"1", b"x"]), "real", [1.0, None], {1: "found 'x', expected real"}),
        (pa.nulls(2), "bool", [None, None], {}),
        (pa.array(["1_000", "1", "0x10"]), "int", [None, 1, None], {0: "1_000", 2: "0x10"}),
        (pa.array(["1_000", "1"]), "real", [None, 1.0], {0: "1_000"}),
        (pa.array(["1e400", "inf", "NaN", "1"]), "real", [None, None, None, 1.0], {0: "1e400"}),
        (pa.array(["7.0", "7.5", "+3", "-0"]), "int", [7, None, 3, 0], {1: "7.5"}),
        (pa.array([np.float16(1.5), None], pa.float16()), "real", [1.5, None], {}),
    ],
)
def test_values_become_what_is_asked_or_say_why_not(values, kind, expected, wrong):
    made, bad = typed(values, kind)
    assert made.to_pylist() == expected
    assert bad.keys() == wrong.keys()
    assert all(wrong[index] in bad[index] for index in wrong)


@pytest.mark.parametrize(
    ("values", "kind", "said"),
    [
        (pa.array([1.5]), "text", 'found double, expected text; set type = "real"'),
        (pa.array([True]), "text", 'found bool, expected text; set type = "bool"'),
        (pa.array([ID], pa.uint64()), "int", f"found {ID}, expected int: more digits than it holds"),
        (pa.array(["x", "y"]), "int", "found 'x', expected int, in every row"),
        (pa.array([[1]]), "real", "found list<.*, expected real"),
        (pa.array([{"a": 1}]), "text", "found struct"),
        (pa.array([1]), "sexagesimal", "found int64, expected sexagesimal"),
    ],
)
def test_a_column_of_another_kind_is_refused_with_what_would_help(values, kind, said):
    with pytest.raises(ValueError, match=said):
        typed(values, kind)


def test_lists_are_held_to_the_same_rules():
    made, bad = typed_lists(pa.array([[ID, 1], [2], None, []], pa.list_(pa.uint64())), "int", ";")
    assert (made.to_pylist()[1:], list(bad)) == ([[2], None, []], [0])
    made, bad = typed_lists(pa.array([f"{ID};1", "2;3", None, "x;1"]), "int", ";")
    assert (made.to_pylist()[1:3], list(bad)) == ([[2, 3], None], [0, 3])
    made, bad = typed_lists(pa.array([[1.5, None, float("nan")], None]), "real", ";")
    assert (made.to_pylist(), bad) == ([[1.5, None, None], None], {})
    assert typed_lists(pa.nulls(1), "text", ";")[0].to_pylist() == [None]
    with pytest.raises(ValueError, match="found list"):
        typed_lists(pa.array([[[1]]]), "int", ";")
