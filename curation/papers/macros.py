"""The paper's own macros, put in as text: a bounded expander that runs nothing but substitution.

Known: \\newcommand and its kin, \\def with plain parameters, \\let, \\newenvironment, \\DeclareMathOperator,
\\NewDocumentCommand with m and o. Conditionals, counters and everything else of TeX is left as it stands.
"""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache

MOST_EXPANSIONS = 5_000
MOST_GROWTH = 1_000_000  # characters that expansions may add to a document
MOST_DEFINITIONS = 5_000
MOST_BROKEN = 100  # definitions whose braces are never closed
FARTHEST = 100_000  # characters from a brace to the one that closes it
_DEFINES = re.compile(
    r"\\(?P<how>(?:re|provide)?newcommand|DeclareRobustCommand|(?:New|Renew|Provide|Declare)DocumentCommand"
    r"|[gex]?def|let|(?:re)?newenvironment|DeclareMathOperator)\*?(?![a-zA-Z@])"
)
_NAME = re.compile(r"\s*\{?\s*\\([a-zA-Z@]+|[^a-zA-Z@\s])\s*\}?")
_CALL = re.compile(r"\\(?:(?P<how>begin|end)\s*\{(?P<environment>[a-zA-Z@*]+)\}|(?P<name>[a-zA-Z@]+))")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_COUNT = re.compile(r"\s*\[\s*(\d)\s*\]")
_PARAMETERS = re.compile(r"\s*((?:#\d)*)\s*(?=\{)")
_LITERAL = re.compile(r"([^\s#{}\\]{1,40})(?=\{)")
_PARAMETER = re.compile(r"#(\d)")
_SPACE = re.compile(r"\s*")


class TooManyExpansionsError(ValueError):
    """Macros that call each other without an end, or that grow without a bound."""


@dataclass(frozen=True)
class Macro:
    """What a call is replaced by."""

    n_arguments: int
    body: str
    default: str | None = None  # of the first argument, where it is optional
    end: str = ""  # of an environment
    literals: tuple[tuple[str, str], ...] = ()  # of \\def\\macs0416{...}: what must follow, and what it then means


