"""LaTeX as text: without comments and verbatim, with its other files put in where they are called for."""

import re
from collections.abc import Iterator

from curation.papers.archive import Contents

VERBATIM = "verbatim|Verbatim|lstlisting|minted|comment|filecontents"
# From left to right: what is copied as it is (escaped characters), and what is left out.
_CLEAN = re.compile(
    rf"\\begin\s*\{{(?P<environment>(?:{VERBATIM})\*?)\}}"
    r"|\\verb\*?(?P<bar>[^a-zA-Z\s*])[^\n]*?(?P=bar)"
    r"|(?P<kept>(?:\\(?!begin|verb).[^\\%]*)+|\\.)"
    r"|(?P<comment>%)[^\n]*(?:\n[ \t]*)?",
    re.DOTALL,
)
_IF = re.compile(r"\\(?P<word>if[a-zA-Z]*|fi|else)(?![a-zA-Z])")
_INPUT = re.compile(
    r"\\(?:input|include|subfile|InputIfFileExists)(?![a-zA-Z])\s*(?:\{\s*(?P<braced>[^{}#\\]+?)\s*\}|(?P<bare>[^\s{}\\#]+))"
    r"|\\(?:sub)?import\*?\s*\{(?P<folder>[^{}#\\]*)\}\s*\{(?P<file>[^{}#\\]+)\}"
)
_PACKAGE = re.compile(r"\\(?:usepackage|RequirePackage)\s*(?:\[[^\]]*\])?\s*\{([^{}]*)\}")
_ROOT = re.compile(r"\\document(?:class|style)\b")
_END = re.compile(r"\\end\s*\{document\}")
DEEPEST = 20
SOURCES = (".tex", ".ltx", ".latex", ".TEX", ".pstex_t", ".pdf_tex", ".pdftex_t", ".eps_tex", ".sty")


class TooMuchSourceError(ValueError):
    """More LaTeX than the limits allow, counting what is put in several times."""


class Sources:
    """The LaTeX files of a paper, each read and cleaned once."""

    def __init__(self, contents: Contents) -> None:
        self.contents = contents
        self.by_name: dict[str, str] = {}
        self.names = [name for name in contents.files if name.endswith(SOURCES)]
        self.lower = {name.lower(): name for name in reversed(self.names)}

    def roots(self) -> list[str]:
        """The files that are documents, the longest first: they begin one and no other document calls for them.

        A paper without any (plain TeX, or a lone file of figures) has its longest file as its document.
        """
        found = [name for name in self.names if name.lower().endswith((".tex", ".ltx", ".latex"))]
        roots = [name for name in found if _ROOT.search(self.text(name))]
        called = {one for root in roots for one in self._called(root)}
        roots = [name for name in roots if name not in called] or roots
        ordered = sorted(roots or found, key=lambda name: (-len(self.text(name)), name))
        return ordered if roots else ordered[:1]

    def text(self, name: str) -> str:
        """A file without comments, verbatim, and what stands after its end."""
        if name not in self.by_name:
            content = self.contents.read(name)
            if len(content) > self.contents.limits.source_bytes:
                raise TooMuchSourceError(f"{name}: more than {self.contents.limits.source_bytes} bytes of LaTeX")
            self.by_name[name] = cleaned(decoded(content))
        return self.by_name[name]

    def flat(self, root: str) -> str:
        """The document with all its files put in where they are called for."""
        left = [self.contents.limits.source_bytes]
        text = self._flat(root, (), left)
        end = _END.search(text)
        return text[: end.start()] if end else text

    def packages(self, root: str) -> Iterator[str]:
        """The paper's own style files that the document uses."""
        for found in _PACKAGE.finditer(self.text(root)):
            for word in found[1].split(","):
                if name := self.lower.get(f"{word.strip()}.sty".lower()):
                    yield self.text(name)

    def _called(self, root: str) -> Iterator[str]:
        for found in _INPUT.finditer(self.text(root)):
            if (name := self._member(found, root)) and name != root:
                yield name

    def _flat(self, name: str, above: tuple[str, ...], left: list[int]) -> str:
        text = self.text(name)
        if above and (end := _END.search(text)):  # a subfile is a document too, and does not end the one that calls it
            text = text[: end.start()]
        left[0] -= len(text)
        if left[0] < 0:
            raise TooMuchSourceError(f"{name}: more than {self.contents.limits.source_bytes} bytes of LaTeX")
        inside = (*above, name)

        def put_in(found: re.Match[str]) -> str:
            member = self._member(found, inside[0])
            is_known = member is not None and member not in inside and len(inside) < DEEPEST
            if not is_known or not member:
                return found[0]
            is_word_before = found.string[max(0, found.start() - 1) : found.start()].isalpha()
            return " " * is_word_before + self._flat(member, inside, left)

        return _INPUT.sub(put_in, text)

    def _member(self, found: re.Match[str], root: str) -> str | None:
        """Of \\input{name}: the paper's file, by its folder, by the ending left out, or in the wrong case."""
        if found["file"] is not None:
            called = f"{found['folder'].rstrip('/')}/{found['file']}".lstrip("/")
        else:
            called = found["braced"] or found["bare"] or ""
        called = called.strip('"').removeprefix("./").lower()
        folder = f"{root.rpartition('/')[0]}/".lstrip("/").lower()
        for name in (f"{folder}{called}.tex", f"{folder}{called}", f"{called}.tex", called):
            if name in self.lower:
                return self.lower[name]
        return None


def decoded(content: bytes) -> str:
    """LaTeX as text: UTF-8, else Windows' Latin alphabet, in which every byte means something."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def cleaned(text: str) -> str:
    """Without comments, verbatim text, and what `\\iffalse` or `\\endinput` switches off."""
    text = "".join(_uncommented(text)).split("\\endinput", 1)[0]
    return without_false(text) if "\\iffalse" in text else text


def _uncommented(text: str) -> Iterator[str]:
    unclosed = set[str]()  # environments without an end: looked for once
    at = 0
    while found := _CLEAN.search(text, at):
        yield text[at : found.start()]
        at = found.end()
        if name := found["environment"]:
            end = -1 if name in unclosed else text.find(f"\\end{{{name}}}", at)
            if end < 0:
                unclosed.add(name)
            else:
                at = end + len(f"\\end{{{name}}}")
        elif found["kept"]:
            yield found["kept"]
    yield text[at:]


def without_false(text: str) -> str:
    """Without the parts between `\\iffalse` and its `\\else` or `\\fi`."""
    kept: list[str] = []
    depth, start = 0, 0  # depth: of conditionals inside the part that is left out
    for found in _IF.finditer(text):
        word = found["word"]
        if not depth:
            if word == "iffalse":
                kept.append(text[start : found.start()])
                depth = 1
        elif word == "fi" or (word == "else" and depth == 1):
            depth -= 1
            start = found.end() if not depth else start
        elif word.startswith("if"):
            depth += 1
    return "".join(kept) + ("" if depth else text[start:])
