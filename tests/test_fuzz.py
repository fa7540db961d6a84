"""The harness that spoils input: it sees what it must, and makes an input again by its name."""

from pathlib import Path
from random import Random

import pytest

from schemas.errors import CatalogError, RecipeError
from tests.fuzz import __main__ as fuzz
from tests.fuzz.readers import READERS
from tests.fuzz.spoiling import CHANGES, LONGEST, spoilt


def refuses(body: bytes) -> None:
    raise CatalogError("a.csv: line 1: found nothing, expected a number; write one")


def tells_much(body: bytes) -> None:
    raise RecipeError("two\nlines")


def breaks(body: bytes) -> None:
    raise UnicodeDecodeError("utf-8", body, 0, 1, "invalid")


def has_no_end(body: bytes) -> None:
    while True:
        pass


@pytest.mark.parametrize(
    ("read", "fault"),
    [
        (bytes.upper, None),
        (refuses, None),
        (tells_much, "refused in 2 lines of 9 characters, expected a short one"),
        (breaks, "UnicodeDecodeError: "),
        (has_no_end, "no end within 0.1 s of CPU"),
    ],
)
def test_a_reader_may_read_or_refuse_in_a_line_and_soon(read, fault, monkeypatch):
    monkeypatch.setattr(fuzz, "NO_END_S", 0.1)
    found = fuzz.fault_of(read, b"x")
    assert found is None if fault is None else found.startswith(fault)


@pytest.mark.parametrize("name", READERS)
def test_an_input_is_made_again_by_its_name_and_its_reader_takes_what_is_valid(name, tmp_path):
    one, other = (fuzz.Case(3, name, number) for number in (1, 2))
    assert one.body == fuzz.Case(3, name, 1).body and len(one.body) <= LONGEST
    assert one.body != other.body
    reader = READERS[name]
    read = reader.opened(tmp_path)
    for seed in reader.seeds[:3]:
        assert fuzz.fault_of(read, seed) is None


def test_every_change_is_a_change_and_bounded():
    reader, random = READERS["table"], Random(1)
    for change in CHANGES:
        made = {change(random, reader.seeds[0], reader) for _ in range(20)}
        assert len(made) > 1
    assert all(len(spoilt(random, reader)) <= LONGEST for _ in range(50))


def test_what_failed_is_kept_and_named(tmp_path, capsys):
    case = fuzz.Case(3, "box", 5)
    assert fuzz._told(case, "broke", Path(tmp_path / "kept")) == 1
    assert (tmp_path / "kept" / "3.box.5").read_bytes() == case.body
    assert 'FAILED 3.box.5: "broke"' in capsys.readouterr().out
