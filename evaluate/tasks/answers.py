"""From a reply to classes and a status: our reader, which reads every reply, and the paper's, which drops some.

What a model only thinks is no answer, nor is a class that it denies or asks about; where a reply can be meant in two
ways it has no answer. Nothing but the standard library is used here and in `spoken.py`: an exported lmms-eval task
carries both along.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from evaluate.tasks.spoken import spoken

READABLE, STRICT = ("exact", "alias", "extracted"), ("exact", "alias")
READING = 2  # raised when a reply starts to be read as something else
NEGATION = re.compile(
    r"\b(NO|NOT|WITHOUT|NEITHER|NOR|CANNOT|ABSENT|ABSENCE|NEVER|HARDLY|LACKS?|LACKING|UNLIKE|UNLIKELY|EXCLUD\w+|"
    r"ELIMINAT\w+|RUL(?:E|ED|ES|ING) OUT|RATHER THAN|INSTEAD OF|ANYTHING BUT|FREE (?:OF|FROM)|DEVOID)\b|N'T\b"
)
DENIED = re.compile(  # after what it denies, in the same clause
    r"\b(?:IS|ARE|WAS|WERE|DOES|DO|DID|CAN|COULD|WOULD|SHOULD|SEEMS?|HAS|HAVE)\s*(?:NOT\b|N'T\b|NO\b|NOWHERE\b)|[:=?-]\s*NO\b|"
    r"\b(?:CANNOT|UNLIKELY|EXCLUDED|RULED OUT|WRONG|INCORRECT|ABSENT|FALSE|IMPOSSIBLE|MISSING|LACKING)\b"
)
CLAUSE = re.compile(r"[,;]|\b(?:SINCE|BECAUSE|AS|WHILE|AND|WITH|BUT|WHERE|WHICH|THAT)\b")
LEAD = re.compile(
    r"^\s*(?:THE\s+)?(?:FINAL\s+)?(?:ANSWER|RESPONSE|ASSISTANT|CLASS(?:ES)?|LABELS?)(?:\s+(?:IS|ARE))?\s*[:=]\s*"
)
REFUSAL = re.compile(
    r"^(?:I'?M SORRY|SORRY\b|I APOLOGI[SZ]E|AS AN AI\b|I CAN(?:NOT|'T| NOT)\b|I(?:'M| AM) (?:UNABLE|NOT ABLE)\b)"
)
DASHES = re.compile("[‐-―−﹘﹣－-]")
QUOTES = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'"})


@dataclass(frozen=True)
class Vocabulary:
    """What may be answered to a benchmark."""

    answer: str
    """labels, one-label or yes-no."""
    classes: tuple[str, ...]
    none: str = ""
    """The answer for no class at all; empty where there is none."""
    joiner: str = ", "
    aliases: Mapping[str, str] = field(default_factory=dict)
    """Other spellings, each with the class it means."""
    paper_classes: tuple[str, ...] = ()
    """All classes of the original's list, NONE included where it had one."""
    subjects: tuple[str, ...] = ()
    """Of yes-no: nouns for what is asked about; "no" before another noun answers something else."""
    question: str = ""


@dataclass(frozen=True)
class Answer:
    """What a reply says: `labels` are classes in the benchmark's order (none: NONE), or None: not readable."""

    labels: tuple[str, ...] | None
    status: str
    n_unknown: int = 0
    """Pieces that are no answer."""

    @property
    def strict(self) -> tuple[str, ...] | None:
        """The classes where the whole reply is an allowed answer, else None: wrong."""
        return self.labels if self.status in STRICT else None


def read_reply(text: str | None, finish_reason: str | None, benchmark: Any) -> Answer:
    """The answer in a reply; `benchmark` is a Benchmark or its Vocabulary. Never raises: every reply has a status."""
    words: Vocabulary = getattr(benchmark, "vocabulary", benchmark)
    if text is None:
        return Answer(None, "backend_error")
    if finish_reason in ("length", "content_filter"):
        return Answer(None, "truncated" if finish_reason == "length" else "refused")
    said = _plain(spoken(text))
    if not said:
        return Answer(None, "empty")
    if REFUSAL.match(said):
        return Answer(None, "refused")
    if words.answer == "yes-no":
        return _yes_or_no(said, words)
    return _one_label(said, words) if words.answer == "one-label" else _labels(said, words)


