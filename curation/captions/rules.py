"""What rules say of a caption beside the model's word: several plots, broken text, orders to the reader.

A rule never raises a score; it bounds it. A caption that gives orders is worth nothing, whoever obeys them.
"""

import re
import unicodedata
from dataclasses import dataclass

BEST = 10
BOUND_ON_DOUBT = 7
"""The highest score that Riggi et al. 2025, 3.1.2, do not take: where model and rules disagree, a person may look."""
TOP = r"(10|ten|full|highest|maximum|maximal|top|perfect|best)"
INSTRUCTIONS = tuple(
    re.compile(one, re.IGNORECASE)
    for one in (
        r"\b(ignor|disregard|forget|overrid|bypass)\w*\b.{0,60}\b(instruction|prompt|guideline|direction|criteri|rules?\b)",
        r"\b(ignore|disregard|forget)\s+(all\s+|everything\s+)?(of\s+)?(the\s+)?(above|previous|prior|earlier|preceding)\b",
        rf"\b(give|assign|award|return|output|set|rate|grade|score|mark|answer|respond|reply|report|put)\b.{{0,50}}\b{TOP}\b"
        r".{0,20}\b(scores?|marks?|ratings?|grades?)\b",
        rf"\b(give|assign|award|return|output|set|rate|grade|put)\b.{{0,50}}\b(score|mark|rating|grade)\b.{{0,25}}\b{TOP}\b",
        r"\b(rate|score|grade|mark)\s+(it|this|the caption|the figure)\b.{0,20}\b(10|ten|highly)\b",
        r"\bscores?\s*[:=]?\s*(of\s+)?(10|ten)\b(?!\.\d)",
        r"\b(10|ten)\s*(/|out of)\s*(10|ten)\b",
        r"\b(caption_score|has_multiplot|is_corrupted|is_astromap)\b",
        r"\bas an? (ai|llm|assistant|language model)\b|\byou are (now )?(an?|the) ",
        r"\b(system|developer|hidden)\s+(prompt|message|instruction)",
        r"\b(note|instruction|message|attention)s?\s+(to|for)\s+(the\s+)?(ai|llm|assistant|reviewer|rater|judge)\b",
        r"\b(respond|reply|answer|output)\s+(only\s+)?(with|in)\b.{0,30}\b(json|only|true|false|yes|no)\b",
        r"\bnew (instruction|task|rule)s?\s*:",
        r"\{\s*[\"'][a-z_]+[\"']\s*:",
        r"<\|?[a-z_]+\|?>|\[/?INST\]|<<<|>>>|```",
    )
)
ADDRESSED = re.compile(r"\b(you|your|yours|yourself)\b", re.IGNORECASE)
"""No caption of a paper needs a second person."""
PANEL_WORDS = re.compile(
    r"\b(left|right|top|bottom|upper|lower|middle|central|first|second|third|each|all|both|two|three|four|six|"
    r"other|main|inner)[- ]*(hand)?[- ]*(left|right|side|most|row|column|\w+)?[- ]*panels?\b|\bpanels\b|\binsets?\b"
    r"|\binsert\b|\b(from )?(left to right|top to bottom)\b|\bside[- ]by[- ]side\b"
    r"|\b(top|upper|left)\s*:.*\b(bottom|lower|right)\s*:"
    r"|\b(columns?|rows?)\b.{0,60}\b(show|display|present)",
    re.IGNORECASE | re.DOTALL,
)
LETTERED = re.compile(r"(?<![\w(])\(?([a-h])\)\s")
LEFTOVER = re.compile(r"\\[A-Za-z]+|\?\?|\$|\bref\{|[{}]|\ufffd|&amp;|\[\s*[,;]?\s*\]|\(\s*[,;]?\s*\)(?!\s*=)")
DANGLING = re.compile(
    r"\b(the|an?|of|and|or|with|from|to|for|by|in|at|as|which|that|is|are|was|were|between|see|than|its|their)\s*[.,;:]?$",
    re.IGNORECASE,
)
NOWHERE = re.compile(
    r"\b(?:[Ff]ig(?:ure|s|\.)?|[Tt]ables?|[Ss]ect(?:ion|\.)?|[Ee]q(?:uation|\.)?)\s*(?:[.,;)]|$|(?:and|is|are|was|for|but)\b)"
)
"""A reference whose number was taken out with its command: what it points at is not here."""
OPENING, CLOSING = "([", ")]"
LEAST_LETTERS = 0.3
CERTAIN_PANELS = 4


