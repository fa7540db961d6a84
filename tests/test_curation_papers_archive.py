"""Hostile archives and folders: each bad member is refused with its reason, and what is good is still found."""

import gzip
import io
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from curation.papers.archive import contents_of, inside_name
from curation.papers.figures import DEFAULT_LIMITS, figures_of
from tests.making_papers import RADIO, figure, picture, plain

DOCUMENT = f"\\documentclass{{article}}\\begin{{document}}{plain(RADIO)}\\end{{document}}".encode()
GOOD = {"main.tex": DOCUMENT, "a.png": picture("a.png")}


def member(name: str, content: bytes = b"", **facts: object) -> tuple[tarfile.TarInfo, bytes]:
    one = tarfile.TarInfo(name)
    one.size = len(content)
    for key, value in facts.items():
        setattr(one, key, value)
    return one, content


def tar_of(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    """A tar of the members, then of the good paper."""
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for one, content in (*members, *(member(name, content) for name, content in GOOD.items())):
            archive.addfile(one, io.BytesIO(content))
    return path


BAD = {
    "absolute": (member("/etc/cron.d/x", b"x"), "path-outside"),
    "up and out": (member("figs/../../x.png", b"x"), "path-outside"),
    "backslashes": (member("..\\..\\x.png", b"x"), "path-outside"),
    "drive": (member("C:/x.png", b"x"), "path-outside"),
    "symbolic link": (member("b.png", type=tarfile.SYMTYPE, linkname="/etc/passwd"), "link-in-archive"),
    "hard link": (member("b.png", type=tarfile.LNKTYPE, linkname="../../etc/passwd"), "link-in-archive"),
    "device": (member("b.png", type=tarfile.CHRTYPE, devmajor=1, devminor=5), "device-in-archive"),
    "block device": (member("b.png", type=tarfile.BLKTYPE, devmajor=8), "device-in-archive"),
    "pipe": (member("b.png", type=tarfile.FIFOTYPE), "device-in-archive"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_member_is_refused_and_the_rest_is_found(tmp_path, name):
    bad, reason = BAD[name]
    paper = figures_of(tar_of(tmp_path / "paper.tar.gz", bad))
    assert [(one.number, one.reason) for one in paper.refused] == [(0, reason)]
    assert [one.caption for one in paper.figures] == [RADIO]


def test_nothing_is_written_beside_the_archive(tmp_path):
    path = tar_of(tmp_path / "paper.tar.gz", *(bad for bad, _ in BAD.values()))
    figures_of(path)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("mode", "name"), [("w", "p.tar"), ("w:gz", "p.tar.gz"), ("w:gz", "2001.00001")])
def test_every_kind_of_archive_gives_the_same(tmp_path, mode, name):
    paper = figures_of(tar_of(tmp_path / name, mode=mode))
    assert [one.files for one in paper.figures] == [("a.png",)]
    assert not paper.refused


def test_one_file_of_latex_in_a_gz_has_figures_without_pictures(tmp_path):
    path = tmp_path / "astro-ph0001001.gz"
    path.write_bytes(gzip.compress(DOCUMENT))
    assert [one.reason for one in figures_of(path).refused] == ["picture-missing"]


def test_a_bomb_ends_at_the_limit_and_what_came_before_it_is_kept(tmp_path):
    limits = replace(DEFAULT_LIMITS, unpacked_bytes=2_000_000, member_bytes=50_000_000)
    path = tmp_path / "bomb.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for one, content in (*(member(*pair) for pair in GOOD.items()), member("zeros.png", bytes(20_000_000))):
            archive.addfile(one, io.BytesIO(content))
    assert path.stat().st_size < 100_000
    paper = figures_of(path, limits)
    assert [one.reason for one in paper.refused] == ["too-large"]
    assert [one.caption for one in paper.figures] == [RADIO]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"members": 3}, "too-many-members"),
        ({"member_bytes": 2_000}, "too-large"),
        ({"archive_bytes": 100}, "too-large"),
    ],
)
def test_counts_and_sizes_are_bounded(tmp_path, change, reason):
    many = [member(f"{index}.dat", bytes(10_000 * (index == 0))) for index in range(5)]
    paper = figures_of(tar_of(tmp_path / "many.tar", *many, mode="w"), replace(DEFAULT_LIMITS, **change))
    assert reason in [one.reason for one in paper.refused]


