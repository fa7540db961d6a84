"""LaTeX that was written to do harm: refused in a moment, with a reason, and nothing of it is run."""

# ruff: noqa: E501 - a piece of LaTeX stands in one line

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from curation.papers.figures import figures_of
from tests.making_papers import RADIO, Construction, picture, plain

FIGURE = r"\begin{figure}\includegraphics{a.png}\caption{%s}\end{figure}"
DOUBLES = "".join(rf"\def\{a}{{\{b}\{b}}}" for a, b in zip("ghijklmnopqrstu", "hijklmnopqrstuv", strict=True))
BAD = {
    "macros that double": (DOUBLES, FIGURE % r"\g", "caption-broken"),
    "macros that double figures": (DOUBLES + r"\def\v{\includegraphics{a.png}}", FIGURE % "A." + r"\g", "macros-without-end"),
    "definitions that never end": (r"\newcommand{\x}{" * 20_000, "", "no-figures"),
    "floats that never end": ("", r"\begin{figure}" * 20_000, "no-caption"),
    "verbatim that never ends": ("", r"\begin{verbatim}" * 20_000, "no-figures"),
    "braces": ("", FIGURE % ("{" * 9_000 + "}" * 9_000), "caption-broken"),
    "brackets in brackets": ("", r"\begin{figure}\includegraphics{a.png}" + r"\subfloat[" * 63 + r"\caption{A.}\end{figure}", "caption-broken"),
    "a file that calls itself": ("", r"\input{main}" * 20_000, "no-figures"),
    "references without an end": ("", FIGURE % ("(" + r"Fig.~\ref{a}" * 1_500 + "x"), None),
    "a caption without an end": ("", FIGURE % ("word " * 5_000), "caption-broken"),
    "panels without an end": ("", r"\begin{figure}" + r"\subfloat[a]{\includegraphics{a.png}}" * 700 + r"\caption{A.}\end{figure}", "too-large"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_harmful_latex_is_refused_in_a_moment(name, tmp_path):
    preamble, tex, reason = BAD[name]
    before = time.process_time()
    paper = figures_of(Construction(name, tex, preamble=preamble).write(tmp_path))
    assert time.process_time() - before < 5
    if reason:
        assert reason in [one.reason for one in paper.refused]
    assert all("\n" not in one.detail and len(one.detail) < 1_500 for one in paper.refused)


def test_more_figures_than_the_limit_are_not_read(tmp_path):
    paper = figures_of(Construction("many", plain(RADIO) * 600).write(tmp_path))
    assert len(paper.figures) == 500
    assert [one.reason for one in paper.refused] == ["too-large"]


@pytest.mark.parametrize(
    "tex",
    [
        r"\immediate\write18{touch FILE}",
        r"\openout5=FILE \write5{x}",
        r"\input{|touch FILE}",
        r"\directlua{os.execute('touch FILE')}",
    ],
)
def test_nothing_of_a_paper_is_run(tex, tmp_path):
    mark = tmp_path / "mark"
    paper = figures_of(Construction("run", tex.replace("FILE", str(mark)) + plain(RADIO)).write(tmp_path))
    assert [one.caption for one in paper.figures] == [RADIO]
    assert not mark.exists()


@pytest.mark.parametrize("call", [r"\input{/etc/passwd}", r"\input{../secret}", r"\includegraphics{/etc/passwd}"])
def test_files_outside_of_the_paper_are_not_there(call, tmp_path):
    (tmp_path / "secret.tex").write_text(plain("A secret of 42."))
    (tmp_path / "secret.png").write_bytes(picture("b.png"))
    paper = figures_of(Construction("out", call + plain(RADIO)).write(tmp_path))
    assert [one.caption for one in paper.figures] == [RADIO]


def test_a_picture_outside_of_the_paper_is_missing(tmp_path):
    (tmp_path / "b.png").write_bytes(picture("b.png"))
    paper = figures_of(Construction("out", plain(RADIO, r"\includegraphics{../b.png}")).write(tmp_path))
    assert [one.reason for one in paper.refused] == ["picture-missing"]


PIECES = [
    r"\begin{figure}", r"\end{figure}", r"\caption{", "}", "{", r"\includegraphics[width=3cm]{a.png}", r"\subfloat[A]{", "[", "]", "$",
    r"\label{x}", r"\begin{subfigure}{3cm}", r"\end{subfigure}", "%", "\n\n", r"\input{main}", r"\newcommand{\x}[1]{#1", r"\x", r"\def\x#1",
    r"\captionof{figure}{", r"\figcaption[a.png]{", r"\psfig{file=a.png", "word 5", r"\\", r"\rotatebox{90}{", "&", "#1", r"\begin{minipage}",
    r"\plottwo{a.png}", r"\end{document}", r"\iffalse", r"\fi", r"\let\x=\caption ", r"\caption",
]  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_no_order_of_pieces_brings_it_down(tmp_path: Path, tex):
    paper = figures_of(Construction("pieces", tex).write(tmp_path))
    assert paper.figures or paper.refused
    assert all("\n" not in one.detail for one in paper.refused)
