"""PostScript by the library that waits: the same as by the program, and nothing of one file in the next."""

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
)


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
    contents = [eps(COLOURS["a"], LINES), eps(COLOURS["b"], "0 0.4 0.9 0 setcmykcolor 9 9 30 30 rectfill")]
    by_library = [pixels(one, want) for one in contents]
    without_library(monkeypatch)
    for one, content in zip(by_library, contents, strict=True):
        assert np.array_equal(one, pixels(content, want))


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
    with pytest.raises(OSError, match="no library"):
        ghostscript.Library(version)


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
