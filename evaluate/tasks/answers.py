"""From a reply to classes and a status: our reader, which reads every reply, and the paper's, which drops some.

Nothing but the standard library is used here: an exported lmms-eval task carries this file along.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

READABLE, STRICT = ("exact", "alias", "extracted"), ("exact", "alias")
NEGATION = re.compile(r"\b(NO|NOT|WITHOUT|NEITHER|NOR|CANNOT|ABSENT|NEVER)\b|N'T\b")
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
    said = _plain(text)
    if not said:
        return Answer(None, "empty")
    if REFUSAL.match(said):
        return Answer(None, "refused")
    if words.answer == "yes-no":
        return _yes_or_no(said)
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
    return re.sub(r"[\s.,;:!?]+$", "", text).strip()


def _yes_or_no(said: str) -> Answer:
    if said in ("YES", "NO"):
        return Answer((said,), "exact")
    found = re.findall(r"\b(YES|NO)\b", said)
    if re.match(r"(YES|NO)\b\s*(/|OR|AND)\s*(YES|NO)\b", said):
        return Answer(None, "contradictory")
    first = re.match(r"(YES|NO)\b", said)
    if first:
        return Answer((first[1],), "extracted")
    if not found:
        return Answer(None, "unknown_label", 1)
    return Answer((found[0],), "extracted") if len(set(found)) == 1 else Answer(None, "contradictory")


def _one_label(said: str, words: Vocabulary) -> Answer:
    whole = _whole(said, words)
    if whole:
        label, is_alias = whole
        return Answer(_in_order({label}, words), "alias" if is_alias else "exact")
    named: set[str] = set()
    affirmed: set[str] = set()
    for sentence in re.split(r"[.;!?\n]", said):
        for label, start in _tokens(sentence, words):
            named.add(label)
            if not NEGATION.search(sentence[:start]):
                affirmed.add(label)
    if len(named) > 1:
        return Answer(None, "contradictory")
    if not affirmed:
        return Answer(None, "unknown_label", 1)
    return Answer(_in_order(affirmed, words), "extracted")


def _labels(said: str, words: Vocabulary) -> Answer:
    pieces = [piece.strip(" .:'") for piece in re.split(r"[,;\n]", said)]
    wholes = [_whole(piece, words) for piece in pieces if piece]
    if wholes and all(wholes) and len({one[0] for one in wholes if one}) == len(wholes):
        status = "alias" if any(one[1] for one in wholes if one) else "exact"
        return _of_set({one[0] for one in wholes if one}, status, 0, words)
    found: set[str] = set()
    n_unknown = 0
    for piece in re.split(r"[,;.\n]|\bAND\b", said):
        if not piece.strip():
            continue
        here = {label for label, _ in _tokens(piece, words)}
        if here and not NEGATION.search(piece):
            found |= here
        else:
            n_unknown += 1
    return _of_set(found, "extracted", n_unknown, words)


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
    key = _key(said)
    for spelling, label in _spellings(words):
        if _key(spelling) == key:
            return label, spelling != label
    return None


def _tokens(said: str, words: Vocabulary) -> list[tuple[str, int]]:
    """Every answer that stands in the text as a whole token, longest first, and where; DIFFUSE-LARGE is not DIFFUSE."""
    found: list[tuple[str, int]] = []
    for spelling, label in sorted(_spellings(words), key=lambda one: (-len(one[0]), one[0])):
        inside = r"[\s_-]+".join(re.escape(part) for part in re.split(r"[\s_-]+", spelling.upper()))
        pattern = re.compile(rf"(?<![A-Z0-9/-]){inside}(?![A-Z0-9/]|-[A-Z0-9])")
        for match in pattern.finditer(said):
            found.append((label, match.start()))
        said = pattern.sub(lambda match: "." * len(match[0]), said)
    return found


def _spellings(words: Vocabulary) -> list[tuple[str, str]]:
    own = [(one, one) for one in (*words.classes, *((words.none,) if words.none else ()))]
    return own + list(words.aliases.items())


def _key(text: str) -> str:
    return re.sub(r"[\s_-]+", "-", text.strip().upper())
