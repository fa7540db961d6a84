"""What a reply says, in whatever form: the second reading by which lost form is told from lost knowledge.

A harness wants the bare letter, or nothing but the number; this finds them in a sentence. Where the harness allows a
tolerance (ChartQA 5 %, DocVQA and InfoVQA the edit distance), so does this: else an answer that is nearly right would
count as forgotten as soon as a sentence stands around it.
"""

import ast
import re
import unicodedata
from collections.abc import Mapping, Sequence

LETTER = re.compile(r"\(?([A-Z])\)?[.:]?")
SAID_LETTER = re.compile(r"(?:answer|option|choice)\s*(?:is|:)?\s*:?\s*\(?([A-Z])\b|\(([A-Z])\)|^\s*([A-Z])\s*[.:)]")
ALONE = re.compile(r"\b([B-HJ-Z])\b|\b([AI])(?=\s*(?:[.,;:!?)]|$))")  # "A" or "I" before another word is a word
OPTION = re.compile(r"^\(?([A-Z])[).:]\s+(.+?)\s*$", re.MULTILINE)
MMSTAR_OPTION = re.compile(r"(?<![A-Za-z])([A-Z]): (.+?)(?=,? [A-Z]: |\n|$)")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?|-?\.\d+%?")
YES_NO = {"yes", "no"}
NUMERIC, EDITED = {"chartqa"}, {"docvqa_val", "infovqa_val"}
OF_NUMBERS = 0.05  # Masry et al. 2022, sec. 5.1
OF_EDITS, SHORT = 0.5, 4  # Biten et al. 2019: below half, nothing; shorter words are taken exactly


def says(reply: str, target: str, *, task: str = "", question: str = "") -> float:
    """How well a reply says what was due, 0 to 1; of several targets the best."""
    return max(_says(reply, due, task, question) for due in targets(target))


def targets(target: str) -> list[str]:
    """What was due; the harness writes several as a Python list."""
    if target.startswith("["):
        try:
            read = ast.literal_eval(target)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [target]
        return [str(one) for one in read] or [target]
    return [target]


def plain(text: str) -> str:
    """Lower case, without marks but those of numbers."""
    kept = re.sub(r"[^\w.%-]+", " ", unicodedata.normalize("NFKC", text).lower())
    return kept.replace(". ", " ").strip(" .")


def _says(reply: str, due: str, task: str, question: str) -> float:
    letter = LETTER.fullmatch(due.strip()) if task not in NUMERIC | EDITED else None
    if letter:
        return float(letter_of(reply, options_in(question)) == letter.group(1))
    words, wanted = plain(reply).split(), plain(due).split()
    if len(wanted) == 1 and wanted[0] in YES_NO:
        return float(next((word for word in words if word in YES_NO), "") == wanted[0])
    n = len(wanted)
    if n and any(words[at : at + n] == wanted for at in range(len(words) - n + 1)):
        return 1.0
    if task in NUMERIC:
        return float(_is_near(reply, due))
    return _nearest(words, " ".join(wanted), n) if task in EDITED else 0.0


def options_in(question: str) -> dict[str, str]:
    """The options that a question lists, by letter."""
    found = OPTION.findall(question) or MMSTAR_OPTION.findall(question)
    return {letter: plain(text) for letter, text in found}


def letter_of(reply: str, options: Mapping[str, str]) -> str | None:
    """The option a reply names: said to be the answer, in brackets, in front, alone of its kind, or by its text."""
    text = unicodedata.normalize("NFKC", reply).replace("*", "").strip()
    whole = LETTER.fullmatch(text)
    if whole:
        return whole.group(1)
    said = _letters(SAID_LETTER, text) or _letters(ALONE, text)
    if options:
        said &= options.keys()
    if said:
        return said.pop() if len(said) == 1 else None
    words = f" {plain(text)} "
    named = [letter for letter, option in options.items() if option and f" {option} " in words]
    # An option may be part of another: "red" of "dark red"; then the longer one was meant.
    whole_ones = [one for one in named if not any(options[one] != options[two] and options[one] in options[two]
                                                  for two in named)]  # fmt: skip
    return whole_ones[0] if len(whole_ones) == 1 else None


def _letters(form: re.Pattern[str], text: str) -> set[str]:
    return {next(filter(None, found.groups())) for found in form.finditer(text)}


def _is_near(reply: str, due: str) -> bool:
    """Whether the one number of a reply is within the tolerance; of several, none is the answer."""
    wanted, found = _number(due), {_number(one) for one in NUMBER.findall(reply)}
    if not wanted or len(found) != 1:
        return False
    one = found.pop()
    return one is not None and abs(one - wanted) <= OF_NUMBERS * abs(wanted)


def _number(text: str) -> float | None:
    try:
        return float(text.strip().rstrip("%").replace(",", "")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        return None


def _nearest(words: Sequence[str], due: str, n_words: int) -> float:
    """Normalised Levenshtein similarity of the part of the reply that is nearest, of about as many words."""
    if len(due) < SHORT:
        return 0.0
    parts = {" ".join(words[at : at + n]) for n in {max(1, n_words - 1), n_words, n_words + 1}
             for at in range(max(0, len(words) - n) + 1)}  # fmt: skip
    best = max((1 - _edits(part, due) / max(len(part), len(due)) for part in parts if part), default=0.0)
    return best if best >= OF_EDITS else 0.0


def _edits(one: str, two: str) -> int:
    """Levenshtein distance."""
    row = list(range(len(two) + 1))
    for i, a in enumerate(one, start=1):
        last, row[0] = row[0], i
        for j, b in enumerate(two, start=1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return row[-1]
