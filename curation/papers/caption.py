"""A caption as clean Unicode, from pylatexenc's tree of it: maths legible, angles with their decimal marks.

pylatexenc 2.11 has symbols and accents, but drops what it does not know: `1\\farcs5` would become 15. Here such marks
are read as decimal marks, superscripts and subscripts stay apart from their numbers, and a macro that nobody knows
behind a number is no caption at all.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from pylatexenc import latex2text
from pylatexenc import latexwalker as lw
from pylatexenc.latexwalker import LatexWalkerParseError
from pylatexenc.macrospec import EnvironmentSpec, MacroSpec, MacroStandardArgsParser, SpecialsSpec

from curation.papers.latex_words import (
    CITES,
    DECIMALS,
    DROPPED,
    LAST_SHOWN,
    OF_UNITS,
    OTHERS,
    REFERENCES,
    SYMBOLS,
    WITHOUT_A_WORD,
)
from curation.papers.macros import Macros, TooManyExpansionsError, closing
from curation.papers.units import UNITS, angle_text, number_text, unit_text
from curation.papers.walker import Walker

DECIMAL, RAISED, GONE = "\ue000", "\ue001", "\ue002"  # marks of our own: none leaves this module
MARKS = re.compile("[\ue000-\ue003]")
_DIMENSION = re.compile(
    r"\\(?:hskip|vskip|kern|mkern|mskip|hsize|vsize|lower|raise|baselineskip|spaceskip)\s*=?\s*-?\s*[\d.]*\s*"
    r"(?:\\[a-zA-Z]+|true)?\s*(?:pt|pc|in|bp|cm|mm|em|ex|mu|sp|dd)?(?![a-zA-Z])\s*"
)
STAGES = dict(zip("123456789", ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"), strict=True))  # of \\ion
MATHS = ("equation", "align", "math", "displaymath", "eqnarray", "gather", "multline")
PLAIN = {
    **dict.fromkeys(DROPPED.keys() - {*REFERENCES, *CITES}, ""),
    **dict.fromkeys(WITHOUT_A_WORD, ""),
    **SYMBOLS,
    **{name: DECIMAL + mark for name, mark in DECIMALS.items()},
}
_SUPERSCRIPT = str.maketrans("0123456789+-−=()niabcdefgjklopruvwxyz", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱᵃᵇᶜᵈᵉᶠᵍʲᵏˡᵒᵖʳᵘᵛʷˣʸᶻ")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_RELATION = re.compile(r"\s*([=<>≤≥≈≃≅≡∝≲≳≠→±×≪≫])\s*")
_SYMBOL_TABLE = latex2text.get_default_latex_context_db()
_ACCENTS = latex2text.LatexNodes2Text(math_mode="text", strict_latex_spaces=True)
_CITE = re.compile(r"\\[a-zA-Z]*[cC]ite[a-zA-Z]*")
_XSPACE = re.compile(r"\\xspace(?![a-zA-Z])(?:\{\})?\s*(?=[^\s.,;:!?'/)}~\\-])")
_BARE_SCRIPT = re.compile(r"([\^_])\s*(\\[a-zA-Z]+)\s*\{")
_ELEMENT = re.compile(r"(?<![A-Za-z])[A-Z][a-z]?\s?$")
_ROMAN = re.compile(r"[ivxIVX]+$")


LONGEST = 40_000  # characters of a caption with its macros put in


class CaptionError(ValueError):
    """A caption that cannot be given as text, with the reason."""


def _context() -> Any:
    context = lw.get_default_latex_context_db()
    table = {**DROPPED, **LAST_SHOWN, **OF_UNITS, **OTHERS}
    macros = [MacroSpec(name, args) for name, args in table.items()]
    plain = {*SYMBOLS, *DECIMALS, *WITHOUT_A_WORD} - table.keys()
    macros += [MacroSpec(name, "") for name in plain]
    scripts = [SpecialsSpec(mark, args_parser=MacroStandardArgsParser("{")) for mark in "^_"]
    pages = [EnvironmentSpec("minipage", "[[[{")]
    context.add_context_category("captions", macros=macros, environments=pages, specials=scripts, prepend=True)
    return context


CONTEXT = _context()


def caption_text(latex: str, macros: Macros) -> tuple[str, str]:
    """The caption as clean Unicode, and its LaTeX with the paper's own macros put in. Raises CaptionError."""
    try:
        expanded = macros.expanded(latex, macros.commands)
    except TooManyExpansionsError as error:
        raise CaptionError(str(error)) from None
    if len(expanded) > LONGEST:
        raise CaptionError(f"{len(expanded)} characters with the paper's macros put in; expected at most {LONGEST}")
    try:
        plain = _XSPACE.sub(" ", _CITE.sub(r"\\cite", _DIMENSION.sub(" ", expanded)))
        nodes = Walker(_bare_scripts_bound(plain), CONTEXT).get_latex_nodes()[0]
        raw = _Text().of(nodes)
    except (LatexWalkerParseError, RecursionError, IndexError, AttributeError, TypeError) as error:
        found = " ".join(str(error).split())[:200] or type(error).__name__
        raise CaptionError(f"the caption cannot be read as LaTeX: {found}") from None
    return _tidy(raw), expanded


