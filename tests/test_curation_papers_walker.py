"""Reading LaTeX quickly changes nothing: trees as pylatexenc's own, macros and comments as one by one."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pylatexenc.latexwalker import LatexWalker, LatexWalkerParseError
from pylatexenc.macrospec import MacroSpec

from curation.papers import caption, floats
from curation.papers.macros import Macros
from curation.papers.source import cleaned
from curation.papers.walker import Walker

PIECES = (
    "a", "Ab 1.4", "12", " ", "\n", "\n\n", "\t", "{", "}", "[", "]", "$", "\\(", "\\)", "^", "_", "~", "-", "--", "''",
    "!`", "*", "%", "% x\n", "\\", "\\%", "\\alpha", "\\alpha b", "\\frac12", "\\frac{1}2", "\\caption*[a]{b c}",
    "\\includegraphics[width=3 cm]{a b.png}", "\\begin{center}", "\\end{center}", "\\textbf x", "é", ",;:", "(", ")",
    "\\verb|%|", "\\begin{verbatim}", "\\end{verbatim}", "\\beginning", "\\verbose", "\\\\", "\\hi", "\\fig{1}{2}", "&",
)  # fmt: skip
INSIDE = (
    "a", "B 1.4", " ", "\n", "{b}", "$x_{1}^2$", "\\%", "\\}", "\\{", "~", "\\textbf{c}", "\\label{d}", "[e]", "\\\\",
    "\\hi", "\\citep[see][]{f}", "\\includegraphics{g}", "{\\it h {i}}", "--",
)  # fmt: skip
WITH_CAPTIONS_READ = floats.CONTEXT.filter_context()
WITH_CAPTIONS_READ.add_context_category(
    "read", macros=[MacroSpec(name, args) for name, args in floats.CAPTIONS.items()], prepend=True
)
LATEX = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


def tree(walker: LatexWalker) -> str:
    try:
        return re.sub(r"\d{9,}", "", repr(walker.get_latex_nodes()[0]))  # ids of parsing states
    except (LatexWalkerParseError, IndexError, AttributeError, TypeError) as error:
        return f"{type(error).__name__}: {error}"


@settings(max_examples=200)
@given(LATEX)
@example(r"The \emph {beam} of 5 by 6$''$ is\textsuperscript 2 3 wide, $10^23 \times 4_{ab c}$ x ")
@example("a \n b \n\n c\n \nd")
def test_the_tree_is_the_one_of_single_characters(latex):
    for context in (caption.CONTEXT, WITH_CAPTIONS_READ):
        assert tree(Walker(latex, context)) == tree(LatexWalker(latex, latex_context=context, tolerant_parsing=True))


@settings(max_examples=100)
@given(st.lists(st.sampled_from(INSIDE), max_size=8).map("".join), st.sampled_from(tuple(floats.CAPTIONS)))
@example(r"a \} b {c \{ d} \textbf{e}\label{f}", "subcaption")
def test_a_caption_whose_inside_is_left_as_written_is_the_one_that_is_read(inside, name):
    before = "{figure}" if name == "captionof" else f"[{inside}]" if "]" not in inside else ""
    latex = f"\\includegraphics{{p}}\\{name}{before} {{{inside}}} \\label{{x}}\\includegraphics[width=1cm]{{q}}"
    found = floats.parsed("figure", latex)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(floats, "CONTEXT", WITH_CAPTIONS_READ)
        assert found == floats.parsed("figure", latex)
    assert floats.Caption(inside, name, "x") in found.items


@settings(max_examples=150)
@given(LATEX)
def test_comments_are_taken_out_where_no_backslash_stands_before_them(latex):
    if not any(one in latex for one in ("verb", "iffalse", "endinput")):
        lines = latex.replace("\\\\", "\0")
        kept = ""
        while (at := next((k for k, one in enumerate(lines) if one == "%" and lines[k - 1 : k] != "\\"), -1)) >= 0:
            kept += lines[:at]
            rest = lines[at:].partition("\n")[2]
            lines = rest.lstrip(" \t") if "\n" in lines[at:] else ""
        assert cleaned(latex) == (kept + lines).replace("\0", "\\\\")


def test_verbatim_text_is_taken_out_wherever_it_begins():
    text = r"a\\\begin{verbatim}\figure%\end{verbatim}b \verb|%|c \beginning\% d%e"
    assert cleaned(text) == r"a\\b c \beginning\% d"


def test_only_calls_that_are_wanted_are_replaced_and_names_of_one_sign_are_none():
    macros = Macros()
    macros.learn(r"\newcommand{\a}[1]{<#1>}\newcommand{\ab}{AB}\newcommand{\;}{no}\newenvironment{e*}{(}{)}")
    text = r"\a{1} \ab \ab1 \abc \;x \begin{e*}y\end {e*} \begin{f}"
    assert macros.expanded(text, {"a", "{e*}", ";"}) == r"<1> \ab \ab1 \abc \;x (y) \begin{f}"
    assert macros.expanded(text, macros.commands) == r"<1> ABAB1 \abc \;x \begin{e*}y\end {e*} \begin{f}"