@dataclass
class Macros:
    """Definitions in the order of the document: the newest one holds, of a name that no \\let has kept."""

    protected: frozenset[str] = frozenset()
    """Names that keep their own meaning, whatever a paper defines."""
    commands: dict[str, Macro] = field(default_factory=dict[str, Macro])
    environments: dict[str, Macro] = field(default_factory=dict[str, Macro])
    kept: set[str] = field(default_factory=set[str])  # TeX's own, which \\let gave another name
    n_definitions: int = 0
    n_broken: int = 0
    n_expansions: int = 0
    growth: int = 0

    def learn(self, text: str) -> None:
        """Take the definitions of a text, wherever they stand in it."""
        at = 0
        while (found := _DEFINES.search(text, at)) and self.n_definitions < MOST_DEFINITIONS:
            at = max(self.define(text, found), found.end())

    def define(self, text: str, found: re.Match[str]) -> int:
        """Take one definition; gives where it ends. One that is not understood ends where its word does."""
        how = found["how"]
        self.n_definitions += 1
        if self.n_definitions > MOST_DEFINITIONS or self.n_broken > MOST_BROKEN:
            return found.end()
        if how.endswith("newenvironment"):
            return self._environment(text, found.end())
        named = _NAME.match(text, found.end())
        if not named:
            return found.end()
        name, at = named[1], named.end()
        if how == "let":
            return self._let(text, name, at)
        macro, at = _READERS.get(how, _newcommand)(text, at)
        self.n_broken += macro is None
        is_new = how != "providecommand" or name not in self.commands
        if macro and is_new and name not in self.protected | self.kept:
            if macro.literals and name in self.commands:
                macro = replace(self.commands[name], literals=(*macro.literals, *self.commands[name].literals))
            self.commands[name] = macro
        return at

    def _let(self, text: str, name: str, at: int) -> int:
        meant = re.compile(r"\s*=?\s*\\([a-zA-Z@]+)").match(text, at)
        if not meant:
            return at
        if name not in self.protected and name != meant[1]:
            if meant[1] not in self.commands:
                self.kept.add(meant[1])
            self.commands[name] = self.commands.get(meant[1], Macro(0, f"\\{meant[1]} "))
        return meant.end()

    def _environment(self, text: str, at: int) -> int:
        name, at = group(text, at)
        if name is None:
            return at
        n_arguments, default, at = _arguments_of(text, at)
        begin, at = group(text, at)
        end, at = group(text, at)
        if begin is not None and end is not None and name.strip() not in self.protected:
            self.environments[name.strip()] = Macro(n_arguments, begin, default, end)
        return at

    def calling(self, words: re.Pattern[str]) -> frozenset[str]:
        """The names whose bodies hold one of the words, themselves or through others; environments as `{name}`."""
        bodies = {name: macro.body for name, macro in self.commands.items()}
        bodies |= {f"{{{name}}}": macro.body + macro.end for name, macro in self.environments.items()}
        calls = {
            name: {f"{{{one[1]}}}" if one[0] else one[2] for one in _CALL.findall(body)}
            for name, body in bodies.items()
        }
        found = {name for name, body in bodies.items() if words.search(body)}
        while more := {name for name, called in calls.items() if name not in found and called & found}:
            found |= more
        return frozenset(found)

    def bodies(self, text: str) -> str:
        """The texts of all macros that a text calls, themselves or through others."""
        seen: dict[str, str] = {}
        waiting = [one[2] for one in _CALL.findall(text)]
        while waiting:
            name = waiting.pop()
            if name in self.commands and name not in seen:
                macro = self.commands[name]
                seen[name] = " ".join([macro.body, macro.default or "", *(body for _, body in macro.literals)])
                waiting += [one[2] for one in _CALL.findall(seen[name])]
        return " ".join(seen.values())

    def expanded(self, text: str, wanted: Collection[str], learns: bool = False) -> str:
        """The text with all wanted calls replaced, and again what they gave. With `learns`, definitions are taken out.

        Of `wanted`, environments are named with their braces. Raises TooManyExpansionsError.
        """
        pieces: list[str] = []
        at = 0
        pattern = _calls_of(frozenset(wanted), or_definitions=learns)
        while found := pattern.search(text, at):
            if learns and found["how_defined"]:
                pieces.append(text[at : found.start()])
                defining = _DEFINES.match(text, found.start())
                at = max(self.define(text, defining), found.end()) if defining else found.end()
                continue
            replaced = self._replaced(text, found)
            if replaced is None:
                pieces.append(text[at : found.end()])
                at = found.end()
                continue
            pieces.append(text[at : found.start()])
            body, end = replaced
            text, at = body + text[end:], 0
        pieces.append(text[at:])
        return "".join(pieces)

    def _replaced(self, text: str, found: re.Match[str]) -> tuple[str, int] | None:
        """What stands for a call, and where the call ends; None where it is to stay."""
        how, name = found["how"], found["environment"] or found["name"]
        macro = self.environments.get(name) if how else self.commands.get(name)
        if macro is None:
            return None
        at = found.end()
        if literal := next((one for one in macro.literals if text.startswith(one[0], at)), None):
            body, at = literal[1], at + len(literal[0])
        elif macro.literals and not macro.body:
            return None
        elif how == "end":
            body = macro.end
        else:
            after = at
            if not how and not macro.n_arguments:
                at = _SPACE.match(text, at).end() if "\n\n" not in text[at : at + 2] else at  # type: ignore[union-attr]
            is_word = at > after and text[at : at + 1].isalpha()  # TeX would eat the space: nobody means that
            given, at = _given(text, at, macro)
            if given is None:
                return None
            body = _PARAMETER.sub(lambda one: given[int(one[1]) - 1] if int(one[1]) <= len(given) else "", macro.body)
            is_word = is_word or (body[-1:].isalpha() and "\\" in body[-30:] and text[at : at + 1].isalpha())
            body += " " if is_word else ""
        self.n_expansions += 1
        self.growth += len(body)
        if self.n_expansions > MOST_EXPANSIONS or self.growth > MOST_GROWTH:
            raise TooManyExpansionsError(f"macro \\{name}: expands without an end, or to more than can be read")
        return body, at


@lru_cache(maxsize=64)
def _calls_of(wanted: frozenset[str], *, or_definitions: bool) -> re.Pattern[str]:
    """Calls of these names alone, in the groups of `_CALL`."""
    commands = "|".join(sorted(one for one in wanted if re.fullmatch("[a-zA-Z@]+", one))) or "(?!)"
    named = (one[1:-1] for one in wanted if re.fullmatch(r"\{[a-zA-Z@*]+\}", one))
    environments = "|".join(sorted(map(re.escape, named))) or "(?!)"
    call = rf"\\(?:(?P<how>begin|end)\s*\{{(?P<environment>{environments})\}}|(?P<name>{commands})(?![a-zA-Z@]))"
    return re.compile(f"{_DEFINES.pattern.replace('?P<how>', '?P<how_defined>')}|{call}" if or_definitions else call)


