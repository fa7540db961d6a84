"""Which option of a multiple choice a reply names, in whatever form; one that can be meant in two ways names none.

What is said to be the answer counts before a letter in front, that before letters in brackets, those before bare ones,
and words of an option last. A letter that is denied, or only asked about, is not named.
"""

import re
import unicodedata
from collections.abc import Mapping

from evaluate.tasks.maps import data_of, listed, ticked, told_in
from evaluate.tasks.reply_words import NEGATION, Vocabulary, unmarked
from evaluate.tasks.spoken import spoken

ONE = r"(?:(?:the|an?)\s+)?(?:(?:option|choice|letter|answer)\s*)?[\"']?[(\[]?([A-Za-z])[)\]]?[\"']?"
# A small letter, and "A" or "I", count where no word follows that they may be the article or pronoun of.
ENDS = r"(?=\s*(?:[.,;:!()\]\"'-]|$|\n|\b(?:because|since|as|which|and|or|not|but|for|is|was)\b))"
REST = r"(?:\s*(?:,|/|&|\bor\b|\band\b|,\s*or\b|,\s*and\b)\s*" + ONE.replace("([A-Za-z])", "[A-Z]") + r"(?![\w]))*"
SURELY = (
    r"(?:(?:therefore|thus|hence|clearly|likely|probably|most|definitely|simply|then|indeed|surely|just|either)\s+)*"
)
LINK = rf"\s*(?:(?:is|would be|must be|should be|has to be|will be)\b\s*[:=]?|[:=\u2192]|->|-(?=\s))\s*{SURELY}"
STATED = re.compile(
    r"\b(?P<final>final\s+)?(?:(?:correct|right|best|my)\s+)?(?:answer|option|choice|response|solution)"
    rf"(?:\s+(?:to|for)\s+(?:the|this)\s+\w+)?{LINK}(?P<named>{ONE}{ENDS}{REST})|"
    rf"\b(?P<lead>final\s+)?answer\s+(?P<bare>[(\[]?[A-Z][)\]]?(?!\w){REST})|"
    r"\bI(?:'d| would| will|'ll)?\s+(?:choose|pick|select|say|go (?:with|for)|opt for|answer)\s+"
    rf"(?P<chosen>{ONE}{ENDS}{REST})|"
    r"(?P<right>[(\[]?\b[A-Z]\b[)\]]?)\s+(?:is|would be|must be)\s+(?:(?:clearly|therefore|thus|definitely)\s+)?"
    r"(?:(?:the\s+)?(?:only\s+)?(?:correct|right|best)\b|the\s+answer\b)|(?P<left>\b[A-Z]\b)\s+(?:remains|is left|"
    r"is what remains)\b",
    re.IGNORECASE,
)
WHOLE = re.compile(
    r"(?:(?:final\s+)?answer\s*:?\s*)?(?:(?:option|choice|letter)\s*:?\s*)?[(\[]?([A-Za-z])[)\]]?[.:)]*", re.IGNORECASE
)
FRONT = re.compile(
    r"\s*(?:[(\[]([A-Za-z])[)\]]|([A-Z])(?=\s*(?:[.:)]|,\s|\s-)|\s+(?:because|since|is the)\b)|([a-z])(?=[.:)]))"
)
LISTED = re.compile(r"^\s*[(\[]?[A-Z][.:)\]]", re.MULTILINE)
BRACKETED = re.compile(r"[(\[]([A-Za-z])[)\]]|\b(?:option|choice)\s+([A-Z])\b", re.IGNORECASE)
ALONE = re.compile(
    r"(?<![\w'-])([B-HJ-Z])(?![\w'-])|(?<![\w'-])([AI])(?=\s*(?:[.,;:!?)]|$|\b(?:or|and|is|not|because)\b))"
)
NAME = re.compile(
    r"\b(?:panel|figure|fig\.?|source|component|plot|image|band|class|type|group|point|vitamin|labell?ed|region|Sgr|"
    r"Cygnus|Cas|Tau|Vir)\s*$|\b[A-Z]\.\s?$",
    re.IGNORECASE,
)
LIST = r"(?:\s*(?:,|/|&|\bor\b|\band\b|\bnor\b)\s*(?:option\s+|choice\s+)?[(\[]?[A-Z][)\]]?(?!\w))*"
VERB = r"(?:is|are|was|were|would be|seems?|looks?|can be|can|could|should|does|do|has)\s*"
BAD = (
    r"(?:wrong|incorrect|false|excluded|eliminated|ruled out|unlikely|impossible|absent|missing|tempting|close|"
    r"implausible|out)\b"
)
OUT = re.compile(
    rf"{LIST}\s*[).:-]*\s*(?:{VERB}(?:be\s+)?(?:clearly |obviously |also |both |all )?(?:not?\b|n't|{BAD})|{BAD}|"
    r"cannot\b|can't|won't|would\b(?!\s+be\s+(?:the|my|correct|right|best))|no\b|not\s+(?:correct|right|the|it)\b)",
    re.IGNORECASE,
)
REJECTS = re.compile(
    NEGATION.pattern + r"|\b(?:NONE OF|REJECT\w*|DISCARD\w*|EXCEPT|APART FROM|BESIDES|DISMISS\w*|WRONG|INCORRECT|"
    r"ALL BUT|DOUBT\w*)\b",
    re.IGNORECASE,
)
BREAK = re.compile(
    r"[.;\n!?]|\b(?:(?<!all )(?<!anything )but|leaving|leaves|left with|so|hence|therefore|thus|while|whereas|"
    r"remains?)\b",
    re.IGNORECASE,
)

