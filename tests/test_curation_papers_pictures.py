"""Pictures of papers: every kind as PNG, shown as the paper shows it, in a process of its own that can be ended."""

import io
import os
import signal
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from curation.papers import convert
from curation.papers.convert import NotConvertedError, ghostscript, picture_of
from curation.papers.figures import DEFAULT_LIMITS
from curation.papers.floats import Use
from curation.papers.png import png_of
from schemas.trouble import machine_failed
from tests.making_papers import COLOURS, picture, postscript, shown

needs_gs = pytest.mark.skipif(
    not ghostscript(), reason="no Ghostscript on this machine: install `gs` (Debian: ghostscript)"
)


def drawn(*contents: bytes, limits=DEFAULT_LIMITS, **how: object):
    return picture_of([(Use(f"{index}", **how), content) for index, content in enumerate(contents)], limits)  # type: ignore[arg-type]


def quarters(kind: str = "PNG", mode: str = "RGB") -> bytes:
    """Four colours: a b above, c d below."""
    image = Image.new("RGB", (80, 60))
    for index, name in enumerate("abcd"):
        image.paste(COLOURS[name], ((index % 2) * 40, (index // 2) * 30, (index % 2) * 40 + 40, (index // 2) * 30 + 30))
    sink = io.BytesIO()
    image.convert(mode).save(sink, kind, **({"resolution": 72} if kind == "PDF" else {}))
    return sink.getvalue()


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.gif", "a.pdf"])
def test_every_kind_becomes_png(name):
    one = drawn(picture(name))
    assert shown(one.png) == "a"
    assert one.kinds == ({"jpg": "jpeg", "tif": "tiff"}.get(name[2:], name[2:]),)
    with Image.open(io.BytesIO(one.png)) as image:
        assert (image.size, image.format) == ((one.width_px, one.height_px), "PNG")


@needs_gs
@pytest.mark.parametrize("head", ["%!PS-Adobe-3.0 EPSF-3.0", "%!PS-Adobe-2.0", "%!"])
def test_postscript_shows_its_bounding_box_alone(head):
    one = drawn(postscript(COLOURS["a"], head=head))
    with Image.open(io.BytesIO(one.png)) as image:
        pixels = np.asarray(image.convert("RGB")).reshape(-1, 3)
    assert (one.width_px, one.height_px) == (1024, 768)
    assert (np.abs(pixels.astype(int) - COLOURS["a"]).sum(1) < 20).mean() > 0.98


@needs_gs
def test_the_postscript_of_a_dos_file_is_found():
    body = postscript(COLOURS["a"])
    content = (
        b"\xc5\xd0\xd3\xc6"
        + (30).to_bytes(4, "little")
        + len(body).to_bytes(4, "little")
        + bytes(18)
        + body
        + b"\0\1\2"
    )
    assert shown(drawn(content).png) == "a"


@needs_gs
@pytest.mark.parametrize(
    "body",
    ["(/etc/passwd) (r) file 100 string readstring pop pop", "(%pipe%id) (r) file pop", "(/tmp/h-out) (w) file pop"],
)
def test_postscript_reaches_no_file_and_no_program(body):
    with pytest.raises(NotConvertedError) as caught:
        drawn(postscript(COLOURS["a"], f"{body} showpage 0 0 0 setrgbcolor 0 0 200 200 rectfill"))
    assert caught.value.reason == "picture-broken"
    assert "invalidfileaccess" in str(caught.value)


@needs_gs
def test_postscript_without_an_end_is_ended_and_the_next_is_drawn():
    with pytest.raises(NotConvertedError) as caught:
        drawn(postscript(COLOURS["a"], "{} loop"), limits=replace(DEFAULT_LIMITS, seconds=0.7))
    assert caught.value.reason == "picture-too-slow"
    assert shown(drawn(picture("b.png")).png) == "b"


def test_without_ghostscript_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(convert, "ghostscript", lambda: "")
    with pytest.raises(NotConvertedError, match="install it") as caught:
        drawn(postscript(COLOURS["a"]))
    assert caught.value.reason == "no-ghostscript"


@pytest.mark.parametrize(
    ("how", "order"),
    [
        ({}, "abcd"),
        ({"angle_deg": 90.0}, "bdac"),
        ({"angle_deg": -90.0}, "cadb"),
        ({"angle_deg": 180.0}, "dcba"),
        ({"angle_deg": 12.0}, "abcd"),
        ({"trim": "40 0 0 0"}, "bd"),
        ({"trim": "0 30bp 0 0"}, "ab"),
        ({"viewport": "0 0 40 30"}, "c"),
    ],
)
def test_pictures_are_turned_and_cut_as_the_paper_shows_them(how, order):
    assert shown(drawn(quarters(), **how).png) == order
    assert shown(drawn(quarters("PDF"), **how).png) == order


def test_several_pictures_stand_in_order_and_rows_below_each_other():
    uses = [(Use(name, row=row), picture(f"{name}.png")) for name, row in (("a", 0), ("b", 0), ("c", 3))]
    one = picture_of(uses, DEFAULT_LIMITS)
    assert shown(one.png) == "abc"
    assert (one.width_px, one.height_px) == (2 * 48 + 16, 2 * 36 + 16)


def test_a_row_of_many_pictures_is_broken_and_stays_in_order():
    one = picture_of([(Use(name), picture(f"{name}.png")) for name in "abcdef"], DEFAULT_LIMITS)
    assert shown(one.png) == "abcdef"
    assert (one.width_px, one.height_px) == (2 * 48 + 16, 3 * 36 + 2 * 16)
    many = picture_of([(Use(str(index)), quarters()) for index in range(50)], DEFAULT_LIMITS)
    assert max(many.width_px, many.height_px) <= 1536


def test_a_page_of_a_pdf_is_the_one_that_is_asked_for():
    sink = io.BytesIO()
    pages = [Image.new("RGB", (50, 50), COLOURS[name]) for name in "ab"]
    pages[0].save(sink, "PDF", save_all=True, append_images=pages[1:])
    assert shown(drawn(sink.getvalue(), page=2).png) == "b"
    with pytest.raises(NotConvertedError, match="page 3 of 2"):
        drawn(sink.getvalue(), page=3)


def test_transparency_lies_on_white_and_grey_stays_grey():
    sink = io.BytesIO()
    Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(sink, "PNG")
    with Image.open(io.BytesIO(drawn(sink.getvalue()).png)) as image:
        assert image.convert("RGB").getpixel((5, 5)) == (255, 255, 255)
    with Image.open(io.BytesIO(drawn(quarters(mode="L")).png)) as image:
        assert image.mode == "L"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x89PNG\r\n\x1a\nbroken", "picture-broken"),
        (b"%PDF-1.4 nothing", "picture-broken"),
        (picture("a.png")[:60], "picture-broken"),
        (b"GIF89a" + bytes(40), "picture-broken"),
        (b"no picture at all", "picture-unknown"),
    ],
)
def test_a_broken_picture_is_refused_with_its_reason(content, reason):
    with pytest.raises(NotConvertedError) as caught:
        drawn(content)
    assert caught.value.reason == reason
    assert "\n" not in str(caught.value)


def test_too_many_pixels_are_refused_before_they_are_read():
    with pytest.raises(NotConvertedError) as caught:
        drawn(quarters(), limits=replace(DEFAULT_LIMITS, pixels=4_000))
    assert caught.value.reason == "picture-too-large"


def dying(monkeypatch, times: int, of: int = signal.SIGSEGV) -> list[int]:
    """The next processes die when they are asked; gives how many did."""
    killed: list[int] = []
    sent = convert._Process._send

    def dies(self: convert._Process, message: dict, payload: bytes) -> None:
        if len(killed) < times:
            killed.append(self.child.pid)
            os.kill(self.child.pid, of)
        sent(self, message, payload)

    monkeypatch.setattr(convert._Process, "_send", dies)
    return killed


def test_a_process_that_dies_is_asked_again_in_a_new_one(monkeypatch):
    killed = dying(monkeypatch, 1)
    assert shown(drawn(picture("a.png")).png) == "a"
    assert len(killed) == 1


def test_a_picture_that_ends_two_processes_is_refused_and_the_next_is_drawn(monkeypatch):
    killed = dying(monkeypatch, 2)
    with pytest.raises(NotConvertedError) as caught:
        drawn(picture("a.png"))
    assert caught.value.reason == "picture-broken"
    assert len(set(killed)) == 2
    assert shown(drawn(picture("b.png")).png) == "b"


@pytest.mark.parametrize("of", [signal.SIGKILL, signal.SIGTERM])
def test_processes_that_are_ended_from_outside_are_the_machines_trouble(monkeypatch, of):
    dying(monkeypatch, 2, of)
    with pytest.raises(OSError, match="came to an end, twice") as caught:
        drawn(picture("a.png"))
    assert machine_failed(caught.value)
    assert shown(drawn(picture("a.png")).png) == "a"


def test_a_process_that_does_not_start_is_the_machines_trouble(monkeypatch):
    convert.close()
    monkeypatch.setattr(convert.sys, "executable", "/bin/true")
    with pytest.raises(OSError, match="does not start") as caught:
        drawn(picture("a.png"))
    assert machine_failed(caught.value)


@needs_gs
def test_a_program_that_is_gone_is_the_machines_trouble(monkeypatch):
    monkeypatch.setattr(convert, "ghostscript", lambda: "/absent/gs")
    with pytest.raises(OSError) as caught:
        drawn(postscript(COLOURS["a"]))
    assert machine_failed(caught.value)


def test_one_process_serves_many_pictures():
    drawn(picture("a.png"))
    first = convert._RUNNING[0].child.pid
    for name in ("b.png", "c.pdf", "d.jpg"):
        drawn(picture(name))
    assert convert._RUNNING[0].child.pid == first


def test_the_process_has_no_more_memory_than_it_may():
    limits = replace(DEFAULT_LIMITS, memory_bytes=400_000_000)
    assert shown(drawn(picture("a.png"), limits=limits).png) == "a"
    sink = io.BytesIO()
    Image.new("1", (8000, 8000)).save(sink, "PNG")
    with pytest.raises(NotConvertedError) as caught:
        drawn(sink.getvalue(), limits=replace(limits, side_px=8000))
    assert caught.value.reason == "picture-too-large"
    convert.close()


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_the_png_is_what_was_drawn(mode):
    pixels = np.random.default_rng(3).integers(0, 256, (17, 23, 3), np.uint8)
    image = Image.fromarray(pixels).convert(mode)
    with Image.open(io.BytesIO(png_of(image))) as back:
        assert back.mode == mode
        assert np.array_equal(np.asarray(back), np.asarray(image))
