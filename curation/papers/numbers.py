"""Every number of a caption is found again in its source: a check that shares nothing with how the text was made.

The LaTeX is stripped by patterns of its own, without a tree; numbers with their signs and decimal marks are counted on
both sides. One that is lost, gained or changed is told; such a caption is not kept.
"""

import re
from collections import Counter

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\}"
_OPTION = r"(?:\s*\[[^\]]*\])*"
_ANGLES = r"(?:farcs|farcsec|arcsd|farcm|farcmin|fdg|farcd|fdeg|fd|fh|fm|fs|fp)"
_MARK = (
    r"(?:\\[!,;: ]|\\(?:hbox|mbox|rm|text|mathrm|hskip|kern|ensuremath)(?![a-zA-Z])|[{}$\s])*"
    r"\^(?:\\(?:circ|prime)(?:\s*\\prime)?|[a-z]|\{[^{}\d]*(?:\{[^{}\d]*\}[^{}\d]*)*\})(?:\\[!,;: ]|[}$\s])*"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), by)
    for pattern, by in (
        (rf"\\(?:[a-zA-Z]*[cC]ite[a-zA-Z]*|(?:[a-zA-Z]*ref)(?<!hyperref)(?<!xref)|label|footnote|footnotetext|footnotemark|tablefootmark"
         rf"|tablenotemark|includegraphics|phantom|[hv]phantom|[hv]space|index|thanks|hyperlink|deleted|figlabel"
         r"|captionsetup|linespread|enlargethispage)"
         rf"(?![a-zA-Z])\*?{_OPTION}\s*(?:{_GROUP})?", " "),
        (rf"\\(?:color|textcolor|colorbox|href|rotatebox|hypertarget|parbox|adjustbox|begin\s*\{{(?:minipage|tabular)\}})"
         rf"(?![a-zA-Z]){_OPTION}\s*{_GROUP}", " "),
        (rf"\\(?:raisebox|scalebox)\s*{_GROUP}{_OPTION}", " "),
        (rf"\\resizebox\*?\s*{_GROUP}\s*{_GROUP}", " "),
        (rf"\\(?:makebox|framebox|textls)(?![a-zA-Z])\*?{_OPTION}", " "),
        (rf"\\(?:fontsize|rule|setlength|addtolength){_OPTION}\s*{_GROUP}\s*{_GROUP}", " "),
        (r"\\(?:hskip|vskip|kern|mkern|mskip|lower|raise)\s*-?\s*[\d.]*\s*(?:pt|pc|in|bp|cm|mm|em|ex|mu|sp)?", " "),
        (r"\\\\(?:\*|\s*\[[^\]]*\])?", " "),
        (rf"\\hyperref{_OPTION}", " "),
        (r"\\ion\s*\{[^{}]*\}\s*(?:\{\d\}|\d)", " "),  # printed as a Roman numeral
        (r"\\(?:hbox|mbox|ensuremath|rlap|text|rm)(?![a-zA-Z])\s*\{?\s*\$?\s*(?=\.)", ""),
        (rf"(?:\\[,!;:]|[{{$\s])*\\{_ANGLES}(?![a-zA-Z])(?:\\[,!;: ]|[{{}}$\s])*(?=\d)", "."),
        (rf"\.{_MARK}(?=\d)", "."),
        (rf"(?<=\d){_MARK}\.(?=\d)", "."),
        (r"(?<=\d)''?\$?\.(?=\d)", "."),
        (rf"\\(?:num|SI|qty|numrange|SIrange|qtyrange)(?![a-zA-Z]){_OPTION}\s*\{{[^{{}}]*\}}",
         "@"),
        (r"\$\s*-\s*\$", "-"),
        (r"---?", " – "),
        (r"\\[,;: ~]|~", " "),
        (r"\\[!/@-]", ""),
        (r"\\times|\\cdot", " "),
        (r"\{,\}", ","),
        (r"\}\s*\{", "} {"),
        (r"[\^_]\s*\{?\s*(?:\\(?:rm|mathrm|it|text)(?![a-zA-Z])\s*\{?\s*)?(?:\$\s*)?", "^"),
        (r"\\[a-zA-Z]+\*?\s*", " "),
        (r"\\.", " "),
        (r"[{}$]", ""),
    )
)  # fmt: skip
_SCRIPTS = {
    ord(raised): plain for raised, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉", "0123456789+-0123456789", strict=True)
}
_RUN = re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻₀₁₂₃₄₅₆₇₈₉]+")
_NUMBER = re.compile(r"(?P<sign>[-−]\s*)?(?P<value>\d*\.\d+|\d+(?:\.\d+)*)")
_EXPONENT = re.compile(r"(?<=[\d.])[eEdD]([+-]?\d+)")