FEWEST_MARKS = 2
"""Letters with a yes or no each: of one alone, "A: no" may be a sentence."""


def letter_of(reply: str, options: Mapping[str, str]) -> str | None:
    """The letter of the option that a reply names, or None. `options`: their words by letter; empty where unknown."""
    said = spoken(reply)
    told = _told(said, options)
    if told is not None:
        return _known(told, options)
    text = re.sub(r"[*`$]|(?<!\w)_+|_+(?!\w)", "", unicodedata.normalize("NFKC", said)).strip()
    whole = WHOLE.fullmatch(text.strip("\"' "))
    if whole:
        return _known({whole[1].upper()}, options)
    stated = _stated(text)
    if stated is not None:
        return _known(stated, options)
    for named in (_front(text), _mentioned(BRACKETED, text), _mentioned(ALONE, text)):
        if named:
            return _known(named, options)
    return _by_words(text, options)


def _told(said: str, options: Mapping[str, str]) -> set[str] | None:
    """The letters of a reply that is data, or says yes or no of each; None where it is neither."""
    words = Vocabulary("one-label", tuple(options) or tuple("ABCDEFGH"))
    held, inner = told_in(data_of(said), words)
    if held is not None:
        return {name for name, is_held in held.items() if is_held}
    if inner is not None:
        one = letter_of(inner, options)
        return {one} if one else set()
    marks = listed(ticked(unmarked(said)), words)[0]
    if len(marks) < FEWEST_MARKS or any(len(one) > 1 for one in marks.values()):
        return None
    return {name for name, is_held in marks.items() if True in is_held}


def _known(named: set[str], options: Mapping[str, str]) -> str | None:
    found = next(iter(named)) if len(named) == 1 else None
    return found if not options or found in options else None


def _stated(text: str) -> set[str] | None:
    """The letters that are said to be the answer, the final one if one is called so; None where nothing is said."""
    every, final = set[str](), set[str]()
    for one in STATED.finditer(text):
        if _is_asked(text, one.end()) or _is_out(text, one.start(), one.end()):
            continue
        said = next(filter(None, (one["named"], one["bare"], one["chosen"], one["right"], one["left"])))
        # What is quoted of a list are single letters; "the", "option" and such stand around them.
        letters = {letter.upper() for letter in re.findall(r"(?<![A-Za-z'])([A-Za-z])(?![A-Za-z])", said)}
        letters -= {"A"} if re.match(r"an?\s+(?:option|choice|letter)", said, re.IGNORECASE) else set()
        every |= letters
        final |= letters if one["final"] or one["lead"] else set()
    return final or every or None


def _front(text: str) -> set[str]:
    """The letter that a reply begins with, unless it begins a list of them."""
    line = WHOLE.fullmatch(text.split("\n")[0].strip("\"' "))
    if line and not any(WHOLE.fullmatch(one.strip("\"' ")) for one in text.split("\n")[1:]):
        return {line[1].upper()}
    found = FRONT.match(text)
    if (
        not found
        or _is_asked(text, found.end())
        or len(LISTED.findall(text)) > 1
        or _is_out(text, found.start(), found.end())
    ):
        return set()
    if re.match(r"[).:\]]*\s*(?:,|/|&|\bor\b|\band\b)\s*(?:and\s+|or\s+)?[(\[]?[A-Z][)\]]?(?!\w)", text[found.end() :]):
        return set()  # "A, C and D are wrong"
    return {next(filter(None, found.groups())).upper()}


def _mentioned(form: re.Pattern[str], text: str) -> set[str]:
    """The letters that stand in the text in this form, and are not denied, asked about, or names of something else."""
    found = set[str]()
    for one in form.finditer(text):
        is_name = NAME.search(text[: one.start()]) is not None
        if not (is_name or _is_asked(text, one.end()) or _is_out(text, one.start(), one.end())):
            found.add(next(filter(None, one.groups())).upper())
    return found


def _is_asked(text: str, end: int) -> bool:
    return bool(re.match(r"[)\]]?\s*\?", text[end:]))


def _is_out(text: str, start: int, end: int) -> bool:
    """Whether a "not" stands before it in its clause, or a "is wrong" after it; both reach over a list of letters."""
    before = BREAK.split(text[:start])[-1]
    denied = list(REJECTS.finditer(before))
    if denied and re.fullmatch(r"[^,]*|(?:[^,]*,?\s*[(\[]?[A-Z]?[)\]]?\s*,)*[^,]*", before[denied[-1].end() :]):
        return True
    return bool(OUT.match(text[end:].lstrip(")]")))


def _by_words(text: str, options: Mapping[str, str]) -> str | None:
    words = f" {plain(text)} "
    named = [letter for letter, option in options.items() if option and f" {option} " in words]
    # An option may be part of another: "red" of "dark red"; then the longer one was meant.
    whole_ones = [one for one in named if not any(options[one] != options[two] and options[one] in options[two]
                                                  for two in named)]  # fmt: skip
    if len(whole_ones) != 1:
        return None
    clauses = [f" {plain(one)} " for one in re.split(r"[.,;!\n]|(?<=\?)|\bbut\b", text) if "?" not in one]
    held = [one.split(f" {options[whole_ones[0]]} ")[0] for one in clauses if f" {options[whole_ones[0]]} " in one]
    return whole_ones[0] if held and not any(REJECTS.search(one) for one in held) else None


def plain(text: str) -> str:
    """Lower case, without marks but those of numbers."""
    kept = re.sub(r"[^\w.%-]+", " ", unicodedata.normalize("NFKC", text).lower())
    return kept.replace(". ", " ").strip(" .")
