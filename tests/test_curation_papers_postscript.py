"""PostScript by the library that waits: the same as by the program, and nothing of one file in the next."""

import os
from pathlib import Path

import numpy as np
import pytest

from curation.papers import convert, ghostscript, postscript
from curation.papers.convert import picture_of
from curation.papers.figures import DEFAULT_LIMITS
from curation.papers.floats import Use
from curation.papers.postscript import of_postscript
from curation.papers.wanted import Want
from tests.making_papers import COLOURS, shown
from tests.making_papers import postscript as eps

pytestmark = pytest.mark.skipif(
    not convert.ghostscript(), reason="no Ghostscript on this machine: install `gs` (Debian: ghostscript)"
)
LINES = "0.3 setgray 3 setlinewidth 10 10 moveto 90 60 lineto 40 70 20 50 10 20 curveto stroke"
MEDDLING = (
    "systemdict /setglobal known {true setglobal} if userdict /showpage {} put userdict /stroke {fill} put",
    "0 serverdict /exitserver get stopped pop /stroke {fill} def /rectfill {pop pop pop pop} def",
    "true 0 startjob pop globaldict /stroke {fill} put",
    "{1 exch sub} settransfer 0.5 0.5 scale << /HWResolution [9 9] >> setpagedevice",
    "<< /DisplayFormat 16#20804 >> setpagedevice showpage",
)
BOX_AT_THE_END = b"""%!PS-Adobe-3.0 EPSF-3.0
%%BoundingBox: (atend)
%%EndComments
1 0 0 setrgbcolor 100 200 100 100 rectfill
showpage
%%Trailer
%%BoundingBox: 100 200 300 350
%%EOF
"""


@pytest.fixture(scope="module")
def want():
    yield Want("a.eps", side_px=300, ghostscript=convert.ghostscript())
    postscript.close()


@pytest.fixture
def with_library(want):
    of_postscript(eps(COLOURS["a"]), want)
    if postscript._WAITING == [None]:
        pytest.skip(f"no library of this Ghostscript's version on this machine: {', '.join(ghostscript.LIBRARIES)}")


def pixels(content: bytes, want: Want) -> np.ndarray:
    return np.asarray(of_postscript(content, want)[0])


def without_library(monkeypatch) -> None:
    monkeypatch.setattr(postscript, "_by_library", lambda *_: None)


@pytest.mark.usefixtures("with_library")
def test_the_program_draws_what_the_library_draws(want, monkeypatch):
    contents = [
        eps(COLOURS["a"], LINES), eps(COLOURS["b"], "0 0.4 0.9 0 setcmykcolor 9 9 30 30 rectfill"), BOX_AT_THE_END,
        b"%!\n1 0 0 setrgbcolor 99 99 200 300 rectfill showpage 50 50 9 9 rectfill showpage",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 10 20 43 50\n0 0 1 setrgbcolor 12 22 30 20 rectfill",
    ]  # fmt: skip
    by_library = [pixels(one, want) for one in contents]
    without_library(monkeypatch)
    for one, content in zip(by_library, contents, strict=True):
        assert np.array_equal(one, pixels(content, want))


def test_a_box_that_is_told_at_the_end_is_shown_alone(want):
    image, _ = of_postscript(BOX_AT_THE_END, want)
    red = np.asarray(image)[..., 1] < 9
    assert image.size == (300, 225)
    assert np.flatnonzero(red.any(0))[[0, -1]].tolist() == [0, 149]
    assert np.flatnonzero(red.any(1))[[0, -1]].tolist() == [75, 224]


@pytest.mark.usefixtures("with_library")
def test_a_page_that_no_sheet_holds_is_the_programs(want, monkeypatch):
    asked, by_program = [], postscript._by_program
    monkeypatch.setattr(postscript, "_by_program", lambda *given: asked.append(1) or by_program(*given))
    large = b"%!\n<< /PageSize [9000 9000] >> setpagedevice 9 9 99 99 rectfill showpage"
    assert of_postscript(large, want)[0].size == (3409, 3409)
    assert asked == []
    larger = large.replace(b"9000 9000", b"22000 22000")
    assert of_postscript(larger, want)[0].size == (8333, 8333)
    assert asked == [1]


def test_nothing_is_left_on_a_sheet_wherever_it_was_written():
    file = os.memfd_create("sheet")
    os.ftruncate(file, ghostscript.SHEET_BYTES)
    sheet = ghostscript.Sheet(file)
    places = (0, ghostscript.PAGE_AT, ghostscript.KEPT_BYTES - 1, ghostscript.KEPT_BYTES, ghostscript.SHEET_BYTES - 1)
    for at in places:
        sheet.memory[at] = 7
    sheet.clear()
    assert [sheet.memory[at] for at in places] == [0] * len(places)
    assert os.fstat(file).st_size == ghostscript.SHEET_BYTES
    os.close(file)


@pytest.mark.usefixtures("with_library")
@pytest.mark.parametrize("meddling", MEDDLING)
def test_a_file_finds_nothing_of_the_one_before_it(want, meddling):
    before = pixels(eps(COLOURS["a"], LINES), want)
    try:
        of_postscript(eps(COLOURS["b"], meddling), want)
    except postscript.UnusableError as error:
        assert error.reason == "picture-broken"
    assert np.array_equal(before, pixels(eps(COLOURS["a"], LINES), want))


@pytest.mark.usefixtures("with_library")
def test_what_is_written_to_the_folder_of_temporary_files_is_gone_with_its_picture(want):
    """Ghostscript's safest mode allows that folder."""
    path = f"{postscript.Desk.folder}/left"
    of_postscript(eps(COLOURS["a"], f"({path}) (w) file dup (x) writestring closefile"), want)
    with pytest.raises(postscript.UnusableError, match="undefinedfilename"):
        of_postscript(eps(COLOURS["a"], f"({path}) (r) file pop"), want)
    assert postscript.Desk.folder and not postscript.Desk.folder.exists()


@pytest.mark.usefixtures("with_library")
def test_a_library_that_ends_is_replaced_by_the_program_and_started_again(want):
    drawn = pixels(eps(COLOURS["a"], LINES), want)
    (first,) = postscript._WAITING
    assert first
    first.kill()
    first.wait()
    assert np.array_equal(drawn, pixels(eps(COLOURS["a"], LINES), want))
    assert not postscript._WAITING
    assert np.array_equal(drawn, pixels(eps(COLOURS["a"], LINES), want))
    assert postscript._WAITING[0]
    assert postscript._WAITING[0].pid != first.pid


@pytest.mark.parametrize("version", ["1.02.3", ""])
def test_a_library_of_another_version_is_not_taken(version):
    file = os.memfd_create("sheet")
    os.ftruncate(file, ghostscript.SHEET_BYTES)
    with pytest.raises(OSError, match="no library"):
        ghostscript.Library(version, ghostscript.Sheet(file))
    os.close(file)


def test_the_process_leaves_no_folder_however_it_ends():
    for is_asked_to in (True, False):
        assert shown(picture_of([(Use("a"), eps(COLOURS["a"]))], DEFAULT_LIMITS).png) == "a"
        (running,) = convert._RUNNING
        if is_asked_to:
            convert.close()
        else:
            running.child.stdin.close()  # type: ignore[union-attr] # as when who asks is killed
            running.child.wait(20)
        assert not Path(running.folder).exists()
    convert.close()