def _bare_scripts_bound(latex: str) -> str:
    """`^\\mathrm{h}` as `^{\\mathrm{h}}`: pylatexenc gives a script the macro's name alone."""
    at = 0
    while found := _BARE_SCRIPT.search(latex, at):
        end = closing(latex, found.end() - 1) + 1
        if end:
            latex = f"{latex[: found.start() + 1]}{{{latex[found.start(2) : end]}}}{latex[end:]}"
        at = found.end()
    return latex


class _Text:
    """Walks the tree of a caption."""

    def __init__(self) -> None:
        self.is_math = False
        self.before = ""  # what stands before the maths, for a script that begins it

    def of(self, nodes: Iterable[Any]) -> str:
        text = ""
        known = list(nodes or ())
        for index, node in enumerate(known):
            if node is not None:
                after = known[index + 1] if index + 1 < len(known) else None
                text = self._joined(text, node, after)
        return text

    def _joined(self, text: str, node: Any, after: Any) -> str:
        if node.isNodeType(lw.LatexCharsNode):
            return text + (self._maths(node.chars) if self.is_math else node.chars)
        if node.isNodeType(lw.LatexGroupNode):
            return text + self._group(node, text)
        if node.isNodeType(lw.LatexSpecialsNode):
            return text + self._special(node, text)
        if node.isNodeType(lw.LatexMacroNode):
            return text + self._macro(node, text, after) + self._space(node, after)
        is_maths = node.isNodeType(lw.LatexMathNode)
        if is_maths or node.isNodeType(lw.LatexEnvironmentNode):
            self.before = text[-8:]
            is_maths = is_maths or node.environmentname.rstrip("*") in MATHS
            return text + (self._in_math(node.nodelist) if is_maths else self.of(node.nodelist))
        return text

    def _group(self, node: Any, text: str) -> str:
        if node.delimiters and node.delimiters[0] == "[":
            return f"[{self.of(node.nodelist)}]"
        first = node.nodelist[0] if node.nodelist else None
        inside = self.of(node.nodelist)
        is_small = first is not None and first.isNodeType(lw.LatexMacroNode) and first.macroname in ("sc", "scshape")
        return _stage(inside, text) if is_small else inside

    def _space(self, node: Any, after: Any) -> str:
        """The space behind a symbol, which TeX eats and nobody means: `5\\arcsec wide`."""
        is_text = not self.is_math and node.macroname in SYMBOLS and after is not None
        is_word = is_text and after.isNodeType(lw.LatexCharsNode) and after.chars[:1].isalpha()
        return " " if is_word and node.macro_post_space else ""

    def _in_math(self, nodes: Iterable[Any]) -> str:
        before, self.is_math = self.is_math, True
        text = self.of(nodes)
        self.is_math = before
        return _RELATION.sub(r" \1 ", text).strip() if not before else text

    def _in_text(self, node: Any) -> str:
        before, self.is_math = self.is_math, False
        text = self.of([node])
        self.is_math = before
        return text

    @staticmethod
    def _maths(chars: str) -> str:
        """Spaces mean nothing in maths, but between words they are kept for the reader."""
        chars = re.sub(r"(?<![A-Za-z,;])\s+|(?<![,;])\s+(?![A-Za-z])", "", chars)
        return chars.replace("''", "″").replace("'", "′").replace('"', "″")

    def _special(self, node: Any, text: str) -> str:
        chars = node.specials_chars
        if chars in ("^", "_"):
            inside = self._argument(node, -1).strip()
            return _raised(inside, text or self.before) if chars == "^" else _lowered(inside)
        if chars == "''" and self.is_math:
            return "″"
        plain = {
            "~": " ",
            "--": "–",
            "---": "—",
            "``": "“",
            "''": "”",
            "&": " ",
            "#": "#",
            "\n\n": " ",
            "!`": "¡",
            "?`": "¿",
        }
        return plain.get(chars, chars)

    def _argument(self, node: Any, index: int) -> str:
        given = _arguments(node)
        return self.of([given[index]]) if given and given[index] is not None else ""

    def _latex(self, node: Any, index: int) -> str:
        given = _arguments(node)[index] if _arguments(node) else None
        if given is None:
            return ""
        text = given.latex_verbatim()
        return text[1:-1] if given.isNodeType(lw.LatexGroupNode) else text

    def _macro(self, node: Any, text: str, after: Any) -> str:
        name = node.macroname
        if name in PLAIN:
            return PLAIN[name]
        if name in REFERENCES or name in CITES:
            return GONE if name != "autoref" else _kind_of(self._latex(node, -1))
        if special := _MACROS.get(name):
            return special(self, node, text)
        if name in OF_UNITS:
            return self._quantity(node, name, after)
        if name in LAST_SHOWN:
            shown = self._shown(node, name)
            return _stage(shown, text) if name == "textsc" else shown
        return self._other(node, text, after)

    def _shown(self, node: Any, name: str) -> str:
        given = (_arguments(node) or [None])[-1]
        in_text = name in ("text", "hbox", "mbox", "textrm", "textnormal", "fbox")
        shown = self._in_text(given) if in_text else self.of([given])
        if name == "ensuremath":
            return self._in_math([given])
        return "" if name == "deleted" else shown

    def _quantity(self, node: Any, name: str, after: Any) -> str:
        """Numbers with units, of siunitx, SIunits and units."""
        latex = [self._latex(node, index) for index in range(len(_arguments(node)))]
        if not latex:
            return ""
        if name == "unit":
            return self._unit_macro(latex, after)
        if name in ("num", "ang"):
            return self._plain(number_text(latex[1])) if name == "num" else angle_text(latex[1])
        if name.endswith("range"):
            span = f"{self._plain(number_text(latex[1]))}–{self._plain(number_text(latex[2]))}"
            return _with_unit(span, self._unit(latex[3]) if name != "numrange" else "")
        if name == "unitfrac":
            return _with_unit(latex[0], f"{self._unit(latex[1])}/{self._unit(latex[2])}")
        number = self._plain(number_text(latex[1])) if name in ("SI", "qty") else ""
        return _with_unit(number, self._unit(latex[-1]))

    def _unit_macro(self, latex: list[str], after: Any) -> str:
        r"""\unit of three packages: `[10]{mJy}` of units, `{3.6}{\micro\meter}` of SIunits, else siunitx's."""
        if latex[0]:
            return _with_unit(self._plain(latex[0]), self._unit(latex[1]))
        is_number = after is not None and after.isNodeType(lw.LatexGroupNode) and latex[1][:1] in "0123456789-."
        return f"{self._plain(number_text(latex[1]))} " if is_number else self._unit(latex[1])

    def _unit(self, latex: str) -> str:
        known = unit_text(latex)
        return self._plain(latex) if known is None or not known.isalpha() else known

    def _plain(self, latex: str) -> str:
        known = unit_text(latex) if "\\" in latex else None
        if known is not None:
            return re.sub(r"\^(-?\d+)", lambda found: found[1].translate(_SUPERSCRIPT), known)
        inner = Walker(latex, CONTEXT).get_latex_nodes()[0]
        return self._in_math(inner) if not self.is_math else self.of(inner)

    def _other(self, node: Any, text: str, after: Any) -> str:
        """A symbol or accent that pylatexenc knows, a unit, or a macro that nobody knows."""
        name = node.macroname
        if name in UNITS or name in ("micro", "milli", "kilo", "mega", "giga", "centi", "nano", "per", "squared"):
            known = unit_text(f"\\{name}")
            return known if known else {"per": "/", "micro": "µ", "milli": "m", "kilo": "k"}.get(name, name[:1])
        spec = _SYMBOL_TABLE.get_macro_spec(name)
        arguments = [one for one in _arguments(node) if one is not None]
        if spec is not None and (callable(spec.simplify_repl) or isinstance(spec.simplify_repl, str)):
            is_pattern = isinstance(spec.simplify_repl, str) and "%" in spec.simplify_repl
            return self.of(arguments) if is_pattern else _ACCENTS.node_to_text(node)
        has_group = after is not None and after.isNodeType(lw.LatexGroupNode)
        is_icon = name.startswith("fa") and name[2:3].isupper()
        if spec is None and not has_group and not arguments and not is_icon:
            raise CaptionError(f"\\{name} behind {text[-20:]!r} is defined nowhere in the paper")
        return self.of(arguments)

    def fraction(self, node: Any, _: str) -> str:
        above, below = (self._argument(node, index).strip() for index in (0, 1))
        return f"{_bound(above)}/{_bound(below)}"

    def root(self, node: Any, _: str) -> str:
        return f"√{_bound(self._argument(node, 1).strip())}"

    def ion(self, node: Any, _: str) -> str:
        element, stage = self._argument(node, 0).strip(), self._argument(node, 1).strip()
        return f"{element} {STAGES.get(stage) or (stage.upper() if _ROMAN.match(stage) else stage)}"

    def raised(self, node: Any, text: str) -> str:
        return _raised(self._argument(node, 0).strip(), text)

    def lowered(self, node: Any, _: str) -> str:
        return _lowered(self._argument(node, 0).strip())

    def space(self, node: Any, _: str) -> str:
        return "" if "-" in self._latex(node, 1) else " "