def group(text: str, at: int) -> tuple[str | None, int]:
    """The inside of the braces that come next, spaces before them left out, and where they end; None without any."""
    at = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    if text[at : at + 1] != "{":
        return None, at
    end = closing(text, at)
    return (None, at) if end < 0 else (text[at + 1 : end], end + 1)


def closing(text: str, at: int) -> int:
    """Where the brace that opens at `at` is closed; -1 where it is not."""
    depth = 0
    for found in _BRACE.finditer(text, at, at + FARTHEST):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if not depth:
                return found.start()
    return -1


def bracketed(text: str, at: int) -> tuple[str | None, int]:
    """The inside of the brackets that come next, with braces inside them closed first; None without any."""
    start = _SPACE.match(text, at).end()  # type: ignore[union-attr]
    if text[start : start + 1] != "[":
        return None, at
    depth = 0
    for found in re.compile(r"\\.|[{}\]]", re.DOTALL).finditer(text, start, start + FARTHEST):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if found[0] == "]" and depth <= 0:
            return text[start + 1 : found.start()], found.end()
    return None, at


def argument(text: str, at: int) -> tuple[str | None, int]:
    """One argument as TeX takes it: a group, a macro, or one character."""
    inside, end = group(text, at)
    if inside is not None:
        return inside, end
    found = re.compile(r"\s*(\\[a-zA-Z@]+|\\.|[^\s{}])").match(text, at)
    return (found[1], found.end()) if found else (None, at)


def _given(text: str, at: int, macro: Macro) -> tuple[list[str] | None, int]:
    given: list[str] = []
    if macro.default is not None:
        optional, at = bracketed(text, at)
        given.append(macro.default if optional is None else optional)
    while len(given) < macro.n_arguments:
        one, at = argument(text, at)
        if one is None:
            return None, at
        given.append(one)
    return given, at


def _arguments_of(text: str, at: int) -> tuple[int, str | None, int]:
    count = _COUNT.match(text, at)
    if not count:
        return 0, None, at
    default, at = bracketed(text, count.end())
    return int(count[1]), default, at


def _newcommand(text: str, at: int) -> tuple[Macro | None, int]:
    n_arguments, default, at = _arguments_of(text, at)
    body, at = group(text, at)
    return (None if body is None else Macro(n_arguments, body, default)), at


def _def(text: str, at: int) -> tuple[Macro | None, int]:
    parameters = _PARAMETERS.match(text, at)
    if not parameters:
        literal = _LITERAL.match(text, at)
        body, end = group(text, literal.end()) if literal else (None, at)
        return (None, at) if body is None or not literal else (Macro(0, "", literals=((literal[1], body),)), end)
    body, end = group(text, parameters.end())
    return (None if body is None else Macro(parameters[1].count("#"), body)), end


def _document_command(text: str, at: int) -> tuple[Macro | None, int]:
    form, at = group(text, at)
    body, at = group(text, at)
    kinds = re.findall(r"[a-zA-Z](?:\{[^{}]*\})?", form or "")
    is_plain = all(one == "m" for one in kinds[1:]) and (not kinds or kinds[0][0] in "moO")
    if body is None or not is_plain:
        return None, at
    default = kinds[0][2:-1] if kinds and kinds[0][0] in "oO" else None
    return Macro(len(kinds), body, default), at


def _operator(text: str, at: int) -> tuple[Macro | None, int]:
    body, at = group(text, at)
    return (None if body is None else Macro(0, f"\\mathrm{{{body}}}")), at


_READERS: dict[str, Callable[[str, int], tuple[Macro | None, int]]] = {
    **dict.fromkeys(("def", "gdef", "edef", "xdef"), _def),
    **{f"{how}DocumentCommand": _document_command for how in ("New", "Renew", "Provide", "Declare")},
    "DeclareMathOperator": _operator,
}


def learned(texts: Iterable[str], protected: frozenset[str]) -> Macros:
    """The definitions of style files, before a document's own."""
    macros = Macros(protected)
    for text in texts:
        macros.learn(text)
    return macros