def read_as_paper(text: str | None, benchmark: Any) -> tuple[str, ...] | None:
    """The original's reader: classes as it took them, NONE among them as a class; None: the picture is dropped.

    Single: the whole text, without `, ! . ;`, must equal a class. Several: without `! . ;`, every piece between commas
    must. The behaviour of the code of Riggi et al. 2025, written anew.
    """
    words: Vocabulary = getattr(benchmark, "vocabulary", benchmark)
    known = words.paper_classes or words.classes
    if text is None:
        return None
    if words.answer != "labels":
        said = re.sub("[,!.;]", "", text.strip().upper())
        return (said,) if said in known else None
    pieces = [piece.strip() for piece in re.sub("[!.;]", "", text.upper()).split(",")]
    if any(piece not in known for piece in pieces):
        return None
    return tuple(one for one in known if one in pieces)


def _plain(text: str) -> str:
    """Upper case, one kind of dash and of quote; without markdown, quotes, brackets, end punctuation and a lead."""
    text = unicodedata.normalize("NFKC", text).translate(QUOTES).upper()
    text = DASHES.sub("-", text)
    text = re.sub(r'[*`"\[\](){}<>]|^\s*(?:#+|>)\s*', "", text, flags=re.MULTILINE)
    text = re.sub(r"(?<![A-Z0-9])[_']+|[_']+(?![A-Z0-9])", "", text)  # emphasis and single quotes about a word
    text = re.sub(r"^\s*(?:[-+•]\s+)", "", text, flags=re.MULTILINE)  # the marks of a list
    text = LEAD.sub("", text.strip())
    is_question = re.search(r"\?[\s.,;:!]*$", text)
    said = re.sub(r"[\s.,;:!?]+$", "", text).strip()
    return f"{said}?" if said and is_question else said


def _sentences(said: str) -> list[tuple[str, bool]]:
    """Each sentence, and whether it asks: what a model asks itself it does not say."""
    found = [one.strip() for one in re.split(r"(?<=[.!?;])\s+|(?<=[?;])|\n+", said)]
    return [(one.strip(" .!?;"), one.endswith("?")) for one in found if one.strip(" .!?;")]


def _one_label(said: str, words: Vocabulary) -> Answer:
    whole = _whole(said, words)
    if whole:
        label, is_alias = whole
        return Answer(_in_order({label}, words), "alias" if is_alias else "exact")
    named: set[str] = set()
    affirmed: set[str] = set()
    for sentence, is_asked in _sentences(said):
        for label, start, end in _tokens(sentence, words):
            named.add(label)
            if not is_asked and not _is_denied(sentence, start, end):
                affirmed.add(label)
    if len(named) > 1:
        return Answer(None, "contradictory")
    if not affirmed:
        return Answer(None, "unknown_label", 1)
    return Answer(_in_order(affirmed, words), "extracted")


def _is_denied(sentence: str, start: int, end: int) -> bool:
    return bool(NEGATION.search(sentence[:start]) or DENIED.search(CLAUSE.split(sentence[end:])[0]))


def _labels(said: str, words: Vocabulary) -> Answer:
    pieces = [piece.strip(" .:'?") for piece in re.split(r"[,;\n]", said)]
    wholes = [_whole(piece, words) for piece in pieces if piece]
    if wholes and all(wholes) and len({one[0] for one in wholes if one}) == len(wholes):
        status = "alias" if any(one[1] for one in wholes if one) else "exact"
        return _of_set({one[0] for one in wholes if one}, status, 0, words)
    found: set[str] = set()
    n_unknown = 0
    for sentence, is_asked in _sentences(said):
        for clause in re.split(r"\b(?:BUT|HOWEVER)\b", sentence):
            here, n_strange = _named(clause, words)
            if here is None:
                return Answer(None, "contradictory", n_unknown)
            found |= set() if is_asked else here
            n_unknown += n_strange + (is_asked and bool(here))
    return _of_set(found, "extracted", n_unknown, words)


def _named(clause: str, words: Vocabulary) -> tuple[set[str] | None, int]:
    """The classes that a clause says are there; None where a "not" may reach over several. And its strange pieces."""
    found, bare, is_denied, n_unknown = set[str](), False, False, 0
    for piece in re.split(r",|\bAND\b", clause):
        tokens = _tokens(piece, words)
        here = {label for label, _, _ in tokens}
        negation = NEGATION.search(piece) or DENIED.search(piece)
        if here and negation and bare and negation.start() > tokens[0][1]:
            return None, n_unknown  # "A, B and C are not seen"
        is_either = len(here) > 1 and re.search(r"\b(?:OR|VS|VERSUS)\b", piece)
        if here and not negation and (is_either or (is_denied and not re.search(r"\bYES\b", piece))):
            return None, n_unknown  # "A or B"; "no A, B"
        if here and not negation:
            found |= here
            bare = bare or bool(_whole(piece, words))
        else:
            n_unknown += bool(piece.strip())
        is_denied = is_denied or bool(negation)
    return found, n_unknown