_MACROS: dict[str, Callable[[_Text, Any, str], str]] = {
    **dict.fromkeys(("frac", "dfrac", "tfrac", "nicefrac", "sfrac"), _Text.fraction),
    "sqrt": _Text.root, "ion": _Text.ion, "textsuperscript": _Text.raised, "sup": _Text.raised,
    "textsubscript": _Text.lowered, "hspace": _Text.space,
}  # fmt: skip


def _arguments(node: Any) -> list[Any]:
    return list(node.nodeargd.argnlist or ()) if node.nodeargd else []


def _raised(inside: str, before: str) -> str:
    """A superscript: of angles and times their mark, of numbers and letters Unicode's own, else `^(…)`."""
    bare = inside.replace(" ", "")
    is_of_number = bool(re.search(r"[\d.\ue001]$", before.rstrip().rstrip("$")))
    if bare in ("°", "∘") or (bare in ("o", "O") and is_of_number):
        return "°"
    if bare and set(bare) <= {"′", "″"}:
        return bare.replace("′′", "″")
    if bare in ("h", "m", "s", "d", "hr", "min", "sec") and is_of_number:
        return RAISED + bare
    if bare and not bare.startswith("+"):
        raised = bare.translate(_SUPERSCRIPT)
        if not set(raised) & set(bare):
            return raised
    return _script("^", inside)


