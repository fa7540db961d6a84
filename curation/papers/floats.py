"""Where a document has figures: their pictures, captions and labels, by pylatexenc's tree of each float."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pylatexenc import latexwalker as lw
from pylatexenc.latexwalker import LatexWalkerParseError
from pylatexenc.macrospec import EnvironmentSpec, MacroSpec

from curation.papers.macros import bracketed, group
from curation.papers.walker import AsWritten, Walker

FLOATS = (
    "figure", "SCfigure", "wrapfigure", "sidewaysfigure", "floatingfigure", "rotatefigure", "figwindow",
    "inlinefigure", "marginfigure", "turnpage", "wrapfig", "longfigure",
)  # fmt: skip
DRAWN = ("tikzpicture", "pspicture", "picture", "axis", "pgfpicture", "circuitikz", "fmffile", "feynman")
DRAWN_FILES = (".tikz", ".pgf", ".tex")
# Arguments as pylatexenc writes them: * a star, [ optional, { mandatory.
PICTURES = {
    "includegraphics": "*[[{", "plotone": "{", "plottwo": "{{", "plotfiddle": "{{{{{{{", "epsfbox": "[{",
    "epsffile": "[{", "epsfig": "{", "psfig": "{", "includesvg": "[{", "includepdf": "[{", "special": "{",
    "fig": "{{{", "leftfig": "{{{", "rightfig": "{{{", "boxedfig": "{{{", "rotatefig": "{{{{", "plotrotate": "{{",
}  # fmt: skip
CAPTIONS = {"caption": "*[{", "captionof": "*{[{", "figcaption": "[{", "subcaption": "*[{", "topcaption": "[{"}
PARTS = {"subfloat": "[[{", "subfigure": "[[{", "subbottom": "[[{", "subcaptionbox": "*[{[[{", "sidesubfloat": "[[{"}
OTHERS = {
    "label": "{", "rotatebox": "[{{", "resizebox": "*{{{", "scalebox": "{[{", "parbox": "[[[{{", "raisebox": "{[[{",
    "graphicspath": "{", "newline": "", "par": "", "linebreak": "[", "ffigbox": "[[{{", "adjustbox": "{{",
}  # fmt: skip
PART_ENVIRONMENTS = ("subfigure", "subfigure*", "subcaptionblock", "subcaptiongroup")
BREAKS = ("\\", "newline", "par", "linebreak", "tabularnewline")
OF_AASTEX = (
    "fig",
    "leftfig",
    "rightfig",
    "boxedfig",
    "rotatefig",
    "plotrotate",
)  # names that papers take for their own
PROTECTED = frozenset({*PICTURES, *CAPTIONS, *PARTS, *OTHERS, *FLOATS, "begin", "end"} - {*OF_AASTEX})
FIGURE_WORDS = re.compile(
    rf"\\(?:begin|end)\s*\{{(?:{'|'.join((*FLOATS, *PART_ENVIRONMENTS)).replace('*', '[*]')})"
    rf"|\\(?:{'|'.join((*PICTURES, *CAPTIONS, *PARTS))})(?![a-zA-Z])"
)
_FLOAT = re.compile(rf"\\(begin|end)\s*\{{((?:{'|'.join(FLOATS)})\*?)\}}")
_OUTSIDE = re.compile(rf"\\(?:{'|'.join((*PICTURES, 'captionof', 'figcaption'))})(?![a-zA-Z])")
_APART = re.compile(r"\\(?:part|chapter|(?:sub)*section|bibliography|begin\s*\{(?:table|deluxetable|longtable))")
_TABLES = re.compile(r"\\begin\s*\{((?:table|deluxetable|longtable|sidewaystable|algorithm)\*?)\}")
_LABEL = re.compile(r"\\label\s*\{([^{}]*)\}")
_KEY_VALUE = re.compile(r"([a-zA-Z]+)\s*(?:=\s*(\{[^{}]*\}|[^,{}]*(?:\{[^{}]*\}[^,{}]*)*))?\s*(?:,|$)")
_PSFILE = re.compile(r"psfile\s*=\s*\"?([^\s\",]+)", re.IGNORECASE)
MOST_FLOAT = 200_000  # characters


@dataclass(frozen=True)
class Use:
    """A picture as the paper shows it: which file, turned and cut how."""

    name: str
    angle_deg: float = 0.0  # counter-clockwise
    page: int = 1
    trim: str = ""  # "left bottom right top", with units or in big points; only where it is cut
    viewport: str = ""
    row: int = 0  # pictures of one row stand side by side


@dataclass
class Box:
    """A float, or a part of one, as the tree has it."""

    kind: str
    items: list["Use | Caption | Box"] = field(default_factory=list["Use | Caption | Box"])
    label: str = ""
    is_drawn: bool = False

    def walk(self) -> Iterator["Use | Caption | Box"]:
        """All that is in it, in order, boxes before what they hold."""
        for item in self.items:
            yield item
            if isinstance(item, Box):
                yield from item.walk()


@dataclass(frozen=True)
class Caption:
    latex: str
    kind: str
    label: str = ""  # of a \\label that follows it


@dataclass(frozen=True)
class Found:
    """A caption with its pictures, as the source has them; `trouble` where they cannot be told."""

    number: int
    panel: str
    kind: str
    label: str
    caption_latex: str
    uses: tuple[Use, ...]
    is_drawn: bool = False
    trouble: str = ""


class NoFloatError(ValueError):
    """A float that cannot be read as a tree."""


def _context() -> Any:
    context = lw.get_default_latex_context_db()
    macros = [MacroSpec(name, args) for name, args in {**PICTURES, **PARTS, **OTHERS}.items()]
    macros += [MacroSpec(name, AsWritten(args)) for name, args in CAPTIONS.items()]
    environments = [
        *[EnvironmentSpec(name, "[[[{") for name in ("minipage", "subfigure", "subfigure*", "subcaptionblock")],
        EnvironmentSpec("overpic", "[{"),
        EnvironmentSpec("wrapfigure", "[{[{"),
    ]
    context.add_context_category("papers", macros=macros, environments=environments, prepend=True)
    return context


CONTEXT = _context()


def found_in(text: str) -> Iterator[Found]:
    """The figures of a flattened document with its macros put in, numbered in order from 1."""
    number = 0
    loose: list[str] = []  # of figures whose captions stand apart, as AASTeX's manuscripts have them
    for kind, body in _regions(text):
        if kind == "apart":
            loose.append(body)
            continue
        for one in _of_float(kind, body, number):
            number = one.number
            yield one
    for segment in loose:
        for one in _of_float("captionof", "\n".join(_calls(segment)), number):
            if one.caption_latex:
                number = one.number
                yield one


def _regions(text: str) -> Iterator[tuple[str, str]]:
    """Floats with their kinds, and what lies between them and holds a caption, as "apart"."""
    at = start = 0
    while found := _FLOAT.search(text, at):
        at = found.end()
        if found[1] == "end":
            continue
        kind = found[2]
        end = re.compile(rf"\\end\s*\{{{re.escape(kind)}\}}|\\begin\s*\{{{re.escape(kind)}\}}").search(text, at)
        yield from _apart(text[start : found.start()])
        until = end.start() if end else min(len(text), at + MOST_FLOAT)
        yield kind, text[at:until]
        at = start = end.end() if end and "end" in end[0][:5] else until
    yield from _apart(text[start:])


def _apart(text: str) -> Iterator[tuple[str, str]]:
    """Parts between sections that have a figure's caption of their own; tables and algorithms left out."""
    if "\\captionof" not in text and "\\figcaption" not in text:
        return
    at, kept = 0, list[str]()
    while table := _TABLES.search(text, at):
        kept.append(text[at : table.start()])
        end = text.find(f"\\end{{{table[1]}}}", table.end())
        at = end if end >= 0 else table.end()
    for part in _APART.split("".join(kept) + text[at:]):
        if "\\captionof" in part or "\\figcaption" in part:
            yield "apart", part


