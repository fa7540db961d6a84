"""The check of numbers: none is lost, gained or changed between a caption's source and its text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation.papers.caption import CaptionError, caption_text
from curation.papers.figures import figures_of
from curation.papers.latex_words import PROTECTED
from curation.papers.macros import Macros
from curation.papers.numbers import numbers_of_source, numbers_of_text, trouble_with_numbers, trouble_with_pages
from tests.making_papers import TEXTS, Construction, plain


def read(latex: str, preamble: str = "") -> tuple[str, str, Macros]:
    macros = Macros(PROTECTED)
    macros.learn(preamble)
    return *caption_text(latex, macros), macros


def latex_of(construction: Construction) -> str:
    found = re.search(r"\\caption\{(.*)\}\n\\label", construction.tex, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize("construction", TEXTS, ids=[one.name for one in TEXTS])
def test_any_change_to_a_number_of_a_caption_is_noticed(construction):
    latex = latex_of(construction)
    text, expanded, macros = read(latex, construction.preamble)
    bodies = macros.bodies(latex)
    assert not trouble_with_numbers(latex, expanded, text, bodies)
    for found in re.finditer(r"\d", text):
        for other in ("", str((int(found[0]) + 1) % 10), found[0] * 2):
            changed = text[: found.start()] + other + text[found.end() :]
            assert trouble_with_numbers(latex, expanded, changed, bodies), changed
    for found in re.finditer(r"(?<=\d)\.(?=\d)|(?<=[ =∼])-(?=\d)", text):
        changed = text[: found.start()] + text[found.end() :]
        assert trouble_with_numbers(latex, expanded, changed, bodies), changed


def test_a_superscript_that_falls_down_is_noticed():
    assert trouble_with_numbers("$10^{3}$ K", "$10^{3}$ K", "103 K", "")
    assert trouble_with_numbers("1\\farcs5", "1\\farcs5", "15″", "")
    assert not trouble_with_numbers("$10^{3}$ K", "$10^{3}$ K", "10³ K", "")


def test_a_caption_that_loses_a_number_by_a_macro_is_refused(tmp_path):
    paper = Construction("x", plain(r"A beam of \hide{5} arcsec."), preamble=r"\newcommand{\hide}[1]{}")
    refused = figures_of(paper.write(tmp_path)).refused
    assert [(one.reason, one.number) for one in refused] == [("number-lost", 1)]
    assert "5" in refused[0].detail


def test_a_caption_that_loses_a_number_in_the_tree_is_refused(tmp_path, monkeypatch):
    """As pylatexenc's own text would: it drops \\farcs, and 1.5 becomes 15."""
    from curation.papers import figures

    monkeypatch.setattr(figures, "caption_text", lambda latex, _: ("A beam of 15.", latex))
    refused = figures_of(Construction("x", plain(r"A beam of 1\farcs5.")).write(tmp_path)).refused
    assert [one.reason for one in refused] == ["number-lost"]
    assert refused[0].detail == "1.5 of the source is not in the text; 15 of the text is not in the source"


@pytest.mark.parametrize(
    ("latex", "numbers"),
    [
        (r"1\farcs5 and $-3$, 10--20", ["-3", "1.5", "10", "20"]),
        (r"\cite{a99} Fig.~\ref{f3} \hspace{2mm} \color{red!20} 7", ["7"]),
        (r"\num{1.4e-9} $10^{-3}$", ["-3", "-9", "1.4", "10", "10"]),
        (r"J0332$-$2824, PKS\,2153$-$69", ["0332", "2153", "2824", "69"]),
        (r"5\footnote{See 9} {\footnotesize 6}", ["5", "6"]),
        (r"$\frac{1}{2}$ and 1{,}000", ["000", "1", "1", "2"]),
    ],
)
def test_the_numbers_of_a_source(latex, numbers):
    assert sorted(numbers_of_source(latex).elements()) == numbers


def test_the_numbers_of_a_text():
    assert sorted(numbers_of_text("10⁻³, H₀ = -70, 1.5″, x^25.3, 4–8").elements()) == sorted(
        ["10", "-3", "0", "-70", "1.5", "25.3", "4", "8"]
    )


def test_digits_of_a_page():
    assert not trouble_with_pages("a flux of 10⁻³ Jy", "Figure 3. a flux of 10-3 Jy")
    assert trouble_with_pages("a flux of 10⁻⁴ Jy", "Figure 3. a flux of 10-3 Jy")


PIECES = [*"ab1. $^_{}\\%&~-'[", "\\farcs", "\\pm ", "{\\rm ", "\\frac", "\\unit", "\\SI{1}{", "\\text", "\\cite"]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_caption_brings_it_down(latex):
    try:
        text, expanded, macros = read(latex)
    except CaptionError:
        return
    assert isinstance(trouble_with_numbers(latex, expanded, text, macros.bodies(latex)), str)
    assert "\n" not in text and not re.search("[\ue000-\uf8ff]", text)


@pytest.mark.parametrize(
    "latex",
    ["{" * 3000 + "x" + "}" * 3000, r"\textbf{" * 2000 + "1" + "}" * 2000, "$" * 5001, r"^" * 4000, r"\frac" * 3000],
)
def test_deep_and_broken_latex_is_told_in_one_line(latex):
    try:
        read(latex)
    except CaptionError as error:
        assert "\n" not in str(error)