def _of_set(found: set[str], status: str, n_unknown: int, words: Vocabulary) -> Answer:
    if not found:
        return Answer(None, "unknown_label", n_unknown)
    if words.none in found and len(found) > 1:
        return Answer(None, "contradictory", n_unknown)
    return Answer(_in_order(found, words), status, n_unknown)


def _in_order(found: set[str], words: Vocabulary) -> tuple[str, ...]:
    return tuple(one for one in words.classes if one in found)  # NONE is no class: the empty tuple


def _whole(said: str, words: Vocabulary) -> tuple[str, bool] | None:
    """The answer that the whole text is, and whether by an alias."""
    key = _key(said.strip(" ?"))
    for spelling, label in _spellings(words):
        if _key(spelling) == key:
            return label, spelling != label
    return None


def _tokens(said: str, words: Vocabulary) -> list[tuple[str, int, int]]:
    """Every answer that is a whole token, longest first, and from where to where; DIFFUSE-LARGE is not DIFFUSE."""
    found: list[tuple[str, int, int]] = []
    for spelling, label in sorted(_spellings(words), key=lambda one: (-len(one[0]), one[0])):
        inside = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", spelling.upper()))
        pattern = re.compile(rf"(?<![A-Z0-9/-]){inside}(?![A-Z0-9/]|-[A-Z0-9])")
        for match in pattern.finditer(said):
            found.append((label, match.start(), match.end()))
        said = pattern.sub(lambda match: "." * len(match[0]), said)
    return found


def _spellings(words: Vocabulary) -> list[tuple[str, str]]:
    own = [(one, one) for one in (*words.classes, *((words.none,) if words.none else ()))]
    return own + list(words.aliases.items())


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().upper())


# -- yes and no ------------------------------------------------------------------------------------------------------

IDIOMS = re.compile(
    r"\b(?:THERE(?: IS|'S) )?(?:NO|WITHOUT(?: AN?Y?)?|BEYOND(?: AN?Y?)?) (?:DOUBTS?|QUESTION|MISTAKE|UNCERTAINTY)\b|"
    r"\bNOT ONLY\b"
)
EITHER = re.compile(r"\bYES\s*(?:/|\||-|OR\b|AND\b)\s*NO\b|\bNO\s*(?:/|\||-|OR\b|AND\b)\s*YES\b")
# "No" as an answer, not before a noun: in front of a sentence, or said to be it.
ANSWERED_NO = re.compile(
    r"^(?:(?:SO|THUS|HENCE|THEREFORE|OVERALL|WELL)\b[, ]*)?NO"
    r"(?=$|\s*[,:.]|\s+-|\s+(?:I|THERE|IT|THIS|THE|THESE|BECAUSE|SINCE|BUT)\b)|"
    r"\b(?:ANSWER|RESPONSE|REPLY|VERDICT|CONCLUSION)(?:\s+TO\s+[\w ]+?)?(?:\s+(?:IS|WOULD BE|MUST BE|SHOULD BE))?"
    r"\s*[:=-]?\s*(?:(?:DEFINITELY|CLEARLY|SIMPLY|THEREFORE|THUS|PROBABLY|LIKELY|A)\s+)?NO(?=$|\s*[,:.])|"
    r"\b(?:SAY|SAYING|A|SO,?|DEFINITELY|IT IS|IT'S|CALL IT|CALL THIS)\s+NO(?=$|\s*[,:.])"
)
UNSURE = re.compile(
    r"\b(?:MAYBE|PERHAPS|POSSIBLY|MIGHT|MAY|COULD|IF|WHETHER|UNLESS|EITHER|BETWEEN|UNSURE|UNCERTAIN|UNCLEAR|"
    r"HARD TO|DIFFICULT TO)\b"
)
PLAIN_WORDS = """
    A ABLE ALL AN ANY ANYWHERE APPARENT ARE AT BE CAN CLEAR CLEARLY CONTAINS CUTOUT DATA DETECTABLE DETECTED
    DISCERNIBLE DISTINCT EVIDENCE EVIDENT FIELD FIND FOR FOUND HAS HAVE HERE I IDENTIFIABLE IDENTIFIED IMAGE IN
    INDICATION IS IT LIKELY MAP NOTICEABLE OBSERVED OBVIOUS OF ON PICTURE PRESENT SEE SEEN SHOWN SHOWS SIGN SIGNS SUCH
    THE THERE THIS TO TRACE TRACES VIEW VISIBLE WITH
"""
HELD = re.compile(
    r"\b(?:THERE(?:'S| IS| ARE)|I (?:CAN |DO )?(?:SEE|FIND|DETECT))\s+(?:ONE|SOME|SEVERAL|MANY|TWO|A FEW)"
    r"(?=$|\s*[,.]|\s+(?:IN|AROUND|VISIBLE)\b)"
)


