"""Folders that are whole or absent: many builders at once, killed ones, flipped bits, files that say their digest."""

import hashlib
import json
import multiprocessing
import os
import random
import signal
from pathlib import Path

import pytest

from schemas.errors import DamageError, StoreError
from schemas.whole import (
    folder_problems,
    is_sealed,
    is_whole,
    left_beside,
    only_one,
    published,
    sealed,
    sweep,
    unsealed,
)
from tests.bit_flips import flip_bit


def write(out: Path, text: str = "words") -> None:
    with published(out, {"of": "a test"}) as aside:
        (aside / "sub").mkdir()
        (aside / "a.txt").write_text(text)
        (aside / "sub" / "b.txt").write_text(2 * text)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_every_flipped_bit_of_a_folder_is_noticed(tmp_path):
    write(tmp_path / "out")
    assert folder_problems(tmp_path / "out") == []
    dice = random.Random(7)
    for path in [path for path in (tmp_path / "out").rglob("*") if path.is_file()]:
        whole = path.read_bytes()
        for _ in range(20):
            flip_bit(path, dice)
            (line,) = folder_problems(tmp_path / "out")
            assert str(path) in line
            path.write_bytes(whole)


@pytest.mark.parametrize("name", ["a.txt", "sub/b.txt", "_manifest.json"])
def test_a_folder_that_lost_a_file_or_a_byte_is_not_whole(tmp_path, name):
    write(tmp_path / "out")
    path = tmp_path / "out" / name
    body = path.read_bytes()
    path.write_bytes(body[:-1])
    assert not is_whole(tmp_path / "out")
    path.unlink()
    assert not is_whole(tmp_path / "out")
    path.write_bytes(body)
    assert is_whole(tmp_path / "out")
    (tmp_path / "out" / "more.txt").write_text("of somebody else")
    assert not is_whole(tmp_path / "out")


def test_a_folder_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    write(tmp_path / "out", "first")
    write(tmp_path / "out", "second")
    assert (tmp_path / "out" / "a.txt").read_text() == "second"
    assert names(tmp_path) == ["out"]


def test_when_the_writing_fails_what_stood_there_stays(tmp_path):
    write(tmp_path / "out", "first")
    with pytest.raises(StoreError, match="cannot write .*No space"), published(tmp_path / "out", {}):
        raise OSError(28, "No space left on device")
    assert (tmp_path / "out" / "a.txt").read_text() == "first"
    assert names(tmp_path) == ["out"]


def race(out: Path, gate, k: int) -> None:
    gate.wait(60)
    for _ in range(5):
        write(out, f"{k}" * 100)


def test_many_that_publish_at_once_without_a_hold_leave_one_whole_folder(tmp_path):
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(3)
    racers = [context.Process(target=race, args=(tmp_path / "out", gate, k)) for k in range(3)]
    for one in racers:
        one.start()
    for one in racers:
        one.join()
    assert [one.exitcode for one in racers] == [0, 0, 0]
    assert folder_problems(tmp_path / "out") == []
    assert names(tmp_path) == ["out"]


def holds(out: Path, held) -> None:
    with only_one(out, print), published(out, {}) as aside:
        (aside / "half").write_text("half")
        held.set()
        signal.pause()


def holder_of(out: Path) -> multiprocessing.process.BaseProcess:
    """Another process, which holds `out` and has written half of it."""
    context = multiprocessing.get_context("fork")
    held = context.Event()
    builder = context.Process(target=holds, args=(out, held))
    builder.start()
    assert held.wait(60)
    return builder


def test_a_killed_builder_holds_nothing_and_what_it_left_is_swept(tmp_path):
    builder = holder_of(tmp_path / "out")
    os.kill(builder.pid or 0, signal.SIGKILL)
    builder.join()
    assert any(name.endswith(".aside") for name in names(tmp_path))
    with only_one(tmp_path / "out", print):
        write(tmp_path / "out")
    assert names(tmp_path) == ["out"]


def test_what_is_left_beside_a_name_and_its_companion_is_seen_and_swept_by_who_holds_it(tmp_path):
    out, page = tmp_path / "a/out", tmp_path / "b/page"
    write(out)
    page.mkdir(parents=True)
    assert left_beside(out) == left_beside(page) == []
    for left in (tmp_path / "a/.out.1.old", tmp_path / "b/.page.1.aside"):
        left.mkdir()
    (tmp_path / "a/.out.lock").write_text("process 1 on a machine that is off")
    assert len(left_beside(out)) == 2 and len(left_beside(page)) == 1
    with only_one(out, print, beside=page):
        assert [path.name for path in left_beside(out)] == [".out.lock"]
    assert names(tmp_path / "a") == ["out"] and names(tmp_path / "b") == ["page"]


def test_who_waits_is_told_for_whom(tmp_path):
    builder = holder_of(tmp_path / "out")
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        os.kill(builder.pid or 0, signal.SIGKILL)

    with only_one(tmp_path / "out", say):
        assert said[0].startswith(f"waiting: process {builder.pid} on ")
    builder.join()


def test_sweeping_leaves_other_names_alone(tmp_path):
    (tmp_path / ".outer.123.aside").mkdir()
    (tmp_path / ".out.123.aside").mkdir()
    sweep(tmp_path / "out")
    assert names(tmp_path) == [".outer.123.aside"]


@pytest.mark.parametrize("body", [b"", b"[]", b"NaN", b"{", b"\xff", b'{"a": 1, "sha256": "00"}', b'{"a":  1}'])
def test_what_is_not_as_it_was_sealed_is_one_line(body):
    with pytest.raises(DamageError, match="x.json: damaged") as caught:
        unsealed(body, "x.json")
    assert "\n" not in str(caught.value)


def test_what_was_sealed_is_read_and_what_was_written_before_there_were_seals_too():
    said = {"a": [1, 2.5, None, "ü\u2028"]}
    assert unsealed(sealed(said), "x")["a"] == said["a"]
    assert unsealed(json.dumps({"a": 1}).encode(), "x") == {"a": 1}


@pytest.mark.parametrize(
    "said", [{}, {"a": 1}, {"z": [{"sha256": "0" * 64}]}, {"a": {}, "z\n": 1}, {"sha256": 2, "ü": 1}, {"s": "\n}\n"}]
)
def test_the_digest_stands_among_the_keys_and_no_bit_of_a_seal_changes_unnoticed(said):
    body = sealed(said)
    bare = {key: value for key, value in said.items() if key != "sha256"}
    digest = hashlib.sha256(as_people_read(bare)).hexdigest()
    assert body == as_people_read({**bare, "sha256": digest}) and is_sealed(body)
    for at in range(8 * len(body)):
        spoilt = bytearray(body)
        spoilt[at // 8] ^= 1 << at % 8
        assert not is_sealed(bytes(spoilt))


def as_people_read(said):
    """The form of a sealed file, by the plain way."""
    return (json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
