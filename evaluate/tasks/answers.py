"""From a reply to classes and a status: our reader, which reads every reply, and the paper's, which drops some.

What a model only thinks is no answer, nor is a class that it denies, supposes or asks about; where a reply can be meant
in two ways it has no answer. `Answer.taken` has the words that were read. Nothing but the standard library is used here
and in the files of `READER`: an exported lmms-eval task carries them along.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from evaluate.tasks.maps import data_of, listed, ticked, told_in
from evaluate.tasks.reply_words import (
    Answer,
    Mention,
    Vocabulary,
    in_order,
    mentions,
    sentences,
    spelled_alike,
    unmarked,
    whole,
)
from evaluate.tasks.spoken import spoken
from evaluate.tasks.stances import DENIES, EITHER, HEDGED, HELD, Stance, stances
from evaluate.tasks.yes_no import yes_no_of_data, yes_or_no

READABLE = ("exact", "alias", "extracted")
READING = 3  # raised when a reply starts to be read as something else
READER = ("spoken.py", "reply_words.py", "stances.py", "maps.py", "yes_no.py", "answers.py")
"""The files of the reader, each after those that it uses."""
REFUSAL = re.compile(
    r"^(?:I'?M SORRY|SORRY\b|I APOLOGI[SZ]E|AS AN AI\b|I CAN(?:NOT|'T| NOT)\b|I(?:'M| AM) (?:UNABLE|NOT ABLE)\b)"
)
STATED = re.compile(
    r"(?:\b(?:ANSWER|CLASS|CLASSIFICATION|LABEL|CATEGORY|TYPE|CONCLUSION|VERDICT|RESULT)(?:\s+[\w-]+){0,5}?\s*"
    r"(?:\bIS\b|\bWOULD BE\b|[:=])|^(?:THEREFORE|THUS|HENCE|SO|OVERALL|IN CONCLUSION|IN SUMMARY)\b)"
    r"[^.;]*$"
)
UNDECIDED = re.compile(
    r"\b(?:CAN'?T|CANNOT|CAN NOT|COULD NOT|COULDN'T|UNABLE TO|NOT ABLE TO|IMPOSSIBLE TO|HARD TO|"
    r"DIFFICULT TO|NOT ENOUGH TO)\s+(?:\w+\s+)?(?:TELL|SAY|DETERMINE|DECIDE|CLASSIFY|DISTINGUISH|KNOW|JUDGE)\b"
)
NOT_ONLY = re.compile(r"\bnot only\b", re.IGNORECASE)
# "None" as an answer, not before a noun.
NO_CLASS = re.compile(
    r"\s*(?:$|[.,;:!-])|\s+OF\s+(?:THE\s+|THESE\s+|THOSE\s+)?(?:ABOVE|THESE|THEM|LISTED|GIVEN|MENTIONED|PROVIDED|"
    r"SPECIFIED|DEFINED|THREE|FOUR|POSSIBLE|MORPHOLOGICAL|CLASSES|CATEGORIES|LABELS|OPTIONS)\b|"
    r"\s+(?:IS|ARE)\s+(?:VISIBLE|PRESENT|SEEN|RECOGNI|IDENTIF)|\s+(?:BECAUSE|SINCE|AS)\b"
)


def read_reply(text: str | None, finish_reason: str | None, benchmark: Any) -> Answer:
    """The answer in a reply; `benchmark` is a Benchmark or its Vocabulary. Never raises: every reply has a status."""
    words: Vocabulary = getattr(benchmark, "vocabulary", benchmark)
    if text is None:
        return Answer(None, "backend_error")
    if finish_reason in ("length", "content_filter"):
        return Answer(None, "truncated" if finish_reason == "length" else "refused")
    said = spoken(text)
    data = data_of(said)
    if words.answer == "yes-no" and isinstance(data, Mapping):
        found = yes_no_of_data(data, words)
        if found:
            return found
    told, inner = told_in(data, words)
    if told is not None:
        return _of_map({name: {held} for name, held in told.items()}, words)
    if inner is not None:  # not the form that was asked for, so never strict
        found = _read(inner, words)
        return replace(found, status="extracted") if found.labels is not None else found
    return _read(said, words)


def _read(text: str, words: Vocabulary) -> Answer:
    said = unmarked(ticked(text))
    if not said:
        return Answer(None, "empty")
    if REFUSAL.match(said.upper()):
        return Answer(None, "refused")
    if words.answer == "yes-no":
        return yes_or_no(said.upper(), words)
    return _classes(said, words)


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


# -- classes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Said:
    """What a sentence says of a class; `is_stated`: as the answer, `is_final`: as the last word."""

    at: int
    stance: Stance
    is_stated: bool
    is_final: bool


def _classes(said: str, words: Vocabulary) -> Answer:
    pieces = re.split(r"[,;\n]", said) if words.answer == "labels" else [said]
    pieces = [piece.strip(" .:'?") for piece in pieces if piece.strip(" .:'?")]
    wholes = [one for one in (whole(piece, words) for piece in pieces) if one]
    if len(wholes) == len(pieces) and len({label for label, _ in wholes}) == len(wholes):
        status = "alias" if any(is_alias for _, is_alias in wholes) else "exact"
        return _of_set({label for label, _ in wholes}, status, words, tuple(piece.upper() for piece in pieces))
    marks, rest, taken = listed(spelled_alike(said), words)
    if marks.keys() & {words.none} - {""}:
        return Answer(None, "contradictory")
    rest = NOT_ONLY.sub(" ", rest)
    every = _said(rest, words, bool(taken))
    if marks:
        return _of_map(marks, words, every, taken)
    return (_of_labels if words.answer == "labels" else _of_one)(every, rest, words)


def _said(text: str, words: Vocabulary, is_capital: bool) -> list[Said]:
    """What each sentence says of each class; where classes stand in capitals, the same words in small are none."""
    read = [(one, one.upper(), is_asked) for one, is_asked in sentences(text)]
    found = [[one for one in mentions(upper, words) if _is_class(upper, one, words)] for _, upper, _ in read]
    capital = [
        [len(cased) == len(upper) and cased[one.start : one.end] == upper[one.start : one.end] for one in some]
        for (cased, upper, _), some in zip(read, found, strict=True)
    ]
    is_capital = is_capital or any(any(some) for some in capital)
    every = list[Said]()
    for at, (_, upper, is_asked) in enumerate(read):
        kept = [
            one for one, is_big in zip(found[at], capital[at], strict=True)
            if is_big or not is_capital or not one.label.isalpha()
        ]  # fmt: skip
        is_whole = whole(upper, words) is not None
        for mention, stance in zip(kept, stances(upper, kept, is_asked), strict=True):
            stated = STATED.search(upper[: mention.start])
            is_final = "FINAL" in upper[: mention.start]
            every.append(Said(at, stance, is_whole or stated is not None, is_final))
    return every


def _is_class(sentence: str, one: Mention, words: Vocabulary) -> bool:
    """Whether "none" is an answer; other classes always are."""
    return one.label != words.none or NO_CLASS.match(sentence[one.end :]) is not None


def _that(every: Sequence[Said], says: str) -> set[str]:
    return {one.stance.label for one in every if one.stance.says == says}


def _of_one(every: Sequence[Said], text: str, words: Vocabulary) -> Answer:
    held, denied = [one for one in every if one.stance.says == HELD], _that(every, DENIES)
    stated = [one for one in held if one.is_stated]
    last = stated[-1] if stated else held[-1] if held else None
    if last is None:
        maybe = _that(every, HEDGED)
        others = {one.stance.label for one in every if one.stance.says != DENIES} - maybe
        if len(maybe) == 1 and not maybe & denied and not others and not UNDECIDED.search(text.upper()):
            return _taken(maybe, every, HEDGED, words)
        is_several = len({one.stance.label for one in every}) > 1
        return Answer(None, "contradictory") if is_several else Answer(None, "unknown_label", 1)
    if not last.is_stated and UNDECIDED.search(text.upper()):
        return Answer(None, "contradictory")
    label = last.stance.label
    rivals = [one for one in every if one.stance.label != label and one.stance.says in (HELD, HEDGED, EITHER)]
    if label in denied or any(_is_rival(one, last, bool(stated)) for one in rivals):
        return Answer(None, "contradictory")
    return _taken({label}, held, HELD, words)


def _is_rival(one: Said, last: Said, is_stated: bool) -> bool:
    """Whether another class stands against the last that is said: one said later or as firmly, unless this is final."""
    if one.at > last.at or (one.at == last.at and one.stance.says != HEDGED):
        return True
    if last.is_final and not one.is_final:
        return False
    if one.stance.says != HELD:
        return one.stance.says == EITHER and not is_stated
    return one.is_stated or not is_stated


def _of_labels(every: Sequence[Said], text: str, words: Vocabulary) -> Answer:
    found, denied, maybe = _that(every, HELD), _that(every, DENIES), _that(every, HEDGED)
    n_unknown = _n_unknown(text, found, words)
    if _that(every, EITHER) or found & denied or maybe & denied or (found and maybe - found):
        return Answer(None, "contradictory", n_unknown)
    if not found | maybe and denied >= set(words.classes) and words.none:
        return _taken(set(), every, DENIES, words)
    if words.none in found and len(found) > 1:
        return Answer(None, "contradictory", n_unknown)
    if not found | maybe:
        return Answer(None, "unknown_label", n_unknown)
    read = _taken(found or maybe, every, HELD if found else HEDGED, words)
    return replace(read, n_unknown=n_unknown)


def _n_unknown(text: str, found: set[str], words: Vocabulary) -> int:
    """Pieces between commas that name none of the classes that were read."""
    pieces = [piece for piece in re.split(r"[,;.!?\n]|\b(?:AND|BUT)\b", text.upper()) if re.search(r"\w", piece)]
    return sum(not ({one.label for one in mentions(piece, words)} & found) for piece in pieces)


def _of_map(
    marks: Mapping[str, set[bool]], words: Vocabulary, every: Sequence[Said] = (), taken: Sequence[str] = ()
) -> Answer:
    """Of classes that are each said to hold or not; what the text around them says must agree."""
    found = {name for name, held in marks.items() if True in held} | _that(every, HELD)
    denied = {name for name, held in marks.items() if False in held} | _that(every, DENIES)
    taken = taken or [f"{name}: {'YES' if True in held else 'NO'}" for name, held in marks.items()]
    maybe = _that(every, HEDGED) - found
    if found & denied or maybe or _that(every, EITHER):
        return Answer(None, "contradictory")
    if words.answer == "labels" and not found - {words.none} and words.none:
        is_none = denied >= set(words.classes) or words.none in found
        return Answer((), "extracted", 0, tuple(taken)) if is_none else Answer(None, "unknown_label", 1)
    if words.answer != "labels" and len(found) != 1:
        return Answer(None, "contradictory" if found else "unknown_label", len(marks))
    return _of_set(found, "extracted", words, tuple(taken))


def _taken(found: set[str], every: Sequence[Said], says: str, words: Vocabulary) -> Answer:
    """The answer, with the words for it as they stand in the reply."""
    read = [one.stance.words for one in every if one.stance.says == says and (not found or one.stance.label in found)]
    return _of_set(found, "extracted", words, tuple(dict.fromkeys(read)))


def _of_set(found: set[str], status: str, words: Vocabulary, taken: tuple[str, ...]) -> Answer:
    if words.none in found and len(found) > 1:
        return Answer(None, "contradictory")
    return Answer(in_order(found, words), status, 0, taken)