def _calls(text: str) -> Iterator[str]:
    """The calls of a text that make figures, each with its arguments as it stands."""
    for found in _OUTSIDE.finditer(text):
        end, inside = found.end(), ""
        if text[end : end + 1] == "*":
            end += 1
        while inside is not None:
            option, after = bracketed(text, end)
            inside, after = (option, after) if option is not None else group(text, end)
            end = after if inside is not None else end
        yield text[found.start() : end]


def _of_float(kind: str, body: str, number: int) -> Iterator[Found]:
    """The figures of one float, numbered after `number`."""
    try:
        box = parsed(kind, body)
    except NoFloatError as error:
        yield Found(number + 1, "", kind, "", "", (), trouble=str(error))
        return
    for main, holders in _captioned(box):
        number += 1
        yield from _numbered(number, box, main, holders)


def parsed(kind: str, body: str) -> Box:
    """The tree of a float's pictures, captions and labels. Raises NoFloatError."""
    if len(body) > MOST_FLOAT:
        raise NoFloatError(f"a float of {len(body)} characters; expected at most {MOST_FLOAT}")
    try:
        nodes = Walker(body, CONTEXT).get_latex_nodes()[0]
        box = Box(kind)
        _Reader(box).read(nodes)
    except (LatexWalkerParseError, RecursionError, IndexError, AttributeError, TypeError, ValueError) as error:
        found = " ".join(str(error).split())[:200] or type(error).__name__
        raise NoFloatError(f"the float cannot be read as LaTeX: {found}") from None
    return box