def numbers_of_source(latex: str) -> Counter[str]:
    """The numbers that a reader of the typeset caption sees, with their signs."""
    text = _plain_scripts(latex)
    for pattern, by in _RULES:
        text = pattern.sub(_quantity if by == "@" else by, text)
    return _counted(text)


def numbers_of_text(text: str) -> Counter[str]:
    """The numbers of a clean caption; superscripts and subscripts are numbers of their own."""
    return _counted(
        _RUN.sub(lambda found: "^" + found[0].translate(_SCRIPTS), text).replace("^(", "^").replace("_", "^")
    )


def trouble_with_numbers(raw: str, expanded: str, text: str, bodies: str) -> str:
    """One line where numbers differ; empty where each is found again.

    `raw`: the caption as the paper has it; `expanded`: with the paper's macros put in, whose texts are `bodies`.
    """
    source, given = numbers_of_source(expanded), numbers_of_text(text)
    lost, gained = source - given, given - source
    if lost or gained:
        return _told(lost, gained)
    if raw != expanded:
        runs, known = _runs(raw), Counter(re.findall(r"\d+", " ".join(given.elements())))
        of_macros = set(re.findall(r"\d+", bodies))
        gained = Counter({one: n for one, n in (known - runs).items() if one not in of_macros})
        if (runs - known) or gained:
            return _told(runs - known, gained) + ", by the paper's own macros"
    return ""


def trouble_with_pages(caption: str, text: str) -> str:
    """One line where a caption has a run of digits that its place on the page has not, as the PDF library reads it."""
    known, given = (Counter(re.findall(r"\d+", one.translate(_SCRIPTS))) for one in (text, caption))
    gained = given - known
    return f"{', '.join(sorted(gained)[:5])} of the text is not on the page there" if gained else ""


def _runs(latex: str) -> Counter[str]:
    return Counter(re.findall(r"\d+", " ".join(numbers_of_source(latex).elements())))


def _plain_scripts(text: str) -> str:
    return _RUN.sub(lambda found: "^" + found[0].translate(_SCRIPTS), text)


def _told(lost: Counter[str], gained: Counter[str]) -> str:
    def words(of: Counter[str]) -> str:
        return ", ".join(sorted(of)[:5])[:200]

    parts = [f"{words(lost)} of the source is not in the text"] if lost else []
    return "; ".join(parts + ([f"{words(gained)} of the text is not in the source"] if gained else []))


def _counted(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in _NUMBER.finditer(text):
        before = text[max(0, one.start() - 20) : one.start()]
        is_apart = (one["sign"] or "-")[-1:].isspace()
        is_negative = bool(one["sign"]) and _is_sign_after(before, is_apart)
        last = before.rstrip()[-1:]
        value = one["value"].lstrip(".") if one["value"].startswith(".") and last.isdigit() else one["value"]
        found[f"-{value}" if is_negative else value] += 1
    return found


def _is_sign_after(before: str, is_apart: bool) -> bool:
    """Whether a minus is a sign, by what stands before it; one apart from its number is a sign after = and its like."""
    if is_apart:
        return before.rstrip()[-1:] in tuple("=<>^")
    return not (before[-1:].isalnum() or before[-1:] in tuple(")].°′″%"))


def _quantity(found: re.Match[str]) -> str:
    return " " + _EXPONENT.sub(lambda one: f" 10^{one[1].lstrip('+')} ", found[0].split("{", 1)[1]) + " "
