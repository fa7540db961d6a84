"""What a reply says, in whatever form: the second reading by which lost form is told from lost knowledge.

A harness wants the bare letter, or nothing but the number; this finds them in a sentence. Where the harness allows a
tolerance (ChartQA 5 %, DocVQA and InfoVQA the edit distance), so does this: else an answer that is nearly right would
count as forgotten as soon as a sentence stands around it.
"""

import ast
import re
from collections.abc import Sequence

from evaluate.standard.letters import letter_of, plain
from evaluate.tasks.answers import read_reply
from evaluate.tasks.reply_words import Vocabulary
from evaluate.tasks.spoken import spoken

LETTER = re.compile(r"\(?([A-Z])\)?[.:]?")
OPTION = re.compile(r"^\(?([A-Z])[).:]\s+(.+?)\s*$", re.MULTILINE)
MMSTAR_OPTION = re.compile(r"(?<![A-Za-z])([A-Z]): (.+?)(?=,? [A-Z]: |\n|$)")
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?%?|-?\.\d+%?")
YES_NO = {"yes", "no"}
ASKED = re.compile(
    r"\b(?:is|are) there (?:an?|any|the|some)?\s*([\w -]+?)(?:\s+(?:in|on|at|visible|present)\b|\?)", re.IGNORECASE
)
NUMERIC, EDITED = {"chartqa"}, {"docvqa_val", "infovqa_val"}
OF_NUMBERS = 0.05  # Masry et al. 2022, sec. 5.1
OF_EDITS, SHORT = 0.5, 4  # Biten et al. 2019: below half, nothing; shorter words are taken exactly


def says(reply: str, target: str, *, task: str = "", question: str = "") -> float:
    """How well a reply says what was due, 0 to 1; of several targets the best."""
    said = spoken(reply)
    return max(_says(said, due, task, question) for due in targets(target))


def targets(target: str) -> list[str]:
    """What was due; the harness writes several as a Python list."""
    if target.startswith("["):
        try:
            read = ast.literal_eval(target)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return [target]
        return [str(one) for one in read] or [target]
    return [target]


def _says(reply: str, due: str, task: str, question: str) -> float:
    letter = LETTER.fullmatch(due.strip()) if task not in NUMERIC | EDITED else None
    if letter:
        return float(letter_of(reply, options_in(question)) == letter.group(1))
    words, wanted = plain(reply).split(), plain(due).split()
    if len(wanted) == 1 and wanted[0] in YES_NO:
        asked = Vocabulary("yes-no", ("YES", "NO"), subjects=tuple(ASKED.findall(question)), question=question)
        return float(read_reply(reply, None, asked).labels == (wanted[0].upper(),))
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