def _lowered(inside: str) -> str:
    return inside.translate(_SUBSCRIPT) if re.fullmatch("[0-9]+", inside) else _script("_", inside)


def _script(mark: str, inside: str) -> str:
    if not inside:
        return ""
    return f"{mark}{inside}" if re.fullmatch(r"[^\W_]+(?:[.,][^\W_]+)*|[^\w\s]", inside) else f"{mark}({inside})"


def _bound(text: str) -> str:
    return text if re.fullmatch(r"[\w.°′″]*", text) else f"({text})"


def _with_unit(number: str, unit: str) -> str:
    return f"{number}{unit}" if unit[:1] in "°′″" else f"{number} {unit}".strip()


def _stage(inside: str, before: str) -> str:
    """Small capitals behind an element are its stage of ionisation: `H{\\sc i}` is H I."""
    is_stage = _ELEMENT.search(before) and _ROMAN.match(inside.strip())
    return f" {inside.strip().upper()}" if is_stage else inside


def _kind_of(label: str) -> str:
    """What \\autoref would say, without its number."""
    kinds = {"fig": "Figure", "tab": "Table", "eq": "Equation", "sec": "Section", "sub": "Section", "app": "Appendix"}
    return next((word for start, word in kinds.items() if label.lower().startswith(start)), GONE)