class _Reader:
    """Walks the tree of a float and puts what matters into boxes."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.row = 0
        self.angle = 0.0

    def read(self, nodes: Iterable[Any]) -> None:
        for node in nodes or ():
            if node is None:
                continue
            if node.isNodeType(lw.LatexMacroNode):
                self._macro(node)
            elif node.isNodeType(lw.LatexEnvironmentNode):
                self._environment(node)
            elif node.isNodeType(lw.LatexGroupNode):
                self.read(node.nodelist)
            elif node.isNodeType(lw.LatexCharsNode) and "\n\n" in re.sub(r"[ \t]", "", node.chars):
                self.row += 1

    def _inside(self, kind: str, nodes: Iterable[Any]) -> Box:
        """What nodes hold, as a box of its own."""
        outer, self.box = self.box, Box(kind)
        self.read(nodes)
        inner, self.box = self.box, outer
        self.box.items.append(inner)
        self.box.is_drawn = self.box.is_drawn or inner.is_drawn
        return inner

    def _macro(self, node: Any) -> None:
        name = node.macroname
        arguments = list(node.nodeargd.argnlist or ()) if node.nodeargd else []
        if name in PICTURES:
            uses = _uses(name, [_inner(one) for one in arguments])
            self._add(uses)
        elif name in CAPTIONS:
            self._caption(name, [_inner(one) for one in arguments])
        elif name in PARTS:
            self._part(name, arguments)
        elif name == "label":
            self._label(_inner(arguments[0]))
        elif name in BREAKS:
            self.row += 1
        elif name == "rotatebox":
            self._turned(arguments)
        elif name == "input" and (_inner(arguments[0]) if arguments else "").endswith(DRAWN_FILES):
            self.box.is_drawn = True
        else:
            self.read(arguments)

    def _add(self, uses: Iterable[Use]) -> None:
        turned = (replace(one, row=self.row, angle_deg=one.angle_deg + self.angle) for one in uses)
        self.box.items.extend(turned)

    def _caption(self, name: str, arguments: list[str | None]) -> None:
        if name == "captionof" and (arguments[1] or "").strip() not in ("figure", "figure*"):
            return
        if name == "figcaption" and arguments[0]:
            self._add([Use(_file(arguments[0]))])
        latex = arguments[-1] or ""
        self.box.items.append(Caption(latex, name))

    def _label(self, label: str) -> None:
        """A label belongs to the caption before it, else to its float."""
        last = self.box.items[-1] if self.box.items else None
        if isinstance(last, Caption) and not last.label:
            self.box.items[-1] = replace(last, label=label)
        else:
            self.box.label = self.box.label or label

    def _part(self, name: str, arguments: list[Any]) -> None:
        options, content = arguments[:-1], arguments[-1]
        texts = [_inner(one) for one in options if one is not None]
        if name == "subcaptionbox":
            texts = [_inner(arguments[2]) or _inner(arguments[1])]
        box = self._inside(name, [content])
        given = next((one for one in reversed(texts) if one is not None), None)
        if given is not None:
            box.items.append(Caption(given, name))
        box.label = box.label or next((one for one in (_LABEL.findall(given or "")) if one), "")

    def _turned(self, arguments: list[Any]) -> None:
        before = self.angle
        self.angle += _number(_inner(arguments[1]) or "")
        self.read(arguments[2:])
        self.angle = before

    def _environment(self, node: Any) -> None:
        name = node.environmentname
        arguments = list(node.nodeargd.argnlist or ()) if node.nodeargd else []
        if name in DRAWN:
            self.box.is_drawn = True
            self._inside("drawn", node.nodelist)
        elif name == "overpic":
            self._add([_included([_inner(one) for one in arguments])])
        elif name in PART_ENVIRONMENTS or name == "minipage":
            self._inside(name, node.nodelist)
        elif not name.startswith(("table", "deluxetable", "algorithm")):
            self.read(node.nodelist)


def _inner(node: Any) -> str:
    """The source of an argument, without its own braces; empty without any."""
    if node is None:
        return ""
    if node.isNodeType(lw.LatexGroupNode):
        return node.latex_verbatim()[1:-1]
    return node.latex_verbatim()


def _uses(name: str, arguments: list[str]) -> list[Use]:
    """The pictures that a macro shows."""
    if name in ("includegraphics", "includepdf", "includesvg"):
        return [_included(arguments)]
    if name in ("epsfig", "psfig"):
        options = options_of(arguments[0])
        named = options.get("file") or options.get("figure") or ""
        return [_shown(named, options)] if named else []
    if name == "special":
        named = _PSFILE.search(arguments[0])
        return [Use(_file(named[1]))] if named else []
    if name == "plottwo":
        return [Use(_file(one)) for one in arguments]
    if name == "plotfiddle":
        return [Use(_file(arguments[0]), angle_deg=_number(arguments[2]))]
    if name == "rotatefig":
        return [Use(_file(arguments[1]), angle_deg=_number(arguments[0]))]
    return [Use(_file(arguments[-1] if name in ("epsfbox", "epsffile") else arguments[0]))]


def _included(arguments: Sequence[str]) -> Use:
    options = {key: value for one in arguments[:-1] for key, value in options_of(one or "").items()}
    return _shown(arguments[-1], options)


def _shown(name: str, options: dict[str, str]) -> Use:
    is_cut = options.get("clip", "false") != "false"
    page = options.get("page", options.get("pages", "1"))
    return Use(
        _file(name),
        angle_deg=_number(options.get("angle", "0")),
        page=int(page) if page.isdigit() and 0 < int(page) < 10_000 else 1,  # noqa: PLR2004
        trim=options.get("trim", "") if is_cut else "",
        viewport=options.get("viewport", "") if is_cut else "",
    )


def options_of(text: str) -> dict[str, str]:
    """Keys and values of a list such as `width=5cm, trim={0 0 1cm 0}, clip`."""
    return {
        found[1]: "true" if found[2] is None else found[2].strip().strip("{}").strip().strip('"')
        for found in _KEY_VALUE.finditer(" ".join(text.split())[:2000])
    }


def _file(name: str) -> str:
    """A file's name as LaTeX means it: without quotes, doubled braces, line breaks, and escapes."""
    name = "".join(name.split("\n"))
    return re.sub(r"\\(?:string|detokenize)\s*|[{}\"]|\\(?=[_#&~%])", "", name).strip()


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if abs(value) < 1e4 else 0.0  # noqa: PLR2004