def _yes_or_no(said: str, words: Vocabulary) -> Answer:
    if said.strip("?") in ("YES", "NO"):
        return Answer((said.strip("?"),), "exact")
    said = IDIOMS.sub(" ", said)
    if EITHER.search(said):
        return Answer(None, "contradictory")
    sentences = [one for one, is_asked in _sentences(said) if not is_asked]
    found = {one for sentence in sentences for one in _answered(sentence)}
    held = {one for sentence in sentences for one in _held(sentence, words)}
    if not found and held == {False} and any(_is_none_of_it(one, words) for one in sentences):
        return Answer(("NO",), "extracted")
    if not found:
        return Answer(None, "unknown_label", 1)
    is_denying = any(NEGATION.search(one) for one in sentences)
    clash = True in held if found == {"NO"} else False in held or (is_denying and True not in held)
    if len(found) > 1 or clash:
        return Answer(None, "contradictory")
    return Answer((found.pop(),), "extracted")


def _answered(sentence: str) -> list[str]:
    """YES and NO where they answer, neither denied nor in doubt; "no" before a noun does not."""
    yes = [("YES", one.start()) for one in re.finditer(r"\bYES\b", sentence)]
    no = [("NO", one.end() - 2) for one in ANSWERED_NO.finditer(sentence)]
    is_sure = [(word, not (NEGATION.search(sentence[:at]) or UNSURE.search(sentence[:at]))) for word, at in (*yes, *no)]
    return [word for word, sure in is_sure if sure]


def _held(sentence: str, words: Vocabulary) -> list[bool]:
    """For each mention of what is asked about, whether the sentence says that it is there; in doubt, both."""
    found: list[bool] = []
    for clause in re.split(r"[,:]|\b(?:BUT|HOWEVER|ALTHOUGH|THOUGH|WHILE|WHEREAS|YET|AND|EXCEPT)\b", sentence):
        for mention in _subject(words).finditer(clause):
            n_before = len(NEGATION.findall(clause[: mention.start()]))
            is_denied = n_before == 1 or (not n_before and bool(DENIED.search(clause[mention.end() :])))
            found += [True, False] if n_before > 1 else [not is_denied]
        if HELD.search(clause) and not NEGATION.search(clause):
            found.append(True)
    return found


def _is_none_of_it(sentence: str, words: Vocabulary) -> bool:
    """Whether a sentence says, in plain words alone, that there is none of what is asked about."""
    denial = re.compile(r"\bNO\b|\bI (?:DO NOT|DON'T|CANNOT|CAN'T|CAN NOT) (?:SEE|FIND)\b")
    denied = denial.search(sentence)
    if not denied or len(NEGATION.findall(sentence)) != 1 or not _subject(words).search(sentence[denied.end() :]):
        return False
    known = set(PLAIN_WORDS.split()) | set(re.findall(r"[A-Z]+", " ".join((*words.subjects, words.question)).upper()))
    rest = _subject(words).sub(" ", denial.sub(" ", sentence))
    return set(re.findall(r"[A-Z']+", rest)) <= known


def _subject(words: Vocabulary) -> re.Pattern[str]:
    """The last word of each noun, in American spelling too; matches nothing where there is none."""
    heads = {one.upper().split()[-1] for one in words.subjects if one.strip()}
    spelled = sorted(re.escape(one).replace("ARTEFACT", "ART[EI]FACT") for one in heads)
    return re.compile(rf"\b(?:{'|'.join(spelled)})\b" if spelled else r"(?!)")
