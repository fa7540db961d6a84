"""pylatexenc's reader of LaTeX, quicker: it takes letters one by one, at 6 us each; here a run of them is one token."""

import re
from typing import Any

from pylatexenc.latexwalker import LatexToken, LatexWalker, LatexWalkerError

_PLAIN = re.compile(
    r"(\s?)(?:([A-Za-z0-9](?:[A-Za-z0-9.,;:/=+]|\s(?=[A-Za-z0-9]))*)"
    r"|\\((?!(?:begin|end)(?![A-Za-z]))[A-Za-z]+)(?![^\W\d_]|\s)"  # a macro that no space follows
    r"|([{}]))"
)
_KINDS = (None, None, "char", "macro", None)


class Walker(LatexWalker):
    """Gives the same tree as LatexWalker, in tolerant mode."""

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