def _captioned(box: Box) -> Iterator[tuple[Caption | None, list["Use | Box"]]]:
    """The main captions of a float, each with the pictures and parts that it speaks of."""
    flat = list(_flattened(box))
    mains = [one for one, _ in flat if isinstance(one, Caption)]
    shown = [one for one, _ in flat if not isinstance(one, Caption)]
    if len(mains) <= 1:
        yield (mains[0] if mains else None), shown
        return
    taken: dict[int, list[Use | Box]] = {}
    own = {id(box): [pair for pair in flat if pair[1] is box] for _, box in flat}
    rest: list[tuple[Use | Box | Caption, Box]] = []
    for pair in flat:  # a minipage with one caption and pictures of its own
        same = own[id(pair[1])]
        captions = [one for one, _ in same if isinstance(one, Caption)]
        if pair[1] is not box and len(captions) == 1 and len(same) > 1:
            taken.setdefault(id(captions[0]), [one for one, _ in same if not isinstance(one, Caption)])
        else:
            rest.append(pair)
    taken.update(_shared(rest))
    for main in mains:
        yield main, taken.get(id(main), [])


def _shared(rest: Sequence[tuple[Use | Box | Caption, Box]]) -> dict[int, list[Use | Box]]:
    """Pictures among captions that have no box of their own: those before a caption, or after where captions begin.

    Captions that stand all together, apart from the pictures, have one each, or none is told.
    """
    captions = [one for one, _ in rest if isinstance(one, Caption)]
    shown = [one for one, _ in rest if not isinstance(one, Caption)]
    taken: dict[int, list[Use | Box]] = {}
    are = [isinstance(one, Caption) for one, _ in rest]
    if len(captions) > 1 and are in (sorted(are), sorted(are, reverse=True)):
        pairs = zip(captions, shown, strict=True) if len(captions) == len(shown) else ()
        return {id(caption): [one] for caption, one in pairs}
    is_above = bool(rest) and isinstance(rest[0][0], Caption)
    waiting: list[Use | Box] = []
    last: Caption | None = None
    for one, _ in rest:
        if not isinstance(one, Caption):
            waiting = taken.setdefault(id(last), []) if is_above and last else waiting
            waiting.append(one)
        elif is_above:
            last = one
        else:
            taken[id(one)], waiting = waiting, []
    return taken