@dataclass(frozen=True)
class Findings:
    """What rules found; `bound` is the highest score that they allow, given what the model said."""

    multiplot: bool
    corrupted: bool
    orders: bool
    told: tuple[str, ...]

    def bound(self, *, has_multiplot: bool, is_corrupted: bool) -> int:
        """0 for orders to the reader; where the rules see a fault that the model denies, 7."""
        if self.orders:
            return 0
        denied = (self.multiplot and not has_multiplot) or (self.corrupted and not is_corrupted)
        return BOUND_ON_DOUBT if denied else BEST


def findings(caption: str, n_pictures: int, n_panels: int) -> Findings:
    """The rules on one figure: its caption, the pictures put side by side, and the plots found in it."""
    told = [*multiplot_signs(caption, n_pictures, n_panels)]
    multiplot = bool(told)
    broken = corruption_signs(caption)
    orders = order_signs(caption)
    return Findings(multiplot, bool(broken), bool(orders), (*told, *broken, *orders))


def order_signs(caption: str) -> list[str]:
    """Orders to a reader in a caption, and characters that hide text from people."""
    hidden = [one for one in caption if unicodedata.category(one) in ("Cf", "Co", "Cn") and one not in "\u00ad"]
    plain = unicodedata.normalize("NFKC", "".join(one for one in caption if one not in hidden))
    plain = " ".join(plain.split())
    found = [f"order: {match[0][:80]}" for one in INSTRUCTIONS if (match := one.search(plain))]
    found += ["addressed: it speaks to its reader"] if ADDRESSED.search(plain) else []
    return found + ([f"hidden: {len(hidden)} characters that nobody sees"] if hidden else [])


def multiplot_signs(caption: str, n_pictures: int, n_panels: int) -> list[str]:
    """Signs of several plots. Several files are certain; gaps and axes only with words of panels, or from four on."""
    words = panel_words(caption)
    found = [f"pictures: {n_pictures} side by side"] if n_pictures > 1 else []
    if n_panels > 1 and (words or n_panels >= CERTAIN_PANELS):
        found.append(f"panels: {n_panels} in the picture" + (f", and the words {words!r}" if words else ""))
    return found


def panel_words(caption: str) -> str:
    """The words that speak of several panels; empty: none."""
    if match := PANEL_WORDS.search(caption):
        return " ".join(match[0].split())[:60]
    letters = LETTERED.findall(caption)
    return "(a) (b)" if letters[:2] == ["a", "b"] else ""


def corruption_signs(caption: str) -> list[str]:
    """Signs of text that is incomplete or broken."""
    text = caption.strip()
    found: list[str] = []
    if match := LEFTOVER.search(text):
        found.append(f"leftover: {match[0]!r}")
    if any(
        text.count(one) != text.count(two) for one, two in zip(OPENING, CLOSING, strict=True)
    ) and not LETTERED.search(text):
        found.append("brackets: not all of them are closed")
    if match := NOWHERE.search(text):
        found.append(f"reference: {match[0]!r} points at nothing here")
    if match := DANGLING.search(text):
        found.append(f"cut: ends with {match[0]!r}")
    elif text and text[-1] in ",;:–-(=":
        found.append(f"cut: ends with {text[-1]!r}")
    letters = sum(one.isalpha() for one in text)
    if text and letters < LEAST_LETTERS * len(text):
        found.append(f"letters: {letters} of {len(text)} characters")
    words = text.lower().split()
    if any(words[k] == words[k + 1] == words[k + 2] for k in range(len(words) - 2)):
        found.append("repeated: a word three times in a row")
    return found