def test_a_member_that_claims_more_than_the_archive_has_is_broken(tmp_path):
    path = tar_of(tmp_path / "cut.tar", member("big.png", bytes(60_000)), mode="w")
    path.write_bytes(path.read_bytes()[:20_000])
    assert [one.reason for one in figures_of(path).refused][0] == "broken-archive"


def test_a_gz_that_is_cut_or_damaged_is_refused_in_one_line(tmp_path):
    whole = tar_of(tmp_path / "whole.tar.gz").read_bytes()
    for name, content in {"cut": whole[: len(whole) // 2], "flipped": whole[:40] + b"\xff" * 40 + whole[80:]}.items():
        path = tmp_path / f"{name}.tar.gz"
        path.write_bytes(content)
        refused = figures_of(path).refused
        assert refused[0].reason == "broken-archive", name
        assert "\n" not in refused[0].detail


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04zip", os.urandom(3000), b"%!PS-Adobe-2.0\nshowpage\n"])
def test_what_is_no_paper_is_refused(tmp_path, content):
    path = tmp_path / "x.bin"
    path.write_bytes(content)
    reasons = {one.reason for one in figures_of(path).refused}
    assert reasons <= {"not-a-paper", "no-figures"} and reasons


def test_links_and_pipes_of_a_folder_are_not_followed(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(picture("b.png"))
    root = tmp_path / "paper"
    (root / "real").mkdir(parents=True)
    for name, content in GOOD.items():
        (root / name).write_bytes(content)
    (root / "b.png").symlink_to(secret)
    (root / "elsewhere").symlink_to(tmp_path)
    os.mkfifo(root / "c.png")
    (root / "main.tex").write_bytes(DOCUMENT.replace(b"Text", b"") + b"")
    (root / "more.tex").write_text(
        "\\documentclass{article}\\begin{document}"
        + figure(r"\includegraphics{b.png}\caption{Linked.}")
        + "\\end{document}"
    )
    paper = figures_of(root)
    assert sorted(one.reason for one in paper.refused) == [
        "device-in-archive", "link-in-archive", "link-in-archive", "picture-missing",
    ]  # fmt: skip
    assert [one.caption for one in paper.figures] == [RADIO]


def test_many_bad_members_are_counted_and_not_told_one_by_one(tmp_path):
    many = [member(f"/{index}", type=tarfile.SYMTYPE, linkname="x") for index in range(500)]
    paper = figures_of(tar_of(tmp_path / "many.tar", *many, mode="w"))
    assert len(paper.refused) == 51
    assert len(paper.figures) == 1


def test_trouble_of_the_disk_is_raised(tmp_path):
    with pytest.raises(FileNotFoundError):
        figures_of(tmp_path / "absent.tar.gz")


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("./a/b.png", "a/b.png"),
        ("a//b", "a/b"),
        ("..", None),
        ("/a", None),
        ("a/../b", None),
        ("", None),
        ("a\0b", None),
    ],
)
def test_names_stay_inside(name, inside):
    assert inside_name(name) == inside


def test_a_tar_older_than_the_magic_word_is_known(tmp_path):
    path = tmp_path / "old.tar"
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        one, content = member("main.tex", DOCUMENT)
        archive.addfile(one, io.BytesIO(content))
    raw = bytearray(path.read_bytes())
    raw[257:265] = bytes(8)
    raw[148:156] = b" " * 8
    raw[148:156] = f"{sum(raw[:512]):06o}\0 ".encode()
    path.write_bytes(raw)
    assert list(contents_of(path, DEFAULT_LIMITS).files) == ["main.tex"]
