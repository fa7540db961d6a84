"""pylatexenc's reader of LaTeX, quicker: it takes letters one by one, at 6 us each; here a run of them is one token."""

import re
from typing import Any

from pylatexenc.latexwalker import LatexGroupNode, LatexToken, LatexWalker, LatexWalkerError
from pylatexenc.macrospec import MacroStandardArgsParser

from curation.papers.macros import closing

_PLAIN = re.compile(
    r"(\s?)(?:([A-Za-z0-9](?:[A-Za-z0-9.,;:/=+]|\s(?=[A-Za-z0-9]))*)"
    r"|\\((?!(?:begin|end)(?![A-Za-z]))[A-Za-z]+)(?![^\W\d_]|\s)"  # a macro that no space follows
    r"|([{}]))"
)
_KINDS = (None, None, "char", "macro", None)


class AsWritten(MacroStandardArgsParser):
    """Arguments whose source alone is wanted: what stands in their braces is not read."""

    def parse_args(self, w: Any, pos: int, parsing_state: Any = None) -> Any:
        """As of any macro, with groups that are empty but as long as they are."""
        before, w.is_as_written = w.is_as_written, True
        try:
            return super().parse_args(w, pos, parsing_state=parsing_state)
        finally:
            w.is_as_written = before


class Walker(LatexWalker):
    """Gives the same tree as LatexWalker, in tolerant mode, but for arguments that are left as written."""

    is_as_written = False

    def __init__(self, latex: str, context: Any) -> None:
        super().__init__(latex, latex_context=context, tolerant_parsing=True)
        self._optional: dict[tuple[int, bool, str | None], Any] = {}
        """What stands at a place as an argument in brackets, or why none does."""

    def get_token(self, pos: int, *given: Any, environments: bool = True, **how: Any) -> LatexToken:
        """The next token. An argument without braces is one character: there `environments` is False."""
        if environments and (found := _PLAIN.match(self.s, pos)):
            at, end = found.end(1), found.end()
            kind = _KINDS[found.lastindex or 0] or ("brace_open" if found[4] == "{" else "brace_close")
            return LatexToken(tok=kind, arg=found[found.lastindex or 0], pos=at, len=end - at, pre_space=found[1])
        return super().get_token(pos, *given, environments=environments, **how)

    def get_latex_braced_group(self, pos: int, brace_type: str = "{", parsing_state: Any = None) -> Any:
        """The group that opens at a place."""
        end = closing(self.s, pos) if self.is_as_written and brace_type == "{" and self.s[pos : pos + 1] == "{" else -1
        if end < 0:
            return super().get_latex_braced_group(pos, brace_type, parsing_state)
        state = parsing_state or self.make_parsing_state()
        length = end + 1 - pos
        group = self.make_node(
            LatexGroupNode, nodelist=[], parsing_state=state, delimiters=("{", "}"), pos=pos, len=length
        )
        return group, pos, length

    def get_latex_maybe_optional_arg(self, pos: int, parsing_state: Any = None) -> Any:
        """The argument in brackets at a place, read once.

        What stands in a bracket that is never closed is read again as text: twice as long for each bracket in another.
        """
        state = parsing_state or self.make_parsing_state()
        key = pos, bool(state.in_math_mode), state.math_mode_delimiter
        if key not in self._optional:
            try:
                self._optional[key] = super().get_latex_maybe_optional_arg(pos, parsing_state=state)
            except LatexWalkerError as error:
                self._optional[key] = error
        found = self._optional[key]
        if isinstance(found, LatexWalkerError):
            raise found.with_traceback(None)
        return found
