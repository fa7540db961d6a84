"""pylatexenc's reader of LaTeX, with runs of plain letters as one token: it takes them one by one, at 6 us each."""

import re
from typing import Any

from pylatexenc.latexwalker import LatexToken, LatexWalker

_RUN = re.compile(r"(\s?)([A-Za-z0-9](?:[A-Za-z0-9.,;:/=+]|\s(?=[A-Za-z0-9]))*)")


class Walker(LatexWalker):
    """Gives the same tree as LatexWalker, in tolerant mode."""

    def __init__(self, latex: str, context: Any) -> None:
        super().__init__(latex, latex_context=context, tolerant_parsing=True)

    def get_token(self, pos: int, *given: Any, environments: bool = True, **how: Any) -> LatexToken:
        """The next token. An argument without braces is one character: there `environments` is False."""
        if environments and (run := _RUN.match(self.s, pos)):
            return LatexToken(tok="char", arg=run[2], pos=run.start(2), len=len(run[2]), pre_space=run[1])
        return super().get_token(pos, *given, environments=environments, **how)