def _flattened(box: Box) -> Iterator[tuple[Use | Caption | Box, Box]]:
    """What a float holds with the box it stands in: parts whole, minipages opened."""
    for item in box.items:
        if isinstance(item, Box) and item.kind in ("minipage", "drawn"):
            yield from _flattened(item)
        else:
            yield item, box


def _numbered(number: int, box: Box, main: Caption | None, holders: list[Use | Box]) -> Iterator[Found]:
    uses: list[Use] = []
    parts: list[Found] = []
    for one in holders:
        if isinstance(one, Use):
            uses.append(one)
            continue
        inner = [item for item in one.walk() if isinstance(item, Use)]
        uses += inner
        captions = [item for item in one.walk() if isinstance(item, Caption)]
        panel = _letter(sum(isinstance(item, Box) for item in holders[: holders.index(one)]))
        label = _label_of(one, captions)
        if captions and (captions[-1].latex.strip() or one.kind in PART_ENVIRONMENTS):
            latex = captions[-1].latex
            parts.append(Found(number, panel, one.kind.rstrip("*"), label, latex, tuple(inner), one.is_drawn))
    captions = [main] if main else []
    label = _label_of(box, captions)
    kind = main.kind if main and main.kind in ("captionof", "figcaption") else box.kind
    latex = main.latex if main else ""
    yield Found(number, "", kind, label, latex, tuple(uses), box.is_drawn)
    yield from parts


def _label_of(box: Box, captions: list[Caption]) -> str:
    inside = next((found[1] for one in captions if (found := _LABEL.search(one.latex))), "")
    return inside or next((one.label for one in captions if one.label), "") or box.label


def _letter(index: int) -> str:
    return chr(ord("a") + index) if index < 26 else f"a{index + 1}"  # noqa: PLR2004