_WORDS_OF_REFERENCES = re.compile(
    r"\b(?:see|also|in|from|of|and|e\.g|cf|[Ff]igs?|[Ff]igures?|[Ss]ect(?:ion)?s?|[Tt]ab(?:les?|s)?|[Ee]q(?:uation)?s?"
    r"|[Pp]aper)\b"
)
_BRACKETS = re.compile(rf"\s*[(\[]([^()\[\]]*{GONE}[^()\[\]]*)[)\]]")


def _without_empty(found: re.Match[str]) -> str:
    """Brackets around references alone go with them."""
    left = _WORDS_OF_REFERENCES.sub("", found[1])
    return found[0] if left.strip(f"{GONE},;.&–-§ ") else GONE


def _tidy(text: str) -> str:
    """Decimal marks put where they belong, our own marks away, empty brackets of citations closed up."""
    text = re.sub(rf"(\d)?\s*{DECIMAL}(.)\s*(\d+)", lambda one: f"{one[1] or ''}.{one[3]}{one[2]}", text)
    marked = rf"([°′″]|{RAISED}[a-z]+)"
    text = re.sub(rf"(\d)\s*\.\s*{marked}\s*(\d+)", r"\1.\3\2", text)  # 1.″5
    text = re.sub(rf"(\d)\s*{marked}\.(\d+)", r"\1.\3\2", text)  # 1″.5
    text = text.replace(DECIMAL, "").replace(RAISED, "")
    text = re.sub(r"\s*\^\((\+[^()]*)\)\s*_\((-[^()]*)\)", r" \1/\2", text)  # 5.2 +0.3/-0.2
    text = re.sub(r"\s*_\((-[^()]*)\)\s*\^\((\+[^()]*)\)", r" \2/\1", text)
    text = re.sub(r"\s+", " ", text)
    for _ in range(2):  # brackets in brackets
        text = _BRACKETS.sub(_without_empty, text)
    text = re.sub(rf" ?{GONE} ?,?(?= ?{GONE})", "", text)
    text = re.sub(rf"[,;] ?{GONE} ?(?=[)\];])", "", text)  # (21cmFAST, )
    text = re.sub(rf" (?:as in|by|from|of|see|in|after|following|to|with|and) ?{GONE}(?=[ .,;)]|$)", GONE, text)
    text = re.sub(rf"(\b(?:[Ff]igs?|[Ee]qs?|[Ss]ects?|[Ss]ecs?|[Tt]abs?)\.) ?{GONE} ?\.", r"\1", text)
    text = re.sub(rf" ?{GONE}( ?[.,;:)])", r"\1", text)
    text = re.sub(rf" ?{GONE} ?", " ", text)
    text = MARKS.sub("", text)
    text = "".join(one for one in text if one.isprintable() or one.isspace())
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"\s+([,;.])(?=\s|$)", r"\1", text)
